"""The rows that the tests write. Each function gives a pyarrow table."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa

UTC = timezone.utc


def primitives():
    """Every primitive type of the protocol: ordinary values, extremes, and NULL in every column."""
    columns = [
        ("byte_v", pa.int8(), [1, -128, 127, None]),
        ("short_v", pa.int16(), [2, -(2**15), 2**15 - 1, None]),
        ("integer_v", pa.int32(), [3, -(2**31), 2**31 - 1, None]),
        ("long_v", pa.int64(), [9007199254740993, -(2**63), 2**63 - 1, None]),
        ("float_v", pa.float32(), [0.1, float("-inf"), 3.4028234663852886e38, None]),
        ("double_v", pa.float64(), [0.1, -1.7976931348623157e308, float("nan"), None]),
        ("boolean_v", pa.bool_(), [True, False, True, None]),
        ("string_v", pa.string(), ["text", "", "日本 \U0001f9f8\n\"'\\", None]),
        ("binary_v", pa.binary(), [b"\x00\xff", b"", b"bytes", None]),
        ("small_decimal", pa.decimal128(9, 2), ["12.50", "-9999999.99", "9999999.99", None]),
        ("middle_decimal", pa.decimal128(18, 6), ["0.000001", "-999999999999.999999", "1", None]),
        (
            "large_decimal",
            pa.decimal128(38, 10),
            ["1.0000000001", "-9999999999999999999999999999.9999999999", "9999999999999999999999999999.9999999999", None],
        ),
        ("date_v", pa.date32(), [date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31), None]),
        (
            "timestamp_v",
            pa.timestamp("us", "UTC"),
            [
                datetime(2024, 1, 31, 10, 0, 0, 123456, UTC),
                datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
                datetime(9999, 12, 31, 23, 59, 59, 999999, UTC),
                None,
            ],
        ),
        (
            "timestamp_ntz_v",
            pa.timestamp("us"),
            [datetime(2024, 3, 31, 2, 30), datetime(1582, 10, 4), datetime(9999, 12, 31, 23, 59, 59, 999999), None],
        ),
    ]
    return pa.table(
        [
            pa.array([value and Decimal(value) for value in values] if pa.types.is_decimal(of) else values, of)
            for _, of, values in columns
        ],
        names=[name for name, _, _ in columns],
    )


def nested():
    """Structs, lists and maps in each other; NULL and empty at every level."""
    point = pa.struct([("x", pa.int64()), ("y", pa.decimal128(10, 2))])
    return pa.table(
        {
            "id": pa.array([1, 2, 3, 4], pa.int64()),
            "point": pa.array(
                [{"x": 9007199254740993, "y": Decimal("1.50")}, {"x": None, "y": Decimal("0.00")}, None, {"x": 1, "y": None}],
                point,
            ),
            "tags": pa.array([["a", None, "b"], [], None, ["c"]], pa.list_(pa.string())),
            "amounts": pa.array([[("k", 1), ("l", None)], [], None, [("m", 2**62)]], pa.map_(pa.string(), pa.int64())),
            "path": pa.array([[{"x": 1, "y": Decimal("2.25")}, None], [], None, [{"x": None, "y": None}]], pa.list_(point)),
            "deep": pa.array(
                [
                    {"inner": {"days": [date(2024, 1, 1)], "by_day": [(date(2024, 1, 1), [1.5, None])]}},
                    {"inner": {"days": [], "by_day": []}},
                    {"inner": None},
                    None,
                ],
                pa.struct(
                    [
                        (
                            "inner",
                            pa.struct(
                                [
                                    ("days", pa.list_(pa.date32())),
                                    ("by_day", pa.map_(pa.date32(), pa.list_(pa.float64()))),
                                ]
                            ),
                        )
                    ]
                ),
            ),
        }
    )


def names():
    """Column names that need quoting somewhere."""
    names = ["plain", "MixedCase", "dot.ted", "quo\"ted", "apo'strophe", "back`tick", "größe", "日本", "select", "per%cent", "a-b"]
    return pa.table([pa.array([index, -index, None], pa.int64()) for index in range(len(names))], names=names)


def spaced_names():
    """Column names with spaces."""
    return pa.table({"with space": pa.array([1, 2], pa.int64()), " edge ": pa.array(["a", "b"])})


PARTITION_TEXTS = [
    None,
    "",
    " ",
    "a b",
    "a/b",
    "a\\b",
    "100%",
    "50%25",
    "ü日本\U0001f9f8",
    "k=v",
    "10:30",
    "x+y",
    "#?&;",
    "it's \"quoted\"",
    "..",
    "{a}[b]*",
    "tab\tand\nline",
    "NULL",
    "__HIVE_DEFAULT_PARTITION__x",
]


def partition_texts():
    """A string column to partition by; every value has two rows."""
    return pa.table(
        {
            "id": pa.array(range(2 * len(PARTITION_TEXTS)), pa.int64()),
            "part": pa.array([text for text in PARTITION_TEXTS for _ in range(2)], pa.string()),
        }
    )


def partition_types():
    """Columns of other types to partition by, NULLs among them."""
    return pa.table(
        {
            "id": pa.array([1, 2, 3, 4, 5], pa.int64()),
            "integer_p": pa.array([1, -5, 1, None, 2**31 - 1], pa.int32()),
            "long_p": pa.array([9007199254740993, -(2**63), 9007199254740993, None, 0], pa.int64()),
            "date_p": pa.array([date(2024, 2, 29), date(1, 1, 1), date(2024, 2, 29), None, date(9999, 12, 31)]),
            "timestamp_p": pa.array(
                [
                    datetime(2024, 1, 31, 10, 0, 0, 123456, UTC),
                    datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
                    datetime(2024, 1, 31, 10, 0, 0, 123456, UTC),
                    None,
                    datetime(2024, 1, 31, tzinfo=UTC),
                ],
                pa.timestamp("us", "UTC"),
            ),
            "decimal_p": pa.array(
                [Decimal("1.50"), Decimal("99999999.99"), Decimal("1.50"), None, Decimal("0.00")], pa.decimal128(10, 2)
            ),
            "boolean_p": pa.array([True, False, True, None, True]),
        }
    )


def negative_decimals():
    return pa.table(
        {
            "id": pa.array([1, 2], pa.int64()),
            "part": pa.array([Decimal("-99999999.99"), Decimal("-0.50")], pa.decimal128(10, 2)),
        }
    )


def numbers(first, count):
    """`count` rows from `first` on, each with a text and a day that follow from its number."""
    ids = range(first, first + count)
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "text": pa.array([f"row {id}" for id in ids]),
            "day": pa.array([date(2024, 1, 1) + timedelta(days=id % 7) for id in ids]),
        }
    )


def wider_numbers(first, count):
    """The rows of `numbers` without their day and with columns that `numbers` lacks."""
    table = numbers(first, count).drop_columns(["day"])
    more = pa.array([{"half": id / 2} for id in range(first, first + count)], pa.struct([("half", pa.float64())]))
    return table.append_column("more", more)


def dataset(spec):
    """`{"name": "numbers", "first": 0, "count": 10}` or `{"name": "nested"}` as a table."""
    arguments = {key: value for key, value in spec.items() if key != "name"}
    return globals()[spec["name"]](**arguments)

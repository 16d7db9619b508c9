"""Writes Avro files of every type with fastavro, one a codec, into a folder; beside them what they hold.

    write_avro.py FOLDER

fastavro-CODEC.avro are the files, expected.jsonl the rows as a table shows them.
"""

import json
import struct
import sys
import uuid
from datetime import datetime, time, timedelta, timezone
from decimal import Context, Decimal
from pathlib import Path

import fastavro

CODECS = ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"]
MARKER = b"grizzly-fixtures"
# Small, so that the rows are in several blocks.
BLOCK_BYTES = 700


def logical(base, name, **more):
    return {"type": base, "logicalType": name, **more}


def fixed(name, size, **more):
    return {"type": "fixed", "name": name, "size": size, **more}


def record(name, *fields):
    return {"type": "record", "name": name, "fields": [{"name": key, "type": kind} for key, kind in fields]}


TYPES = {
    "boolean": "boolean",
    "int": "int",
    "long": "long",
    "float": "float",
    "double": "double",
    "bytes": "bytes",
    "string": "string",
    "fixed": fixed("Five", 5),
    "enum": {"type": "enum", "name": "Suit", "symbols": ["SPADES", "HEARTS", "DIAMONDS", "CLUBS"]},
    "longs": {"type": "array", "items": "long"},
    "texts": {"type": "array", "items": ["null", "string"]},
    "table": {"type": "array", "items": {"type": "array", "items": "int"}},
    "counts": {"type": "map", "values": "long"},
    "shapes": {"type": "map", "values": record("Shape", ("sides", "int"), ("area", ["null", "double"]))},
    "point": record("Point", ("x", "double"), ("y", "double"), ("next", record("Label", ("text", "string")))),
    "maybe_long": ["null", "long"],
    "maybe_text": ["string", "null"],
    "maybe_point": ["null", "Point"],
    "maybe_list": ["null", {"type": "array", "items": "long"}],
    "number": ["int", "long"],
    "real": ["null", "float", "double"],
    "either": ["null", "string", "long", "Point"],
    "date": logical("int", "date"),
    "time_millis": logical("int", "time-millis"),
    "time_micros": logical("long", "time-micros"),
    "millis": logical("long", "timestamp-millis"),
    "micros": logical("long", "timestamp-micros"),
    "nanos": logical("long", "timestamp-nanos"),
    "local_millis": logical("long", "local-timestamp-millis"),
    "local_micros": logical("long", "local-timestamp-micros"),
    "local_nanos": logical("long", "local-timestamp-nanos"),
    "small_decimal": logical("bytes", "decimal", precision=9, scale=2),
    "large_decimal": logical("bytes", "decimal", precision=38, scale=10),
    "fixed_decimal": fixed("Money", 16, logicalType="decimal", precision=38, scale=4),
    "maybe_decimal": ["null", logical("bytes", "decimal", precision=18, scale=6)],
    "uuid": logical("string", "uuid"),
    "fixed_uuid": fixed("Id", 16, logicalType="uuid"),
    "duration": fixed("Span", 12, logicalType="duration"),
    "tree": record("Tree", ("value", "long"), ("children", {"type": "array", "items": "Tree"})),
}
SCHEMA = {"type": "record", "name": "Everything", "namespace": "fixtures.avro", "fields": []}
SCHEMA["fields"] = [{"name": name, "type": kind} for name, kind in TYPES.items()]

LONGS = [0, 1, -1, 63, -64, 64, 2**31, -(2**31), 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]
TEXTS = ["", "a", "twelve bytes", "thirteen byte", "é", "日本語", "🐻 grizzly", "line\nbreak", "x" * 300]
UTC = timezone.utc


def row(index):
    """A row of values as Python has them, but for those that it has no type for: they are numbers or bytes."""
    number = LONGS[index % len(LONGS)]
    text = TEXTS[index % len(TEXTS)]
    moment = datetime(1970, 1, 1) + timedelta(days=(index - 6) * 9999, microseconds=index * 123456)
    whole_millis = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    point = {"x": index / 8, "y": -1e300 * index, "next": {"text": text}}
    digits = 10**38 - 1 - index
    return {
        "boolean": index % 2 == 0,
        "int": [0, -1, 2**31 - 1, -(2**31), 100 * index][index % 5],
        "long": number,
        "float": [0.5, -1.25, 3.4028234663852886e38, 1.401298464324817e-45][index % 4],
        "double": [0.1, -1e-300, 1.7976931348623157e308, 5e-324][index % 4],
        "bytes": bytes(range(index * 20 % 256)),
        "string": text,
        "fixed": bytes([index, 0, 255, 127, 128]),
        "enum": ["SPADES", "HEARTS", "DIAMONDS", "CLUBS"][index % 4],
        "longs": LONGS[: index % 13],
        "texts": [None if place % 3 == 1 else TEXTS[place % 9] for place in range(index % 7)],
        "table": [list(range(place)) for place in range(index % 4)],
        "counts": {f"key {place}": LONGS[place] for place in range(index % 5)},
        "shapes": {f"shape {place}": {"sides": place, "area": place / 4 or None} for place in range(index % 3)},
        "point": point,
        "maybe_long": None if index % 3 == 0 else number,
        "maybe_text": None if index % 4 == 1 else text,
        "maybe_point": None if index % 2 else point,
        "maybe_list": None if index % 2 else LONGS[: index % 4],
        "number": index if index % 2 else 2**40 + index,
        "real": None if index % 3 == 0 else index / 2,
        "either": [None, text, number, point][index % 4],
        "date": moment.date(),
        "time_millis": whole_millis.time(),
        "time_micros": [time(0), time(23, 59, 59, 999999), moment.time()][index % 3],
        "millis": whole_millis.replace(tzinfo=UTC),
        "micros": moment.replace(tzinfo=UTC),
        "nanos": LONGS[index % len(LONGS)],
        "local_millis": whole_millis,
        "local_micros": moment,
        "local_nanos": LONGS[(index + 5) % len(LONGS)],
        "small_decimal": Decimal(index * 12345 - 54321).scaleb(-2),
        "large_decimal": Decimal(digits if index % 2 else -digits).scaleb(-10, Context(prec=40)),
        "fixed_decimal": Decimal(-digits if index % 2 else digits).scaleb(-4, Context(prec=40)),
        "maybe_decimal": None if index % 3 else Decimal(index).scaleb(-6),
        "uuid": uuid.UUID(int=index * 0x1234567890ABCDEF1234567890ABCD),
        "fixed_uuid": uuid.UUID(int=2**128 - 1 - index).bytes,
        "duration": struct.pack("<III", index, 2**32 - 1, index * 1000),
        "tree": {"value": number, "children": [{"value": index, "children": []}] * (index % 3)},
    }


def fraction(micros):
    """Behind the second, as short as it can be."""
    return f".{micros:06}".rstrip("0").rstrip(".")


def of_time(value):
    return f"{value:%H:%M:%S}{fraction(value.microsecond)}"


def of_moment(value, local):
    return f"{value:%Y-%m-%d}{' ' if local else 'T'}{of_time(value)}{'' if local else 'Z'}"


def of_nanos(value, local):
    return of_moment(datetime(1970, 1, 1) + timedelta(microseconds=value // 1000), local)


def of_tree(value):
    return {"value": value["value"], "children": [of_tree(child) for child in value["children"]]}


def expected(name, value):
    """A value as a table shows it: bytes hexadecimal, numbers and texts as they are."""
    if value is None:
        return None
    if name in ("bytes", "fixed"):
        return value.hex()
    if name == "either":
        place = {str: 0, int: 1, dict: 2}[type(value)]
        return {f"member{other}": value if other == place else None for other in range(3)}
    if name == "date":
        return value.isoformat()
    if name in ("time_millis", "time_micros"):
        return of_time(value)
    if name in ("millis", "micros", "local_millis", "local_micros"):
        return of_moment(value, name.startswith("local"))
    if name in ("nanos", "local_nanos"):
        return of_nanos(value, name.startswith("local"))
    if isinstance(value, Decimal):
        return f"{value:f}"
    if name == "fixed_uuid":
        return str(uuid.UUID(bytes=value))
    if name == "uuid":
        return str(value)
    if name == "duration":
        return dict(zip(("months", "days", "milliseconds"), struct.unpack("<III", value)))
    if name == "tree":
        return json.dumps(of_tree(value), separators=(",", ":"))
    return value


def main(folder):
    rows = [row(index) for index in range(24)]
    for codec in CODECS:
        with open(folder / f"fastavro-{codec}.avro", "wb") as file:
            fastavro.writer(file, SCHEMA, rows, codec=codec, sync_interval=BLOCK_BYTES, sync_marker=MARKER)
    shown = [{name: expected(name, value) for name, value in values.items()} for values in rows]
    lines = [json.dumps(values, ensure_ascii=False, separators=(",", ":")) for values in shown]
    (folder / "expected.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

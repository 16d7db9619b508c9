"""Writes expression-by-spark.jsonl: what Spark gives for expressions over rows of unusual values.

    .venv/bin/python test/table-format/expression-by-spark.py

needs the environment that scripts/interop.mjs makes. A line is a column with its values, or an expression
over that column with its type and its results as text: null for NULL, false where Spark raises an error.
"""

import json
import random
from pathlib import Path

from pyspark.sql import SparkSession

random.seed(7)

BATCH = 12

STRINGS = [
    "", "a", "abc", " abc ", "ABC", "a€😀b", "Grizzly", "a_b", "a%b", "a\\b", "50%", "x\ty", "\t42\n", " 42", "+42",
    "-42", "--4", "4 2", "42.", "42.0", ".5", "-.5", "1e3", "1E-2", "1e", "0x10", "1_000", "NaN", "inf", "-Infinity",
    "1d", "true", "T", "yes", "N", "0", "2", "off", "2024-02-29", "2024-2-9", "2024-02-30", "2024", "2024-02-29 ",
    "2024-02-29T", "2024-02-29 10:11:12", "2024-02-29T10:11:12.5", "2024-02-29 10:11:12.123456",
    "2024-02-29 10:11:12Z", "2024-02-29 10:11:12+02:00", "2024-02-29 24:00:00", "0001-01-01", "9999-12-31", "now",
    "128", "-128", "-129", "2147483648", "9223372036854775807", "9223372036854775808", "0.005", "1.005", "-1.005",
    "12.345", "é", "ß", "İ", "ΑΣ", "ﬁ", "a\nb", "a\r\nb", "line\n", "\u00a0x\u00a0", "tab\x0bv", "z\u0085z", "'q'", None,
]  # fmt: skip
STRING_TYPES = ["tinyint", "bigint", "double", "boolean", "date", "timestamp", "timestamp_ntz", "decimal(10,2)"]
LIKES = ["a%", "%b", "_b%", "a\\\\_b", "a\\\\%b", "%\\\\\\\\%", "", "___", "%\\n%"]
REGEXES = [
    "^a", "b$", "^$", "a.b", "^.$", "[a-c]+$", "^[^a]", "\\\\d+", "^\\\\s", "\\\\S+$", "\\\\w\\\\W",
    "^\\\\d{4}-\\\\d{2}-\\\\d{2}$", "(a|G)", "(?:a|ab)c", "^.*$", "^a.*b$", "x?y*", "[.$]", "[a\\\\-b]", "a{1,2}",
    "^a+?", "$", "[\\\\s]x", "[^\\\\d]$", "e\\\\n", "line$", "[+-]?\\\\d+",
]  # fmt: skip
DATES = [
    "0002-01-01", "0400-02-29", "1582-10-04", "1582-10-15", "1969-12-31", "1970-01-01", "2000-02-29", "2019-12-30",
    "2021-01-03", "2021-01-04", "2023-02-28", "2024-01-31", "2024-02-29", "2024-03-31", "2024-12-29", "9990-12-31",
    *[f"{random.randint(2, 9990):04}-{random.randint(1, 12):02}-{random.randint(1, 28):02}" for _ in range(12)], None,
]  # fmt: skip
DAYS = ["0002-01-02", "1582-10-10", "1900-01-01", "1969-12-31", "2024-02-29", "2038-01-19", "9990-12-31"]
TIMES = ["00:00:00", "23:59:59.999999", "12:34:56.000001", "01:02:03.5", "12:00:00"]
DATE_PARTS = "year quarter month day dayofyear dayofweek weekday weekofyear last_day hour unix_timestamp".split()
TIME_PARTS = "year month day dayofweek hour minute second unix_timestamp to_date date last_day".split()
UNITS = ["YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND"]

# Column, its Spark and DuckDB types, its values, expressions over it.
COLUMNS = [
    ("s", "STRING", "VARCHAR", STRINGS, [
        *[f"TRY_CAST(s AS {type})" for type in STRING_TYPES],
        *[f"substring(s, {start}, {count})" for start in range(-6, 7, 2) for count in (-1, 0, 1, 5)],
        *[f"substring(s, {start})" for start in range(-4, 5, 2)],
        *[f"{name}(s, {count})" for name in ("left", "right") for count in (-1, 0, 2, 9)],
        *[f"s {word} '{pattern}'" for pattern in LIKES for word in ("LIKE", "ILIKE")],
        *[f"s RLIKE '{pattern}'" for pattern in REGEXES],
        "regexp_extract(s, '(\\\\d+)', 1)", "regexp_extract(s, '(\\\\d+)-(\\\\d+)', 2)",
        "regexp_extract(s, '(a)?b', 1)", "regexp_extract(s, '[A-Z]', 0)", "length(s)", "trim(s)", "ltrim(s)", "rtrim(s)",
        "trim(BOTH 'a ' FROM s)", "lower(s)", "upper(s)", "lpad(s, 5, 'xy')", "rpad(s, 5, 'xy')", "lpad(s, 2, 'xy')",
        "lpad(s, 0, 'x')", "instr(s, 'b')", "instr(s, '')", "replace(s, 'b', 'ZZ')", "replace(s, '', 'Z')",
        "startswith(s, 'a')", "endswith(s, 'b')", "contains(s, '')", "concat(s, '|', s)", "concat_ws('|', s, 'x', s)",
        "md5(s)", "sha2(s, 256)", "sha1(s)", "s = 'abc'", "s < 'a€'", "s >= 'G'", "s <=> NULL", "s IN ('a', 'abc')",
        "s BETWEEN 'a' AND 'b'", "nullif(s, 'a')", "coalesce(s, 'none')", "CAST(s AS BINARY)", "greatest(s, 'b')",
    ]),
    ("d", "DATE", "DATE", DATES, [
        *[f"{part}(d)" for part in DATE_PARTS],
        *[f"trunc(d, '{unit}')" for unit in ("YEAR", "QUARTER", "MM", "WEEK")],
        *[f"date_trunc('{unit}', d)" for unit in UNITS[:6]],
        *[f"date_format(d, '{pattern}')" for pattern in ("yyyy-MM-dd", "yy/M/d", "EEE, d MMM yyyy", "EEEE MMMM", "h a")],
        *[f"add_months(d, {count})" for count in (-13, -1, 0, 1, 12)],
        "date_add(d, -400)", "datediff(d, DATE'2000-01-01')", "CAST(d AS STRING)", "CAST(d AS TIMESTAMP)",
        "CAST(d AS TIMESTAMP_NTZ)", "d > '2000-02-28'", "d + 1", "d - 1", "d + INTERVAL 1 MONTH", "d - INTERVAL 2 YEARS",
        "d = TIMESTAMP'2024-02-29 00:00:00'", "d < TIMESTAMP_NTZ'2024-02-29 01:00:00'",
    ]),
    ("t", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", [f"{day} {time}" for day in DAYS for time in TIMES] + [None], [
        *[f"{part}(t)" for part in TIME_PARTS],
        *[f"date_trunc('{unit}', t)" for unit in UNITS],
        *[f"date_format(t, '{pattern}')" for pattern in ("yyyy-MM-dd HH:mm:ss", "hh:mm a", "SSSSSS", "h:m:s")],
        "CAST(t AS STRING)", "CAST(t AS DATE)", "CAST(t AS TIMESTAMP_NTZ)", "CAST(t AS BIGINT)", "t + INTERVAL 1 MONTH",
        "t - INTERVAL 36 HOURS", "t > '2000-01-01'", "t > DATE'2000-01-01'", "from_unixtime(CAST(t AS BIGINT))",
    ]),
    ("i", "INT", "INTEGER", [0, 1, -1, 2, -2, 7, -7, 100, 127, -128, 128, 65536, 2147483647, -2147483648, None], [
        "i + 1", "i - 1", "i * 2", "i / 3", "i % 3", "i % -3", "i div 3", "pmod(i, 3)", "pmod(i, -3)", "-i", "abs(i)",
        "~i", "i & 6", "i | 6", "i ^ 6", "CAST(i AS TINYINT)", "CAST(i AS DECIMAL(5,2))", "CAST(i AS STRING)",
        "CAST(i AS BOOLEAN)", "CAST(i AS TIMESTAMP)", "i < 1.5", "i > 1.5D", "i IN (1, 2, NULL)", "i NOT IN (1, 2, NULL)",
        "i BETWEEN -2 AND 7", "ceil(i)", "round(i, 2)", "least(i, 1.5)", "coalesce(i, 1.5)", "nvl2(i, 1, 2)",
        "i <> 0 AND 10 / i > 1", "i = 0 OR 10 / i > 1", "i > 0 AND NULL", "i > 0 OR NULL", "i > 0 IS NULL",
        "CASE WHEN i > 0 THEN 1 WHEN i < 0 THEN 2.5 END", "i * 1.1", "1 / i", "10 % i", "i div 0", "timestamp_millis(i)",
    ]),
    ("f", "DOUBLE", "DOUBLE", ["0.0", "-0.0", "0.5", "-0.5", "1.5", "2.5", "-2.5", "1e10", "0.1", "1.005", "NaN",
                               "Infinity", "-Infinity", None], [
        "f + 1", "f * 2", "f / 3", "f % 2", "abs(f)", "round(f)", "CAST(f AS INT)", "CAST(f AS BOOLEAN)", "f = f",
        "f > 1", "f = 0", "f <=> double('NaN')", "isnan(f)", "greatest(f, 1D)", "f IN (0.5D, 2.5D)", "pmod(f, 2D)",
        "f > 1.5", "f = CAST(0.1 AS FLOAT)", "nullif(f, 0D)",
    ]),
    ("c", "DECIMAL(10,2)", "DECIMAL(10,2)", ["0.00", "0.01", "-0.01", "0.05", "1.25", "-1.25", "1.35", "2.50",
                                             "99999999.99", "-99999999.99", "12.34", None], [
        "c + 1", "c / 3", "c / 100", "c / 7.5", "c / -0.03", "1 / c", "c / 1000000L", "c / 1.5D", "c - 0.005", "c * c", "c * 1.10", "c * 1Y", "c + 1S", "-c", "abs(c)", "ceil(c)", "floor(c)", "round(c)",
        "round(c, 1)", "round(c, 5)", "CAST(c AS INT)", "CAST(c AS DECIMAL(5,1))", "CAST(c AS DOUBLE)",
        "CAST(c AS STRING)", "CAST(c AS BOOLEAN)", "c > 1.245", "c < 1.25D", "c IN (1.25, 2)", "greatest(c, 1.255)",
        "coalesce(c, 1)", "c + 1L", "CAST(CAST(c AS DECIMAL(2,2)) AS STRING)", "if(c > 0, c, 0)", "c || ''",
    ]),
]  # fmt: skip


def main() -> None:
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    lines: list[dict] = []
    for column, spark_type, engine_type, values, expressions in COLUMNS:
        lines.append({"column": column, "engineType": engine_type, "values": values})
        rows = [(n, None if v is None else str(v)) for n, v in enumerate(values)]
        given = spark.createDataFrame(rows, "n INT, x STRING").selectExpr("n", f"CAST(x AS {spark_type}) AS {column}")
        # Not literals, which the optimizer would evaluate at once.
        given.localCheckpoint().createOrReplaceTempView("given")
        for start in range(0, len(expressions), BATCH):
            lines += evaluate(spark, column, expressions[start : start + BATCH])
    target = Path(__file__).with_suffix(".jsonl")
    target.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    spark.stop()


def evaluate(spark: SparkSession, column: str, expressions: list[str]) -> list[dict]:
    """All of them at once; one by one when one fails, and then row by row."""
    selected = ", ".join(f"{expression} AS v{k}" for k, expression in enumerate(expressions))
    query = spark.sql(f"SELECT n, {selected} FROM given")
    types = [query.schema[f"v{k}"].dataType.simpleString() for k in range(len(expressions))]
    texts = [f"hex(v{k})" if type == "binary" else f"CAST(v{k} AS STRING)" for k, type in enumerate(types)]

    def lists(rows: str) -> list[list]:
        found = query.where(rows).orderBy("n").selectExpr(*[f"{text} AS v{k}" for k, text in enumerate(texts)]).collect()
        return [[row[k] for row in found] for k in range(len(expressions))]

    try:
        results = lists("true")
    except Exception:
        if len(expressions) > 1:
            return [line for expression in expressions for line in evaluate(spark, column, [expression])]
        results = [[one(lists, n) for n in range(spark.table("given").count())]]
    return [
        {"column": column, "expression": expression, "type": types[k], "results": results[k]}
        for k, expression in enumerate(expressions)
    ]


def one(lists, n: int) -> object:
    try:
        return lists(f"n = {n}")[0][0]
    except Exception:
        return False


if __name__ == "__main__":
    main()

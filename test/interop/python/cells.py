"""Rows as JSON that loses nothing: the same form that test/interop/cells.ts gives the rows of our reader."""

import json
import math
import os
import sys
from datetime import date, datetime
from decimal import Decimal


def cell(value):
    """Whole numbers and decimals are text with every digit, bytes are hexadecimal, a map is a list of pairs."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, dict):
        return {name: cell(field) for name, field in value.items()}
    if isinstance(value, (list, tuple)):
        return [cell(item) for item in value]
    raise TypeError(f"no cell for {type(value)}")


def instant(value):
    """A wall clock as 2024-01-31 10:00:00.5, an instant as 2024-01-31T10:00:00.5Z."""
    text = value.replace(tzinfo=None).isoformat(sep=" " if value.tzinfo is None else "T")
    if "." in text:
        text = text.rstrip("0")
    if value.tzinfo is None:
        return text
    if value.utcoffset().total_seconds() != 0:
        raise ValueError(f"{value} is not in UTC")
    return f"{text}Z"


def relation(table):
    """A pyarrow table as its column names and its rows."""
    columns = [column.to_pylist() for column in table.columns]
    return {
        "columns": table.column_names,
        "rows": [[cell(value) for value in row] for row in zip(*columns)],
    }


def main(work):
    """Runs `work` with the JSON of the first argument and prints its result, or the error, as JSON."""
    try:
        answer = {"result": work(json.loads(sys.argv[1]))}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
    # The threads of delta-rs and pyarrow may abort an orderly exit; there is nothing left to put in order.
    os._exit(0)

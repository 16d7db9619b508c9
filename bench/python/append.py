"""append.py TABLE WRITER COUNT: appends COUNT rows, each in a commit of its own, once told to go."""

import json
import sys
import time

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake

table, writer, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
schema = pa.schema([("id", pa.int64()), ("writer", pa.int64()), ("name", pa.string())])
# Eight writers at once lose many races: as many retries as it takes.
properties = CommitProperties(max_commit_retries=10_000)

print("ready", flush=True)
sys.stdin.readline()
start = time.perf_counter()
for number in range(count):
    row = pa.table({"id": [writer * 1_000_000 + number], "writer": [writer], "name": [f"row {number}"]}, schema=schema)
    write_deltalake(table, row, mode="append", commit_properties=properties)
print(json.dumps({"ms": (time.perf_counter() - start) * 1000}))

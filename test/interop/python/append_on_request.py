"""Appends with delta-rs whenever it is asked: one commit a line of standard input, one line of JSON in answer.

A line is `{"path": ..., "dataset": ...}`; the answer is `{"result": VERSION}`, the newest version then, or
`{"error": ...}`. Says `{"result": -1}` first, when it is ready.
"""

import json
import os
import sys

from deltalake import DeltaTable, write_deltalake

from datasets import dataset


def append(request):
    write_deltalake(request["path"], dataset(request["dataset"]), mode="append")
    return DeltaTable(request["path"]).version()


def answer(value):
    print(json.dumps(value), flush=True)


answer({"result": -1})
for line in sys.stdin:
    try:
        answer({"result": append(json.loads(line))})
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {error}"})
# The threads of delta-rs may abort an orderly exit; there is nothing left to put in order.
os._exit(0)

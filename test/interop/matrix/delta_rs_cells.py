"""Runs the cells of delta-rs: a list of tasks, each a folder and what to do there. A refusal of one ends only that one."""

import importlib.metadata
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
from deltalake import DeltaTable, write_deltalake

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))
from cells import main, relation


def read(task):
    table = DeltaTable(task["path"])
    return {
        "schema": json.loads(table.schema().to_json()),
        "history": [[str(entry["version"]), entry["operation"]] for entry in table.history()],
        "rows": relation(pa.table(table.scan())),
        "accepted": [],
        "earlier": relation(pa.table(DeltaTable(task["path"], version=1).scan())) if task.get("earlier") else None,
    }


def append(task, source):
    write_deltalake(task["path"], parquet.read_table(source), mode="append")


def accepted(what, work):
    """What was done, in a list, unless it is refused."""
    try:
        work()
    except Exception:
        return []
    return [what]


def go_on(task):
    append(task, task["source"])
    done = []
    for source in task["forbidden"]:
        done += accepted("append", lambda: append(task, source))
    if task["deletes"]:
        DeltaTable(task["path"]).delete("id = 1")
    else:
        done += accepted("delete", lambda: DeltaTable(task["path"]).delete("id = 1"))
    return {**read(task), "accepted": done}


def create(task):
    options = {name: task[key] for name, key in [("partition_by", "partitionBy"), ("configuration", "configuration")] if key in task}
    write_deltalake(task["path"], parquet.read_table(task["source"]), **options)
    append(task, task["later"])
    if task["deletes"]:
        DeltaTable(task["path"]).delete("id % 5 = 0")
    if task.get("checkpoint"):
        DeltaTable(task["path"]).create_checkpoint()
    if task.get("compactLog"):
        DeltaTable(task["path"]).compact_logs(0, 2)
    return read(task)


TASKS = {"read": read, "go-on": go_on, "create": create}


def answer(task):
    try:
        return {"result": TASKS[task["do"]](task)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def work(arguments):
    version = importlib.metadata.version
    return {
        "versions": {name: version(name) for name in ("pyspark", "delta-spark", "deltalake")},
        "answers": [answer(task) for task in arguments["tasks"]],
    }


main(work)

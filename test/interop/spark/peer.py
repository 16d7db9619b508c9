"""Spark as a peer: one session that answers requests, one JSON object a line, until its input ends.

A request is {"id", "op", ...}; its answer {"id", "result"}, or {"id", "error": {"class", "condition", "message"}} when
Spark refuses, or {"id", "fault"} when this program fails.
The first line that is written is the answer {"id": 0, "result": {"spark", "delta"}}, with their versions. process.ts
speaks to it.
"""

import importlib.metadata
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))
sys.path.insert(0, str(Path(__file__).parent))

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException

import session
from cells import relation

# What is not an answer must not reach the answers' pipe.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def sql(spark, request):
    """Runs `statements` in order. Gives the columns and rows of the last one (of each, as `all`)."""
    relations = [relation(spark.sql(statement).toArrow()) for statement in request["statements"]]
    return {**relations[-1], "all": relations}


def read(spark, request):
    """Writes the rows of `query` as one plain Parquet file into the folder `into`. Gives Spark's schema."""
    with_configuration(spark, {"spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS"}, lambda: write_rows(spark, request))
    return {"schema": spark.sql(request["query"]).schema.jsonValue()}


def write_rows(spark, request):
    spark.sql(request["query"]).coalesce(1).write.mode("overwrite").parquet(request["into"])


def write(spark, request):
    """Writes the rows of `query`, or of the Parquet files `source`, to the Delta table at `path` by a DataFrame."""
    frame = spark.read.parquet(request["source"]) if "source" in request else spark.sql(request["query"])
    if "partitions" in request:
        frame = frame.repartition(request["partitions"])
    writer = frame.write.format("delta").mode(request.get("mode", "append"))
    for name, value in request.get("options", {}).items():
        writer = writer.option(name, value)
    if "partitionBy" in request:
        writer = writer.partitionBy(*request["partitionBy"])
    writer.save(request["path"])
    return None


def configure(spark, request):
    """Sets configuration entries of the session; one whose value is null goes back to its default."""
    for name, value in request["entries"].items():
        if value is None:
            spark.conf.unset(name)
        else:
            spark.conf.set(name, value)
    return None


def with_configuration(spark, entries, work):
    before = {name: spark.conf.get(name, None) for name in entries}
    configure(spark, {"entries": entries})
    try:
        return work()
    finally:
        configure(spark, {"entries": before})


OPERATIONS = {"sql": sql, "read": read, "write": write, "configure": configure}


def answer(spark, request):
    operation = OPERATIONS[request["op"]]
    return with_configuration(spark, request.get("with", {}), lambda: operation(spark, request))


def told(error):
    """Spark's refusal: the class, the error condition where there is one, and the message without a stack."""
    if isinstance(error, Py4JJavaError):
        return thrown_by_java(error.java_exception)
    message = str(error).split("\n\nJVM stacktrace:")[0]
    return {"class": type(error).__name__, "condition": error.getCondition(), "message": message}


def thrown_by_java(thrown):
    """A failed task is told by what made it fail."""
    while thrown.getCause() is not None and thrown.getClass().getName() == "org.apache.spark.SparkException":
        thrown = thrown.getCause()
    try:
        condition = thrown.getCondition()
    except Py4JError:
        condition = None
    return {"class": thrown.getClass().getName(), "condition": condition, "message": str(thrown.getMessage())}


def send(line):
    answers.write(json.dumps(line) + "\n")
    answers.flush()


def main():
    with tempfile.TemporaryDirectory(prefix="grizzly-spark-") as scratch:
        os.chdir(scratch)
        spark = session.start(scratch)
        send({"id": 0, "result": {"spark": spark.version, "delta": importlib.metadata.version("delta_spark")}})
        for line in sys.stdin:
            request = json.loads(line)
            try:
                send({"id": request["id"], "result": answer(spark, request)})
            except (Py4JJavaError, PySparkException) as error:
                send({"id": request["id"], "error": told(error)})
            except Exception:
                send({"id": request["id"], "fault": traceback.format_exc()})
        spark.stop()
        os.chdir("/")


main()

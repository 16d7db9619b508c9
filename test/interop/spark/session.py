"""The Spark session of the interop suite and of the fixture scripts: local, small, UTC, Delta, files and s3a.

Run as a program, it fetches the jars of Delta and of s3a from Maven Central into the virtual environment, once.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pyspark
from delta import configure_spark_with_delta_pip
from pyspark.sql import SparkSession

JARS = Path(sys.prefix) / "spark-jars"

# Spark itself brings all that Delta's jars depend on, but for these groups.
GROUPS = ("io.delta_", "io.unitycatalog_")

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"

CONFIGURATION = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1536m",
    "spark.driver.extraJavaOptions": "-Duser.timezone=UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}


def builder(scratch):
    """A session builder whose files all lie below the folder `scratch`."""
    made = SparkSession.builder.master("local[2]").appName("grizzly-interop")
    for name, value in CONFIGURATION.items():
        made = made.config(name, value)
    os.environ["SPARK_LOCAL_DIRS"] = str(scratch)
    return made.config("spark.sql.warehouse.dir", str(Path(scratch) / "warehouse"))


def start(scratch):
    """Starts the session. Raises FileNotFoundError when the jars have not been fetched."""
    if not any(JARS.glob("io.delta_delta-spark_*.jar")):
        raise FileNotFoundError("the jars for Spark are not there: run scripts/interop.mjs, which fetches them")
    os.environ["TZ"] = "UTC"
    session = builder(scratch).config("spark.driver.extraClassPath", str(JARS / "*")).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def fetch():
    """Fetches the jars that belong to the installed versions of pyspark and delta-spark."""
    with tempfile.TemporaryDirectory() as scratch:
        ivy = Path(scratch) / "ivy"
        session = configure_spark_with_delta_pip(
            builder(scratch)
            .config("spark.jars.ivy", str(ivy))
            .config("spark.jars.excludes", "org.apache.hadoop:*,org.apache.parquet:*,org.apache.logging.log4j:*")
        ).getOrCreate()
        session.stop()
        unfinished = JARS.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(JARS, ignore_errors=True)
        unfinished.mkdir()
        for jar in (ivy / "jars").iterdir():
            if jar.name.startswith(GROUPS):
                shutil.copy(jar, unfinished / jar.name)
        fetch_s3a(unfinished)
        unfinished.rename(JARS)


def fetch_s3a(folder):
    """Fetches hadoop-aws, which reads s3a://, and what it needs at run time, of the version of Hadoop in pyspark.

    Not by Spark's resolver, which makes several copies of them: the SDK of AWS has 690 MB.
    """
    [api] = (Path(pyspark.__file__).parent / "jars").glob("hadoop-client-api-*.jar")
    hadoop = api.stem.removeprefix("hadoop-client-api-")
    with tempfile.TemporaryDirectory() as scratch:
        copy(f"org.apache.hadoop:hadoop-project:{hadoop}:pom", scratch, scratch)
        versions = (Path(scratch) / f"hadoop-project-{hadoop}.pom").read_text()

        def version(name):
            return re.search(f"<{re.escape(name)}>([^<]+)</", versions)[1]

        for artifact in (
            f"org.apache.hadoop:hadoop-aws:{hadoop}",
            f"software.amazon.awssdk:bundle:{version('aws-java-sdk-v2.version')}",
            "software.amazon.s3.analyticsaccelerator:analyticsaccelerator-s3:"
            + version("amazon-s3-analyticsaccelerator-s3.version"),
        ):
            copy(artifact, folder, scratch)


def copy(artifact, folder, repository):
    """Has Maven put an artifact into a folder, by way of a local repository. Raises CalledProcessError."""
    options = [f"-Dmaven.repo.local={repository}/repository", f"-Dartifact={artifact}", f"-DoutputDirectory={folder}"]
    subprocess.run(["mvn", "--batch-mode", "--quiet", COPY, *options, "-Dmdep.useBaseVersion=true"], check=True)


if __name__ == "__main__":
    fetch()

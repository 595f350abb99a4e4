"""PySpark 4 with Spillway's data source: Parquet files into a container, over TLS.

spark_source.py --endpoint URL --key KEY --database D --container C --rows N --ca-file F TABLE

The same job as spark_connector.py, from the same files, in the same local[2]. SPILLWAY_LIBRARY and
PYTHONPATH say where the package is.
"""

import argparse
import contextlib
import json
import os
import pathlib
import sys
import tempfile
import time

import psutil
import spillway.spark
from pyspark.sql import SparkSession

MEMORY = "4g"


def cpu_seconds():
    """User and system time of this process, the JVM and the Python workers, ended ones too."""
    me = psutil.Process()
    total = 0.0
    for process in (me, *me.children(recursive=True)):
        # One that ends meanwhile is counted with those of its parent that have.
        with contextlib.suppress(psutil.NoSuchProcess):
            t = process.cpu_times()
            total += t.user + t.system + t.children_user + t.children_system
    return total


def open_session(folder):
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": MEMORY,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(pathlib.Path(folder) / "warehouse"),
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("data source")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def load(spark, options):
    spillway.spark.register(spark)
    rows = spark.read.parquet(str(pathlib.Path(options.table) / "*.parquet")).limit(options.rows)
    rows.write.format("spillway.cosmos").mode("append").options(
        **{
            "spark.cosmos.accountEndpoint": options.endpoint,
            "spark.cosmos.accountKey": options.key,
            "spark.cosmos.database": options.database,
            "spark.cosmos.container": options.container,
            "spark.cosmos.write.strategy": "ItemOverwrite",
            "spillway.caFile": options.ca_file,
        }
    ).save()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("endpoint", "key", "database", "container"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--ca-file", required=True)
    parser.add_argument("table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        spark = open_session(folder)
        load(spark, options)
        wall, cpu = time.perf_counter() - start, cpu_seconds()
        spark.stop()
    result = {"rows": options.rows, "cpu_seconds": cpu, "wall_seconds": wall, "failed": 0}
    print(json.dumps({"peer": "spark-source", **result}))


if __name__ == "__main__":
    main()

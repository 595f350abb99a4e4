"""PySpark with the Cosmos DB connector: Parquet files into a container, gateway mode, bulk.

spark_connector.py --endpoint URL --key KEY --database D --container C --rows N --ca-file F
                   [--threshold SHARE --control-container C] TABLE

The connector that can be had is made for Spark 3.1, which no Delta version of today can read with:
so the table's data files are read as Parquet, and must be all that the table is made of.
Start-up is part of the CPU time: take the slope between two numbers of rows.
"""

import argparse
import json
import pathlib
import sys
import tempfile
import time

import psutil

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "clients/spark"))

from session import open_session  # noqa: E402

MEMORY = "4g"


def cpu_seconds():
    """User and system time of this process and its children: the JVM is one."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def throughput_control(options):
    """A share of the container's throughput, kept by a group in a control container."""
    if options.threshold is None:
        return {}
    prefix = "spark.cosmos.throughputControl."
    return {
        f"{prefix}enabled": "true",
        f"{prefix}name": "loaders",
        f"{prefix}targetThroughputThreshold": str(options.threshold),
        f"{prefix}globalControl.database": options.database,
        f"{prefix}globalControl.container": options.control_container,
    }


def load(spark, options):
    rows = spark.read.parquet(str(pathlib.Path(options.table) / "*.parquet")).limit(options.rows)
    rows.write.format("cosmos.oltp").options(
        **{
            "spark.cosmos.accountEndpoint": options.endpoint,
            "spark.cosmos.accountKey": options.key,
            "spark.cosmos.database": options.database,
            "spark.cosmos.container": options.container,
            "spark.cosmos.useGatewayMode": "true",
            "spark.cosmos.write.strategy": "ItemOverwrite",
            "spark.cosmos.write.bulk.enabled": "true",
            **throughput_control(options),
        }
    ).mode("append").save()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("endpoint", "key", "database", "container"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--ca-file", required=True)
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--control-container")
    parser.add_argument("table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        spark = open_session(options.ca_file, folder, MEMORY)
        load(spark, options)
        wall, cpu = time.perf_counter() - start, cpu_seconds()
        spark.stop()
    result = {"rows": options.rows, "cpu_seconds": cpu, "wall_seconds": wall, "failed": 0}
    print(json.dumps({"peer": "spark-connector", **result}))


if __name__ == "__main__":
    main()

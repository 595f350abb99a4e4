"""PySpark 4 with Spillway's data source: Parquet files into a container, over TLS.

spark_source.py --endpoint URL --key KEY --database D --container C --rows N --ca-file F
                [--discard] TABLE

The same job as spark_connector.py, from the same files, in the same local[2]. SPILLWAY_LIBRARY and
PYTHONPATH say where the package is. With --discard the Python workers get the same batches and drop
them: what Spark takes for itself.
"""

import os
import pathlib
import sys

import spillway.spark
from pyspark.sql import SparkSession
from spark_peer import MEMORY, options_of, run


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


def drop(batches):
    for _ in batches:
        pass
    return iter(())


def load(spark, options, _folder):
    spillway.spark.register(spark)
    rows = spark.read.parquet(str(pathlib.Path(options.table) / "*.parquet"))
    if options.discard:
        rows.mapInArrow(drop, "nothing int").collect()
        return
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


if __name__ == "__main__":
    parser = options_of(__doc__)
    parser.add_argument("--discard", action="store_true")
    run("spark-source", parser.parse_args(), open_session, load)

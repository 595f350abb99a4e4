"""PySpark as the scheduler of a Spillway pipeline (spillway.spark.sync): a Delta table into a
container, over TLS.

spark_sync.py --endpoint URL --key KEY --database D --container C --rows N --ca-file F TABLE

The same table and the same local[2] as spark_source.py and spark_connector.py have.
"""

import json
import os
import pathlib

import spillway.spark
from spark_peer import options_of, run
from spark_source import open_session


def write_project(options, folder):
    table = pathlib.Path(options.table)
    project = {
        "version": 1,
        "connections": {
            "lake": {"type": "delta", "root": str(table.parent)},
            "shop": {"type": "cosmosdb", "endpoint": options.endpoint, "ca_file": options.ca_file,
                     "database": options.database, "auth": {"key": {"env": "COSMOS_KEY"}}},
        },
        "pipelines": {"cosmos": {
            "source": {"connection": "lake", "table": table.name},
            "destination": {"connection": "shop", "id": "id", "partition_key": "/id",
                            "container": options.container}}},
    }
    path = pathlib.Path(folder) / "spillway.yaml"
    path.write_text(json.dumps(project))
    return path


def load(spark, options, folder):
    spillway.spark.sync(spark, str(write_project(options, folder)), "cosmos")


def main():
    options = options_of(__doc__).parse_args()
    os.environ["COSMOS_KEY"] = options.key  # local[2]: the executors are this process's children
    run("spark-sync", options, open_session, load)


if __name__ == "__main__":
    main()

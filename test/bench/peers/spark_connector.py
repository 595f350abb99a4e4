"""PySpark with the Cosmos DB connector: Parquet files into a container, gateway mode, bulk.

spark_connector.py --endpoint URL --key KEY --database D --container C --rows N --ca-file F
                   [--threshold SHARE --control-container C] TABLE

The connector that can be had is made for Spark 3.1, which no Delta version of today can read with:
so the table's data files are read as Parquet, and must be all that the table is made of.
Start-up is part of the CPU time: take the slope between two numbers of rows.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "clients/spark"))

from session import open_session  # noqa: E402
from spark_peer import MEMORY, options_of, run  # noqa: E402


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


def load(spark, options, _folder):
    rows = spark.read.parquet(str(pathlib.Path(options.table) / "*.parquet"))
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
    parser = options_of(__doc__)
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--control-container")
    options = parser.parse_args()
    run("spark-connector", options,
        lambda folder: open_session(options.ca_file, folder, MEMORY), load)


if __name__ == "__main__":
    main()

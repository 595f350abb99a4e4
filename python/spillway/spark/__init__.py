"""Spillway inside Spark: the executors' tasks write with the native engine.

    spillway.spark.register(spark)
    df.write.format("spillway.cosmos").mode("append").options(**cosmos_config).save()
    df = spark.read.format("spillway.cosmos").options(**cosmos_config).load()

Changes as they are meant, of a table's change data feed: `spillway.spark.apply_changes`. A pipeline
of spillway.yaml, which Spark only schedules: `spillway.spark.sync`.
On Spark 3.5, which has no data sources in Python: `spillway.spark.write(df, cosmos_config)` and
`spillway.spark.read(spark, cosmos_config)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from spillway._errors import SpillwayError
from spillway.spark.changes import apply_changes
from spillway.spark.loading import read
from spillway.spark.syncing import sync
from spillway.spark.verifying import verify
from spillway.spark.writing import foreach_batch, map_function, tasks_of, terms_of, write

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["apply_changes", "foreach_batch", "map_function", "read", "register", "sync",
           "verify", "write"]


def register(
    spark: SparkSession, name: str = "spillway.cosmos", tasks: Optional[int] = None
) -> None:
    """Makes the data source known to a session of Spark 4, under `name`.

    With `name="cosmos.oltp"` notebooks that were written for the Cosmos DB connector run as they
    are, where its jar is not on the class path. `tasks`: that run at a time, for the share of each
    in a throughput limit; left out: what the session tells.
    """
    try:
        from spillway.spark.source import CosmosDataSource
    except ImportError:
        raise SpillwayError("unsupported", "data sources in Python came with Spark 4.0",
                            "write with spillway.spark.write(df, options), read with "
                            "spillway.spark.read(spark, options)") from None
    count = tasks or tasks_of(spark)
    # A class of its own, so that it travels with its name and number, and not as a reference.
    source = type("RegisteredCosmosDataSource", (CosmosDataSource,), {
        "name": classmethod(lambda cls: name), "tasks": count, "driver": terms_of(spark),
        "__module__": "__main__"})
    try:
        spark.dataSource.register(source)
    except Exception as failure:
        if "DATA_SOURCE_ALREADY_EXISTS" not in str(failure):
            raise
        raise SpillwayError(
            "conflict", f"a jar on the class path has the data source `{name}` already",
            'start the session without the jar, or register(spark, name="spillway.cosmos")'
        ) from None

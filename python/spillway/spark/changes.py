"""Applying changes: rows that say what became of them, as Delta's change data feed has them.

    stream = (spark.readStream.format("delta").option("readChangeFeed", "true").table("products"))
    (spillway.spark.apply_changes(stream, cosmos_config)
        .option("checkpointLocation", "…").start())

Of each micro-batch the last change of every document counts: its row is written, or its document
deleted. An update that moves a row to another key deletes the document of the old one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, Sequence, Union

from spillway._errors import SpillwayError
from spillway._summary import Summary
from spillway.spark.failures import MARK, job_failures, told_briefly
from spillway.spark.job import WriteJob, plan_job
from spillway.spark.writing import fenced, tasks_of, write_with

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.streaming import DataStreamWriter

#: Delta's words for what a row is.
UPSERTS = ("insert", "update_postimage")
DELETES = ("delete", "update_preimage")
CHANGE, VERSION = "_change_type", "_commit_version"
#: Of the feed alone: no part of a document.
FEED_COLUMNS = (CHANGE, VERSION, "_commit_timestamp")
_DELETES_ROW = "__spillway_deletes"
#: How many changes of its document a row stands for.
COLLAPSED = "__spillway_changes"
_NUMBER = "__spillway_number"


def _columns_of_key(job: WriteJob) -> List[str]:
    """Columns, or fields in them, that tell documents apart."""
    destination = job.engine["destination"]
    paths = [path[1:].replace("/", ".") for path in destination["partition_key"]]
    return list(dict.fromkeys([*destination.get("id", ["id"]), *paths]))


def _check_columns(df: Any, columns: Sequence[str], change: str, version: str) -> None:
    missing = [name for name in (change, version, *columns)
               if name.split(".")[0] not in df.columns]
    if missing:
        raise SpillwayError(
            "invalid argument", f"the rows have no column {', '.join(missing)}",
            "read a Delta table with .option('readChangeFeed', 'true'), or name the columns")


def collapse(df: Any, key: Sequence[str], change: str, version: str) -> Any:
    """The last change of every document: the greatest version, of which a row that is there beats
    one that goes, whatever order they came in."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    word = F.col(change)
    deletes = (F.when(word.isin(*UPSERTS), F.lit(False)).when(word.isin(*DELETES), F.lit(True))
               .otherwise(F.raise_error(F.concat(
                   F.lit(f"{MARK}invalid argument: {change} has "),
                   F.coalesce(word, F.lit("NULL")),
                   F.lit(f", which is none of {', '.join((*UPSERTS, *DELETES))}")))))
    same = Window.partitionBy(*key)
    latest = same.orderBy(F.col(version).desc(), F.col(_DELETES_ROW).asc())
    return (df.withColumn(_DELETES_ROW, deletes)
            .withColumn(_NUMBER, F.row_number().over(latest))
            .withColumn(COLLAPSED, F.count(F.lit(1)).over(same))
            .where(F.col(_NUMBER) == 1).drop(_NUMBER))


def _apply(
    df: Any, options: Mapping[str, str], change: str, version: str, batch: str
) -> Summary:
    from pyspark.sql import functions as F

    given = {str(name): str(value) for name, value in options.items()}
    tasks = tasks_of(df.sparkSession)
    upserts = plan_job(given, tasks)
    if upserts.engine["sync"]["mode"] != "upsert":
        raise SpillwayError("invalid argument", "changes say themselves what a row does",
                            "leave `spark.cosmos.write.strategy` and `spillway.mode` out")
    deletes = plan_job({**given, "spillway.mode": "delete"}, tasks)
    key = _columns_of_key(upserts)
    _check_columns(df, key, change, version)
    last = collapse(df, key, change, version).persist()
    try:
        rows = last.where(~F.col(_DELETES_ROW)).drop(_DELETES_ROW, change, version, *FEED_COLUMNS)
        gone = last.where(_DELETES_ROW).select(
            COLLAPSED, *dict.fromkeys(name.split(".")[0] for name in key))
        # In this order: a row that moved is there twice for a moment, and never not at all.
        with fenced(df.sparkSession, batch, upserts, deletes) as wait:
            with job_failures():
                wait(last.count)
            parts = [*write_with(upserts, rows, COLLAPSED),
                     *write_with(deletes, gone, COLLAPSED)]
    finally:
        last.unpersist()
    return upserts.judge(parts)


def apply_changes(
    df: DataFrame, options: Mapping[str, str], change: str = CHANGE, version: str = VERSION
) -> Union[Summary, DataStreamWriter]:
    """Brings changes to the container. Of a DataFrame: now, returning the summary. Of a stream:
    returns its writer, to be given a checkpoint and started.

    `change` and `version` name the columns that say what a row is ("insert", "update_preimage",
    "update_postimage", "delete") and in which order rows came. A micro-batch that comes again does
    the same again, and nothing that Spark has given up writes over a later one. Raises
    SpillwayError where an option is wrong, or too many rows were rejected.
    """
    if not df.isStreaming:
        return _apply(df, options, change, version, "changes")

    def apply_batch(batch: Any, batch_id: int) -> None:
        name = f"batch {batch_id}"
        print(f"{name}: {_apply(batch, options, change, version, name)}")

    return df.writeStream.foreachBatch(told_briefly(apply_batch))

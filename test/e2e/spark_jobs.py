"""What jobs of Spark have in common that tests run in a session of their own: the session, options,
rows, and the file of outcomes.

A script of jobs is run as SCRIPT ACCOUNT.json FOLDER [JOB …]. ACCOUNT has endpoint, key,
certificate and database. FOLDER gets outcomes.json, job by job: the result, or the error as the
notebook sees it.
"""

import datetime
import json
import pathlib
import sys
import time
import traceback

import spillway.spark
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from spillway.spark.job import read_summary

FORMAT = "spillway.cosmos"
ROWS = 20_000
TRIES = 4
BATCH_ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"


class SparkJobs:
    """A job is a method of a subclass; what it returns is its result."""

    def __init__(self, spark, account, folder):
        self.spark = spark
        self.account = account
        self.folder = folder

    def _options(self, container, **more):
        place = {
            "spark.cosmos.accountEndpoint": self.account["endpoint"],
            "spark.cosmos.accountKey": self.account["key"],
            "spark.cosmos.database": self.account["database"],
            "spark.cosmos.container": container,
            "spillway.caFile": self.account["certificate"],
            "spillway.settle": "200ms",
        }
        return {**place, **{key.replace("__", "."): value for key, value in more.items()}}

    def _save(self, df, container, name=FORMAT, **more):
        path = self.folder / f"{container}.summary.json"
        options = self._options(container, spillway__summaryFile=str(path), **more)
        df.write.format(name).mode("append").options(**options).save()
        return json.loads(read_summary(path).to_json())

    def _rows(self, count=ROWS, tasks=4):
        """Several types, NULLs among them, spread over a few partition keys."""
        return self._columns(self.spark.range(0, count, 1, tasks))

    def _columns(self, numbers):
        noon = datetime.datetime(2024, 3, 1, 12, tzinfo=datetime.timezone.utc).timestamp()
        return numbers.select(
            F.col("id").cast("string").alias("id"),
            F.concat(F.lit("c"), F.col("id") % 7).alias("category"),
            F.col("id").alias("n"),
            (F.col("id") / 4).alias("quarter"),
            F.when(F.col("id") % 3 != 0, F.concat(F.lit("nämé "), "id")).alias("name"),
            (F.col("id") % 2 == 0).alias("even"),
            F.array("id", F.col("id") + 1).alias("list"),
            F.struct(F.col("id").alias("a"), F.lit("x").alias("b")).alias("inner"),
            F.lit(datetime.date(2024, 3, 1)).alias("day"),
            F.timestamp_seconds(F.lit(noon) + F.col("id")).alias("at"),
            (F.col("id") * 3).cast("decimal(12,2)").alias("price"),
        )

    def _through(self, df, function, batch_rows=500):
        """The same rows, in batches of so many that a function sees on their way."""
        self.spark.conf.set(BATCH_ROWS, str(batch_rows))
        return df.mapInArrow(function, df.schema)


# Sessions are short: what the better compiler takes does not come back.
COMPILED_ONCE = "-XX:TieredStopAtLevel=1"


def session_of(folder, master):
    settings = {
        "spark.driver.extraJavaOptions": COMPILED_ONCE,
        "spark.executor.extraJavaOptions": COMPILED_ONCE,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master(master).appName("spillway")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder


def run_jobs(kind, spark, folder, names):
    account = json.loads(pathlib.Path(sys.argv[1]).read_text())
    if hasattr(spark, "dataSource"):  # Spark 4
        spillway.spark.register(spark)
    jobs, outcomes = kind(spark, account, folder), {}
    rows_of_a_batch = spark.conf.get(BATCH_ROWS)
    for name in names or [name for name in vars(kind) if not name.startswith("_")]:
        began = time.monotonic()
        try:
            outcomes[name] = {"result": getattr(jobs, name)()}
        except Exception as failure:  # noqa: BLE001: what the notebook would show
            outcomes[name] = {"error": str(failure), "trace": traceback.format_exc()}
        outcomes[name]["seconds"] = round(time.monotonic() - began, 1)
        spark.conf.set(BATCH_ROWS, rows_of_a_batch)
    (folder / "outcomes.json").write_text(json.dumps(outcomes), encoding="utf-8")
    spark.stop()

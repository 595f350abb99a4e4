"""Jobs that write from Spark with the data source, in one session; what became of each, as JSON.

  spark_write_jobs.py ACCOUNT.json FOLDER

ACCOUNT has endpoint, key, certificate and database. FOLDER gets outcomes.json, job by job: the
summary, or the error as the notebook sees it. Containers exist before.
"""

import datetime
import json
import pathlib
import sys
import traceback

import spillway.spark
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from spillway.spark.job import read_summary

FORMAT = "spillway.cosmos"
ROWS = 20_000
TRIES = 4
WAIT_SECONDS_MAX = 120


class Jobs:
    def __init__(self, spark, account, folder):
        self.spark = spark
        self.account = account
        self.folder = folder

    def options(self, container, **more):
        place = {
            "spark.cosmos.accountEndpoint": self.account["endpoint"],
            "spark.cosmos.accountKey": self.account["key"],
            "spark.cosmos.database": self.account["database"],
            "spark.cosmos.container": container,
            "spillway.caFile": self.account["certificate"],
            "spillway.settle": "200ms",
        }
        return {**place, **{key.replace("__", "."): value for key, value in more.items()}}

    def save(self, df, container, name=FORMAT, **more):
        path = self.folder / f"{container}.summary.json"
        options = self.options(container, spillway__summaryFile=str(path), **more)
        df.write.format(name).mode("append").options(**options).save()
        return json.loads(read_summary(path).to_json())

    def rows(self, count=ROWS, tasks=4):
        """Several types, NULLs among them, spread over a few partition keys."""
        noon = datetime.datetime(2024, 3, 1, 12, tzinfo=datetime.timezone.utc).timestamp()
        return self.spark.range(0, count, 1, tasks).select(
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

    # The jobs, by name. Each returns what the test looks at.

    def written(self):
        return self.save(self.rows(), "written")

    def small_batches(self):
        self.spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
        try:
            return self.save(self.rows(500), "small_batches")
        finally:
            self.spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")

    def empty(self):
        return self.save(self.rows().where("n < 0"), "empty")

    def rejected(self):
        bad = F.when(F.col("n") == 77, F.lit("a/b")).otherwise(F.col("id"))
        return self.save(self.rows(2_000).withColumn("id", bad), "rejected")

    def over_budget(self):
        bad = F.when(F.col("n") % 2 == 0, F.lit("a/b")).otherwise(F.col("id"))
        return self.save(self.rows(200).withColumn("id", bad), "over_budget")

    def wrong_key(self):
        self.account = {**self.account, "key": "d3Jvbmc="}
        try:
            return self.save(self.rows(10), "written")
        finally:
            self.account = json.loads(pathlib.Path(sys.argv[1]).read_text())

    def missing_container(self):
        return self.save(self.rows(10), "nowhere")

    def misspelt(self):
        return self.save(self.rows(10), "written", spark__cosmos__write__stategy="ItemAppend")

    def overwrite(self):
        options = self.options("written")
        self.rows(10).write.format(FORMAT).mode("overwrite").options(**options).save()

    def read(self):
        return self.spark.read.format(FORMAT).options(**self.options("written")).load().count()

    def limited(self):
        limit = {"spark__cosmos__throughputControl__enabled": "true",
                 "spark__cosmos__throughputControl__targetThroughput": "400000"}
        return self.save(self.rows(400), "limited", **limit)

    def deleted(self):
        self.save(self.rows(300), "deleted")
        keys = self.rows(300).where("n >= 100").select("id", "category")
        return self.save(keys, "deleted", spark__cosmos__write__strategy="ItemDelete")

    def tried_again(self):
        """Each partition's first attempt fails behind its first half."""
        def fail_once(batches):
            from pyspark import TaskContext
            for number, batch in enumerate(batches):
                if number == 2 and TaskContext.get().attemptNumber() == 0:
                    raise RuntimeError("the first attempt fails")
                yield batch

        self.spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "500")
        df = self.rows()
        try:
            return self.save(df.mapInArrow(fail_once, df.schema), "tried_again")
        finally:
            self.spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")

    def connectors_name(self):
        spillway.spark.register(self.spark, name="cosmos.oltp")
        return self.save(self.rows(100), "connectors_name", name="cosmos.oltp")

    def mapped(self):
        options = self.options("mapped")
        return json.loads(spillway.spark.write(self.rows(1_000), options).to_json())

    def _stream(self, name):
        """Two files, each a micro-batch; the second has a newer row of a key of the first."""
        folder = str(self.folder / f"{name}-input")
        rows = self.rows(300, tasks=1)
        rows.write.mode("append").parquet(folder)
        rows.where("n >= 250").withColumn("n", -F.col("n")).write.mode("append").parquet(folder)
        stream = self.spark.readStream.schema(rows.schema).option("maxFilesPerTrigger", 1)
        return stream.parquet(folder).writeStream.option(
            "checkpointLocation", str(self.folder / f"{name}-checkpoint"))

    def _end(self, query):
        if not query.awaitTermination(WAIT_SECONDS_MAX):
            query.stop()
            raise RuntimeError("the stream did not end")
        return {"batches": query.lastProgress["batchId"] + 1}

    def streamed(self):
        writer = self._stream("streamed").trigger(availableNow=True)
        return self._end(writer.format(FORMAT).options(**self.options("streamed")).start())

    def each_batch(self):
        write = spillway.spark.foreach_batch(self.options("each_batch"))
        return self._end(self._stream("each_batch").trigger(availableNow=True)
                         .foreachBatch(write).start())


JOBS = [name for name in vars(Jobs) if not name.startswith("_")
        and name not in ("options", "save", "rows")]


def open_session(folder):
    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master(f"local[2,{TRIES}]").appName("spillway")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def main():
    account, folder = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
    spark = open_session(folder)
    spillway.spark.register(spark)
    jobs, outcomes = Jobs(spark, account, folder), {}
    for name in sys.argv[3:] or JOBS:
        try:
            outcomes[name] = {"result": getattr(jobs, name)()}
        except Exception as failure:  # noqa: BLE001: what the notebook would show
            outcomes[name] = {"error": str(failure), "trace": traceback.format_exc()}
    (folder / "outcomes.json").write_text(json.dumps(outcomes), encoding="utf-8")
    spark.stop()


if __name__ == "__main__":
    main()

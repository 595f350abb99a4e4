"""Jobs that do without data sources, as on Spark 3.5, in one session (spark_jobs.py). FOLDER has a
spillway.yaml and its table for the last of them."""

import json
import os
import pathlib
import sys

import spillway.spark
from pyspark.sql import functions as F
from spillway.spark.job import plan_job

from spark_jobs import SparkJobs, run_jobs, session_of


def never_works(batches):
    raise RuntimeError("this function always fails")
    yield from batches


class HelperJobs(SparkJobs):
    def written(self):
        """One row of them cannot be."""
        bad = F.when(F.col("n") == 77, F.lit("a/b")).otherwise(F.col("id"))
        rows = self._rows(2_000).withColumn("id", bad)
        return json.loads(spillway.spark.write(rows, self._options("written")).to_json())

    def over_budget(self):
        bad = F.when(F.col("n") % 2 == 0, F.lit("a/b")).otherwise(F.col("id"))
        return self._write(self._rows(200).withColumn("id", bad))

    def no_id(self):
        """Found by the engine in the tasks."""
        return self._write(self._rows(10).drop("id"))

    def not_ours(self):
        rows = self._rows(10)
        return self._write(rows.mapInArrow(never_works, rows.schema))

    def mapped(self):
        function = spillway.spark.map_function(plan_job(self._options("mapped")))
        parts = self._rows(300).mapInArrow(function, "summary string").collect()
        return [json.loads(part.summary)["counts"]["upserted"] for part in parts]

    def each_batch(self):
        write = spillway.spark.foreach_batch(self._options("each_batch"))
        return self._end(self._stream("each_batch").foreachBatch(write))

    def stream_of_bad_rows(self):
        """A micro-batch fails: with options that are wrong."""
        write = spillway.spark.foreach_batch(self._options("nowhere"))
        return self._end(self._stream("each_batch", "failing").foreachBatch(write))

    def changes(self):
        return json.loads(spillway.spark.apply_changes(
            self._changes(), self._options("changes")).to_json())

    def changes_unknown(self):
        feed = self._changes().withColumn("_change_type", F.lit("upsertish"))
        return spillway.spark.apply_changes(feed, self._options("changes")).formula

    def read_back(self):
        """With a schema, as text of it, and with none."""
        rows = self._rows(300)
        back = spillway.spark.read(self.spark, self._options("mapped"), rows.schema)
        named = spillway.spark.read(self.spark, self._options("mapped"), "id string, n long")
        made = spillway.spark.read(self.spark, self._options("mapped"))
        raw = spillway.spark.read(self.spark, self._options(
            "mapped", spark__cosmos__read__inferSchema__enabled="false",
            spark__cosmos__partitioning__targetedCount="3"))
        return {"parts": back.rdd.getNumPartitions(),
                "missing": rows.exceptAll(back).count(), "more": back.exceptAll(rows).count(),
                "sum": named.agg(F.sum("n")).first()[0],
                "schema": made.schema.simpleString(),
                "names": made.select(F.count("name")).first()[0],
                "raw": [raw.rdd.getNumPartitions(), sorted(raw.columns), raw.count()]}

    def read_misfit(self):
        return spillway.spark.read(
            self.spark, self._options("mapped"), "id string, name long").count()

    def read_missing(self):
        return spillway.spark.read(self.spark, self._options("nowhere")).count()

    def synced(self):
        project = str(self.folder / "spillway.yaml")
        return [spillway.spark.sync(self.spark, project, "synced", tasks=2) for _ in range(2)]

    def sync_fails(self):
        os.environ["WRONG_KEY"] = "d3Jvbmc="
        return spillway.spark.sync(self.spark, str(self.folder / "spillway.yaml"), "denied")

    def _write(self, rows):
        return spillway.spark.write(rows, self._options("failing")).formula

    def _changes(self):
        rows = self._rows(100, tasks=1)

        def change(df, word, version):
            return df.withColumn("_change_type", F.lit(word)).withColumn(
                "_commit_version", F.lit(version).cast("long"))

        moved = rows.where("n < 20")
        return (change(rows, "insert", 1).union(change(moved, "update_preimage", 2))
                .union(change(moved.withColumn("category", F.lit("moved")), "update_postimage", 2))
                .union(change(rows.where("n >= 90"), "delete", 3)))

    def _stream(self, folder, name=None):
        """Two files, each a micro-batch."""
        path = str(self.folder / f"{folder}-input")
        rows = self._rows(300, tasks=1)
        if not pathlib.Path(path).exists():
            rows.write.mode("append").parquet(path)
            rows.where("n >= 250").withColumn("n", -F.col("n")).write.mode("append").parquet(path)
        stream = self.spark.readStream.schema(rows.schema).option("maxFilesPerTrigger", 1)
        return stream.parquet(path).writeStream.trigger(availableNow=True).option(
            "checkpointLocation", str(self.folder / f"{name or folder}-checkpoint"))

    def _end(self, writer):
        query = writer.start()
        query.awaitTermination(120)
        return {"batches": query.lastProgress["batchId"] + 1}


def main():
    folder = pathlib.Path(sys.argv[2])
    run_jobs(HelperJobs, session_of(folder, "local[2]").getOrCreate(), folder, sys.argv[3:])


if __name__ == "__main__":
    main()

"""Jobs that write with the data source and read back, in one session of Spark (spark_jobs.py)."""

import functools
import json
import os
import pathlib
import sys

import spillway.spark
from pyspark.sql import functions as F

from spark_jobs import FORMAT, TRIES, SparkJobs, run_jobs, session_of

WAIT_SECONDS_MAX = 120


def fail_once(batches):
    """Each partition's first attempt fails behind its first half."""
    from pyspark import TaskContext

    for number, batch in enumerate(batches):
        if number == 5 and TaskContext.get().attemptNumber() == 0:
            raise RuntimeError("the first attempt fails")
        yield batch


def fail_third_partition(batches):
    from pyspark import TaskContext

    for number, batch in enumerate(batches):
        if number == 5 and TaskContext.get().partitionId() == 2:
            raise RuntimeError("this partition always fails")
        yield batch


class Jobs(SparkJobs):
    def written(self):
        return self._save(self._rows(), "written")

    def small_batches(self):
        self.spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
        return self._save(self._rows(500), "small_batches")

    def empty(self):
        return self._save(self._rows().where("n < 0"), "empty")

    def rejected(self):
        bad = F.when(F.col("n") == 77, F.lit("a/b")).otherwise(F.col("id"))
        return self._save(self._rows(2_000).withColumn("id", bad), "rejected")

    def over_budget(self):
        bad = F.when(F.col("n") % 2 == 0, F.lit("a/b")).otherwise(F.col("id"))
        return self._save(self._rows(200).withColumn("id", bad), "over_budget")

    def within_budget(self):
        bad = F.when(F.col("n") % 2 == 0, F.lit("a/b")).otherwise(F.col("id"))
        rows = self._rows(200).withColumn("id", bad)
        return self._save(rows, "within_budget", spillway__maxRejected="100")

    def wrong_key(self):
        self.account = {**self.account, "key": "d3Jvbmc="}
        try:
            return self._save(self._rows(10), "written")
        finally:
            self.account = json.loads(pathlib.Path(sys.argv[1]).read_text())

    def missing_container(self):
        return self._save(self._rows(10), "nowhere")

    def misspelt(self):
        return self._save(self._rows(10), "written", spark__cosmos__write__stategy="ItemAppend")

    def overwrite(self):
        options = self._options("written")
        self._rows(10).write.format(FORMAT).mode("overwrite").options(**options).save()

    def _load(self, container, schema=None, **more):
        reader = self.spark.read.format(FORMAT).options(**self._options(container, **more))
        return (reader if schema is None else reader.schema(schema)).load()

    def read_back(self):
        """With the schema of the rows: every type comes back as it was."""
        rows = self._rows()
        back = self._load("written", rows.schema)
        return {"parts": back.rdd.getNumPartitions(), "count": back.count(),
                "missing": rows.exceptAll(back).count(), "more": back.exceptAll(rows).count()}

    def read_inferred(self):
        back = self._load("written", spark__cosmos__read__inferSchema__samplingSize="200")
        found = back.select(F.count("*"), F.sum("n"), F.sum("inner.a"), F.count("name")).first()
        return {"schema": back.schema.simpleString(), "found": list(found)}

    def read_raw(self):
        back = self._load("rejected", spark__cosmos__read__inferSchema__enabled="false",
                          spark__cosmos__partitioning__targetedCount="3")
        return {"parts": back.rdd.getNumPartitions(), "columns": back.columns,
                "bodies": [json.loads(row["_rawBody"]) for row in back.collect()]}

    def read_misfit(self):
        return self._load("written", "id string, name long").count()

    def read_relaxed(self):
        back = self._load("written", "id string, name long",
                          spark__cosmos__read__schemaConversionMode="Relaxed")
        return list(back.select(F.count("id"), F.count("name")).first())

    def read_missing_container(self):
        return self._load("nowhere").count()

    def limited(self):
        """A fifth of what the container has."""
        control = {"spark__cosmos__throughputControl__enabled": "true",
                   "spark__cosmos__throughputControl__targetThroughputThreshold": "0.2"}
        return self._save(self._rows(2_000, tasks=8), "limited", **control)

    def grouped(self):
        """The same limit, kept by a group that meets in a control container."""
        control = {"spark__cosmos__throughputControl__enabled": "true",
                   "spark__cosmos__throughputControl__name": "loaders",
                   "spark__cosmos__throughputControl__targetThroughput": "2000",
                   "spark__cosmos__throughputControl__globalControl__database":
                       self.account["database"],
                   "spark__cosmos__throughputControl__globalControl__container": "control"}
        return self._save(self._rows(2_000, tasks=4), "grouped", **control)

    def throttled(self):
        """A container that admits far less than is sent."""
        return self._save(self._rows(600, tasks=2), "throttled")

    def deleted(self):
        self._save(self._rows(300), "deleted")
        keys = self._rows(300).where("n >= 100").select("id", "category")
        return self._save(keys, "deleted", spark__cosmos__write__strategy="ItemDelete")

    def tried_again(self):
        return self._save(self._through(self._rows(), fail_once), "tried_again")

    def aborted(self):
        return self._save(self._through(self._rows(), fail_third_partition), "aborted")

    def connectors_name(self):
        spillway.spark.register(self.spark, name="cosmos.oltp")
        return self._save(self._rows(100), "connectors_name", name="cosmos.oltp")

    def mapped(self):
        options = self._options("mapped")
        return json.loads(spillway.spark.write(self._rows(1_000), options).to_json())

    def mapped_without_id(self):
        return spillway.spark.write(self._rows(10).drop("id"), self._options("mapped")).formula

    def _stream(self, name):
        """Two files, each a micro-batch; the second has a newer row of a key of the first."""
        folder = str(self.folder / f"{name}-input")
        rows = self._rows(300, tasks=1)
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

    def _versions(self):
        """A feed, version by version: inserts, updates, rows that move to another key, deletes, a
        row that comes back, and rows that are rewritten in one version."""
        rows = self._rows(100, tasks=2)

        def change(df, word, version):
            return df.withColumn("_change_type", F.lit(word)).withColumn(
                "_commit_version", F.lit(version).cast("long")).withColumn(
                "_commit_timestamp", F.current_timestamp())

        updated, moved = rows.where("n < 10"), rows.where("n between 10 and 19")
        gone, rewritten = rows.where("n between 20 and 29"), rows.where("n between 30 and 34")
        negative = lambda df: df.withColumn("n", -F.col("n"))  # noqa: E731
        return [
            change(rows, "insert", 1),
            change(updated, "update_preimage", 2)
            .union(change(negative(updated), "update_postimage", 2))
            .union(change(moved, "update_preimage", 2))
            .union(change(moved.withColumn("category", F.lit("moved")), "update_postimage", 2)),
            change(gone, "delete", 3),
            change(negative(gone.where("n >= 25")), "insert", 4)
            .union(change(negative(rewritten), "insert", 4))
            .union(change(rewritten, "delete", 4)),
        ]

    def changes_at_once(self):
        feed = functools.reduce(lambda a, b: a.union(b), self._versions())
        summary = spillway.spark.apply_changes(feed, self._options("changes_at_once"))
        return json.loads(summary.to_json())

    def changes_streamed(self):
        folder = str(self.folder / "changes")
        for version in self._versions():
            version.coalesce(1).write.mode("append").parquet(folder)
            schema = version.schema
        stream = self.spark.readStream.schema(schema).option("maxFilesPerTrigger", 1)
        options = self._options("changes_streamed")
        writer = spillway.spark.apply_changes(stream.parquet(folder), options).option(
            "checkpointLocation", str(self.folder / "changes-checkpoint"))
        return self._end(writer.trigger(availableNow=True).start())

    def changes_unknown(self):
        feed = self._versions()[0].withColumn("_change_type", F.lit("upsertish"))
        return spillway.spark.apply_changes(feed, self._options("changes_at_once")).formula

    def delta_feed(self):
        """The well-known notebook: a table is loaded, then its change feed is followed, by a stream
        that is stopped and started between."""
        path = str(self.folder / "table")
        table = f"delta.`{path}`"
        self.spark.sql(f"CREATE TABLE {table} (id string, category string, n int, at timestamp, "
                       "price decimal(10,2)) USING delta "
                       "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
        columns = ("SELECT string(id), concat('c', id % 5), int(id), timestamp_seconds(id), "
                   "id * 1.25")
        self.spark.sql(f"INSERT INTO {table} {columns} FROM range(500)")
        self._save(self.spark.table(table), "delta_feed")

        def follow():
            feed = (self.spark.readStream.format("delta").option("readChangeFeed", "true")
                    .option("startingVersion", 2).load(path))
            writer = spillway.spark.apply_changes(feed, self._options("delta_feed")).option(
                "checkpointLocation", str(self.folder / "feed-checkpoint"))
            self._end(writer.trigger(availableNow=True).start())

        self.spark.sql(f"UPDATE {table} SET n = n + 1 WHERE n % 3 = 0")
        self.spark.sql(f"DELETE FROM {table} WHERE n % 10 = 0")
        self.spark.sql(f"UPDATE {table} SET category = 'moved' WHERE n % 7 = 0")
        follow()
        self.spark.sql(f"INSERT INTO {table} {columns} FROM range(500, 600)")
        self.spark.sql(
            f"MERGE INTO {table} t USING (SELECT string(id) AS id FROM range(480, 620)) s "
            "ON t.id = s.id WHEN MATCHED AND t.n % 2 = 0 THEN DELETE "
            "WHEN MATCHED THEN UPDATE SET n = -n "
            "WHEN NOT MATCHED THEN INSERT (id, category) VALUES (s.id, 'merged')")
        follow()
        rows = self.spark.table(table)
        back = self._load("delta_feed", rows.schema)
        return {"rows": rows.count(), "missing": rows.exceptAll(back).count(),
                "more": back.exceptAll(rows).count()}

    def streamed(self):
        writer = self._stream("streamed").trigger(availableNow=True)
        return self._end(writer.format(FORMAT).options(**self._options("streamed")).start())

    def each_batch(self):
        write = spillway.spark.foreach_batch(self._options("each_batch"))
        return self._end(self._stream("each_batch").trigger(availableNow=True)
                         .foreachBatch(write).start())


def main():
    folder = pathlib.Path(sys.argv[2])
    # A task is tried again in `local[N, F]` alone.
    builder = session_of(folder, f"local[2,{TRIES}]")
    jars = pathlib.Path(os.environ["SPILLWAY_SPARK_JARS"]).glob("*.jar")
    delta = {
        "spark.jars": ",".join(str(jar) for jar in sorted(jars)),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    for name, value in delta.items():
        builder = builder.config(name, value)
    run_jobs(Jobs, builder.getOrCreate(), folder, sys.argv[3:])


if __name__ == "__main__":
    main()

"""Jobs that read with the data source, in one session of Spark (spark_jobs.py)."""

import dataclasses
import functools
import os
import pathlib
import sys

import spillway.spark
from pyspark.sql import functions as F

import random_filters
from spark_jobs import FORMAT, SparkJobs, run_jobs, session_of

FULL = os.environ.get("SPILLWAY_FULL") == "1"
FILTERS = 2_000 if FULL else 20
SEED = 7
#: Looked at in one job, for speed.
TOGETHER = 10
RELAXED = {"spark__cosmos__read__schemaConversionMode": "Relaxed"}
#: Of a reader whose ranges do not matter, for speed.
ONE_PART = {"spark__cosmos__partitioning__targetedCount": "1"}
PUSH = {"spillway__pushFilters": "true"}


class ReadJobs(SparkJobs):
    def _load(self, container, schema=None, **more):
        reader = self.spark.read.format(FORMAT).options(**self._options(container, **more))
        return (reader if schema is None else reader.schema(schema)).load()

    def written(self):
        return self._save(self._rows(), "rows")

    def queried(self):
        """Of a query, with a schema of its own."""
        query = 'SELECT c.id, c.n * 2 AS twice FROM c WHERE c.category = "c3"'
        back = self._load("rows", "id string, twice long", spark__cosmos__read__customQuery=query,
                          spark__cosmos__partitioning__targetedCount="5")
        return {"parts": back.rdd.getNumPartitions(),
                "rows": sorted([row.id, row.twice] for row in back.collect())}

    def queried_inferred(self):
        query = "SELECT c.id, v AS entry FROM c JOIN v IN c.list WHERE c.n < 10"
        back = self._load("rows", spark__cosmos__read__customQuery=query)
        return [back.schema.simpleString(), back.count()]

    def refused_query(self):
        self._load("rows", "id string",
                   spark__cosmos__read__customQuery="SELECT c.id FROM c ORDER BY c.n").count()

    def columns(self):
        back = self._load("rows", spillway__columns="quarter,id")
        one = back.where("id = '6'").first()
        return [back.schema.simpleString(), back.count(), one.quarter]

    def pushed_relaxed(self):
        return self._differences("awkward", **ONE_PART, **RELAXED)

    def pushed_strict(self):
        return self._differences("fitting", **ONE_PART)

    def pushed_less(self):
        """How many documents are read, and what that costs, with and without."""
        from pyspark.sql.datasource import EqualTo, GreaterThan, StringStartsWith
        from pyspark.sql.types import StructType
        from spillway.spark.source import CosmosDataSource

        schema = StructType.fromDDL("id string, category string, n long, name string")
        source = CosmosDataSource(self._options("rows", **PUSH))
        read = {}
        for name, filters in {"none": [], "category": [EqualTo(("category",), "c3")],
                              "number": [GreaterThan(("n",), 19_900)],
                              "text": [StringStartsWith(("name",), "nämé 1999")]}.items():
            reader = source.reader(schema)
            left = reader.pushFilters(filters)
            read[name] = [len(left), *self._read_all(reader, schema)]
        return read

    def _read_all(self, reader, schema):
        from pyspark.sql.pandas.types import to_arrow_schema

        documents = cost = 0
        for part in reader.partitions():
            options = reader.job.engine_of(part.value)
            with spillway.Reader(options, to_arrow_schema(schema)) as rows:
                documents += sum(batch.num_rows for batch in rows)
                cost += rows.summary().cost
        return documents, cost

    def push_without_spark(self):
        """The option is there, and Spark does not push."""
        self.spark.conf.set("spark.sql.python.filterPushdown.enabled", "false")
        try:
            self._load("rows", "id string, n long", **PUSH).where("n = 5").count()
        finally:
            self.spark.conf.set("spark.sql.python.filterPushdown.enabled", "true")

    def verified(self):
        """A container that equals its table, and one that does not."""
        found = {}
        for name in ("equal", "broken"):
            result = spillway.spark.verify(self.spark, str(self.folder / "spillway.yaml"), name)
            found[name] = [dataclasses.asdict(result), result.matches, str(result)]
        return found

    def verified_in_vain(self):
        """A part fails in Spark."""
        text = (self.folder / "spillway.yaml").read_text()
        (self.folder / "elsewhere.yaml").write_text(text.replace("COSMOS_KEY", "DRIVERS_KEY"))
        os.environ["DRIVERS_KEY"] = self.account["key"]
        spillway.spark.verify(self.spark, str(self.folder / "elsewhere.yaml"), "equal")

    def streamed(self):
        """Two batches, a restart of the stream from its checkpoint, and two more."""
        folder = str(self.folder / "arriving")
        batches = []
        for first in (0, 200):
            for begin in (first, first + 100):
                rows = self._rows(400, 1).where(f"n >= {begin} and n < {begin + 100}")
                rows.coalesce(1).write.mode("append").parquet(folder)
            stream = self.spark.readStream.schema(rows.schema).option("maxFilesPerTrigger", 1)
            query = (stream.parquet(folder).writeStream.format(FORMAT)
                     .options(**self._options("streamed"))
                     .option("checkpointLocation", str(self.folder / "checkpoint"))
                     .trigger(availableNow=True).start())
            assert query.awaitTermination(120)
            batches.append(sum(progress["numInputRows"] for progress in query.recentProgress))
        return batches

    def _differences(self, container, **more):
        """Of random filters: those that pushed give other rows."""
        back = self._load(container, random_filters.SCHEMA, **more).cache()
        back.count()
        lists = random_filters.filters(SEED, FILTERS, F)
        wrong, found = [], 0
        for first in range(0, FILTERS, TOGETHER):
            some = list(enumerate(lists[first:first + TOGETHER], first))
            expected = self._texts((n, back, conditions) for n, conditions in some)
            pushed = self._texts((n, self._load(container, random_filters.SCHEMA, **PUSH, **more),
                                  conditions) for n, conditions in some)
            found += sum(map(len, expected.values()))
            for number, conditions in some:
                left, right = expected[number], pushed[number]
                if left != right:
                    wrong.append([number, str(conditions), sorted(set(left) ^ set(right))[:2],
                                  len(left), len(right)])
        back.unpersist()
        return {"rows": found, "wrong": wrong}

    def _texts(self, frames):
        """The rows of several, filtered, in one job of Spark: by number, in order."""
        texts, numbers = [], []
        for number, df, conditions in frames:
            numbers.append(number)
            for condition in conditions:
                df = df.where(condition)
            texts.append(df.select(F.lit(number).alias("number"),
                                   F.to_json(F.struct("*")).alias("row")))
        rows = functools.reduce(lambda a, b: a.union(b), texts).collect()
        return {number: sorted(row.row for row in rows if row.number == number)
                for number in numbers}


def main():
    folder = pathlib.Path(sys.argv[2])
    builder = session_of(folder, "local[2]").config(
        "spark.sql.python.filterPushdown.enabled", "true")
    run_jobs(ReadJobs, builder.getOrCreate(), folder, sys.argv[3:])


if __name__ == "__main__":
    main()

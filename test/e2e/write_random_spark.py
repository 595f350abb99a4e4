"""Has Spark carry out plans (random_plan.py), and writes down what it reads of every version.

  write_random_spark.py FOLDER

FOLDER/<seed>/plan.json is carried out on FOLDER/<seed>/rows; FOLDER/<seed>/rows.<version>.json are
the rows of a version. One session writes all of them.
"""

import json
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tables"))

from spark_tables import open_session  # noqa: E402

TYPES = "id string, category string, n int"
FEED_PROPERTY = "delta.enableChangeDataFeed"


class Writer:
    def __init__(self, spark, folder, about):
        self.spark = spark
        self.folder = folder
        self.path = str(folder / "rows")
        self.name = f"delta.`{self.path}`"
        self.types = TYPES
        self.oldest = 0
        self.seen = -1
        properties = {
            FEED_PROPERTY: str(about["feed"]).lower(),
            "delta.enableDeletionVectors": str(about["vectors"]).lower(),
        }
        listed = ", ".join(f"'{name}' = '{value}'" for name, value in properties.items())
        partitioned = "PARTITIONED BY (category)" if about["partitioned"] else ""
        self.sql(f"CREATE TABLE {{}} ({TYPES}) USING delta {partitioned} TBLPROPERTIES ({listed})")

    def sql(self, text):
        return self.spark.sql(text.format(self.name))

    def frame(self, rows):
        names = [part.split()[0] for part in self.types.split(", ")]
        data = [tuple(row.get(name) for name in names) for row in rows]
        return self.spark.createDataFrame(data, self.types).coalesce(1)

    def version(self):
        return self.sql("DESCRIBE HISTORY {} LIMIT 1").collect()[0]["version"]

    def step(self, step):
        match step["do"]:
            case "append":
                self.frame(step["rows"]).write.format("delta").mode("append").save(self.path)
            case "delete":
                self.sql(f"DELETE FROM {{}} WHERE {step['where']}")
            case "update":
                sets = ", ".join(f"{column} = {value}" for column, value in step["set"].items())
                self.sql(f"UPDATE {{}} SET {sets} WHERE {step['where']}")
            case "merge":
                self.frame(step["rows"]).createOrReplaceTempView("s")
                self.sql(
                    "MERGE INTO {} t USING s ON t.id = s.id"
                    " WHEN MATCHED AND s.n % 3 = 0 THEN DELETE"
                    " WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
                )
            case "permute":
                pairs = self.spark.createDataFrame(step["pairs"], "id string, other string")
                pairs.createOrReplaceTempView("s")
                self.sql(
                    "MERGE INTO {} t USING s ON t.id = s.id"
                    " WHEN MATCHED THEN UPDATE SET t.id = s.other"
                )
            case "overwrite":
                writer = self.frame(step["rows"]).write.format("delta").mode("overwrite")
                if "where" in step:
                    writer = writer.option("replaceWhere", step["where"])
                writer.save(self.path)
            case "restore":
                version = max(self.version() - step["back"], self.oldest)
                if version < self.version():
                    self.sql(f"RESTORE TABLE {{}} TO VERSION AS OF {version}")
            case "optimize":
                self.sql("OPTIMIZE {}")
            case "feed":
                value = str(step["on"]).lower()
                self.sql(f"ALTER TABLE {{}} SET TBLPROPERTIES ('{FEED_PROPERTY}' = '{value}')")
            case "column":
                self.sql(f"ALTER TABLE {{}} ADD COLUMNS ({step['name']} string)")
                self.types += f", {step['name']} string"
                self.oldest = self.version()

    def save_rows(self):
        """Of the versions that are new."""
        for version in range(self.seen + 1, self.version() + 1):
            reader = self.spark.read.format("delta").option("versionAsOf", version)
            rows = [row.asDict() for row in reader.load(self.path).collect()]
            (self.folder / f"rows.{version}.json").write_text(json.dumps(rows))
            self.seen = version


def main():
    folder = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        jars = pathlib.Path(os.environ["SPILLWAY_SPARK_JARS"])
        spark = open_session(jars, pathlib.Path(scratch))
        for plan_file in sorted(folder.glob("*/plan.json")):
            plan = json.loads(plan_file.read_text())
            writer = Writer(spark, plan_file.parent, plan["about"])
            for step in plan["steps"]:
                writer.step(step)
            writer.save_rows()
            print(plan_file.parent.name, writer.seen, flush=True)
        spark.stop()


if __name__ == "__main__":
    main()

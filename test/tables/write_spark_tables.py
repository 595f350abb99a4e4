"""Writes the test tables that need Spark with delta-spark, each with its rows as Spark reads them.

  write_spark_tables.py OUTPUT_FOLDER [NAME...]

Run it with the interpreter and the jars of `tools/setup/setup.sh full`. One session writes all
tables; the archives in archive/ are made from the output by pack_tables.py.
"""

import json
import os

# Python's side of Spark makes instants local: before the first of them is read.
os.environ["TZ"] = "UTC"

import spark_tables_of_log  # noqa: F401  (importing registers the recipes)
import spark_tables_of_types  # noqa: F401
from spark_tables import RECIPES, WRITER, Table, plain, write_all
from table_archive import About, save_about, save_rows


def content(spark, path, version=None):
    reader = spark.read.format("delta")
    frame = (reader.option("versionAsOf", version) if version is not None else reader).load(path)
    rows = [plain(row, frame.schema) for row in frame.collect()]
    return frame.schema, sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def write(spark, recipe, folder):
    path = str(folder / "table")
    recipe.write(Table(spark, path))
    schema, rows = content(spark, path)
    save_rows(folder / "expected.jsonl", rows)
    for version in recipe.about.get("versions", []):
        save_rows(folder / f"expected.{version}.jsonl", content(spark, path, version)[1])
    save_about(folder, About(writer=WRITER, schema=json.loads(schema.json()), **recipe.about))
    print(f"{folder.name}: {len(rows)} rows", flush=True)


if __name__ == "__main__":
    write_all(write, RECIPES)

"""Writes the test tables that need Spark with delta-spark, each with its rows as Spark reads them.

  write_spark_tables.py OUTPUT_FOLDER [NAME...]

Run it with the interpreter and the jars of `tools/setup/setup.sh full`. One session writes all
tables; the archives in archive/ are made from the output by pack_tables.py.
"""

import json
import os
import pathlib
import shutil
import sys

# Python's side of Spark makes instants local: before the first of them is read.
os.environ["TZ"] = "UTC"

import pyspark

import spark_tables_of_log  # noqa: F401  (importing registers the recipes)
import spark_tables_of_types  # noqa: F401
from spark_tables import RECIPES, Table, open_session, plain
from table_archive import About, save_about, save_rows

DELTA_VERSION = "4.0.1"


def content(spark, path, version=None):
    reader = spark.read.format("delta")
    frame = (reader.option("versionAsOf", version) if version is not None else reader).load(path)
    rows = [plain(row, frame.schema) for row in frame.collect()]
    return frame.schema, sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def write(spark, name, output):
    recipe = RECIPES[name]
    folder = output / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = str(folder / "table")
    recipe.write(Table(spark, path))
    schema, rows = content(spark, path)
    save_rows(folder / "expected.jsonl", rows)
    for version in recipe.about.get("versions", []):
        save_rows(folder / f"expected.{version}.jsonl", content(spark, path, version)[1])
    writer = f"Spark {pyspark.__version__}, delta-spark {DELTA_VERSION}"
    save_about(folder, About(writer=writer, schema=json.loads(schema.json()), **recipe.about))
    print(f"{name}: {len(rows)} rows", flush=True)


def main():
    output = pathlib.Path(sys.argv[1]).resolve()
    names = sys.argv[2:] or list(RECIPES)
    scratch = output / ".scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    spark = open_session(pathlib.Path(os.environ["SPILLWAY_SPARK_JARS"]), scratch)
    failed = []
    for name in names:
        try:
            write(spark, name, output)
        except (
            Exception
        ) as error:  # noqa: BLE001: one table that cannot be written must not hide the others
            failed.append(name)
            print(f"{name}: {str(error)[:500]}", file=sys.stderr, flush=True)
    spark.stop()
    shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(f"not written: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()

"""Writes the tables of changes that need Spark, with what Spark reads of each version.

  write_spark_changes.py OUTPUT_FOLDER [NAME...]

As write_spark_tables.py; change_tables.py says what the output holds.
"""

import json
import os

# Python's side of Spark makes instants local: before the first of them is read.
os.environ["TZ"] = "UTC"

import spark_tables_of_changes  # noqa: F401  (importing registers the recipes)
from change_recipes import RECIPES
from change_tables import SIGNS, About, row_text, save_about, save_lines
from spark_tables import WRITER, Table, write_all


def plain(row):
    """Structs as dicts: their fields have names."""
    return [value.asDict(recursive=True) if hasattr(value, "asDict") else value for value in row]


def save_version(spark, folder, columns, version):
    path = str(folder / "table")
    rows = spark.read.format("delta").option("versionAsOf", version).load(path).select(columns)
    save_lines(folder / f"rows.{version}.txt", [row_text(plain(row)) for row in rows.collect()])


def save_feed(spark, folder, columns, version):
    """False when the version has no feed."""
    reader = spark.read.format("delta").option("readChangeFeed", "true")
    reader = reader.option("startingVersion", version).option("endingVersion", version)
    try:
        images = reader.load(str(folder / "table")).select(["_change_type", *columns]).collect()
    except Exception as error:  # noqa: BLE001: many ways to say that there is none
        print(f"  version {version}: {str(error)[:100]!r}", flush=True)
        return False
    lines = [SIGNS[row[0]] + row_text(plain(row[1:])) for row in images]
    save_lines(folder / f"feed.{version}.txt", lines)
    return True


def commit_time(folder, version):
    log = folder / "table" / "_delta_log" / f"{version:020}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    found = [a["commitInfo"].get("inCommitTimestamp") for a in actions if "commitInfo" in a]
    return found[0] if found else None


def write(spark, recipe, folder):
    recipe.write(Table(spark, str(folder / "table")))
    newest = max(int(f.stem) for f in (folder / "table" / "_delta_log").glob("0*.json")
                 if f.stem.isdigit())
    about = About(writer=WRITER,
                  shows=recipe.shows, columns=recipe.columns, first=recipe.first,
                  last=newest if recipe.last is None else recipe.last, stops=recipe.stops)
    for version in range(about.first, about.last + 1):
        save_version(spark, folder, about.columns, version)
        if version > about.first:
            has_feed = save_feed(spark, folder, about.columns, version)
            about.methods.append("feed" if has_feed else "files")
            time = commit_time(folder, version) if recipe.times else None
            if time is not None:
                about.times[str(version)] = time
    save_about(folder, about)
    feeds = about.methods.count("feed")
    print(f"{folder.name}: {about.last} versions, {feeds} with a feed", flush=True)


if __name__ == "__main__":
    write_all(write, RECIPES)

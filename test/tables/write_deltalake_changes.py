"""Writes the tables of changes that delta-rs writes, with what delta-rs reads of each version.

  write_deltalake_changes.py OUTPUT_FOLDER [NAME...]

change_tables.py says what the output holds.
"""

import pathlib
import shutil
import sys

import deltalake
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from change_recipes import RECIPES, changes
from change_tables import SIGNS, About, row_text, save_about, save_lines

FEED = {"delta.enableChangeDataFeed": "true"}
COLUMNS = ["id", "category", "stock"]


def products(first, last, stock=0):
    numbers = range(first, last + 1)
    return pa.table({
        "id": [f"p{n:03}" for n in numbers],
        "category": [f"c{n % 3}" for n in numbers],
        "stock": pa.array([n + stock for n in numbers], pa.int32()),
    })


def merge(path, source):
    return DeltaTable(path).merge(
        source, predicate="t.id = s.id", source_alias="s", target_alias="t"
    )


def every_operation(path, **options):
    write_deltalake(path, products(1, 20), **options)
    write_deltalake(path, products(21, 30), mode="append")
    DeltaTable(path).update(predicate="stock > 25", updates={"stock": "stock + 100"})
    DeltaTable(path).delete(predicate="stock < 4")
    merge(path, products(18, 33, 500)).when_matched_update_all().when_not_matched_insert_all(
    ).execute()
    merge(path, products(4, 5)).when_matched_delete().execute()
    merge(path, products(30, 40, 900)).when_not_matched_insert_all().execute()
    DeltaTable(path).update(updates={"id": "concat('q', id)"})  # every key changes
    DeltaTable(path).optimize.compact()
    write_deltalake(path, products(1, 9), mode="overwrite")
    DeltaTable(path).restore(3)
    DeltaTable(path).update(predicate="stock = 7", updates={"category": "'moved'"})
    DeltaTable(path).vacuum(retention_hours=1000, dry_run=False)
    DeltaTable(path).delete()
    write_deltalake(path, products(7, 9), mode="append")


@changes("every operation of delta-rs, with the feed", columns=COLUMNS)
def rs_feed(path):
    every_operation(path, configuration=FEED)


@changes("every operation of delta-rs, partitioned, with the feed", columns=COLUMNS)
def rs_feed_partitioned(path):
    every_operation(path, configuration=FEED, partition_by=["category"])


@changes("every operation of delta-rs, without the feed", columns=COLUMNS)
def rs_files(path):
    every_operation(path)


@changes("the rows that a condition names overwritten", columns=COLUMNS)
def rs_replace_where(path):
    write_deltalake(path, products(1, 20), configuration=FEED)
    write_deltalake(path, products(8, 10, 50), mode="overwrite",
                    predicate="stock >= 8 AND stock < 90")


def save_feed(folder, columns, version):
    """False when the version has no feed: delta-rs would make one up."""
    table = DeltaTable(folder / "table", version=version)
    if table.metadata().configuration.get("delta.enableChangeDataFeed") != "true":
        return False
    images = pa.table(table.load_cdf(version, version).read_all())
    rows = images.select(["_change_type", *columns]).to_pylist()
    lines = [SIGNS[row["_change_type"]] + row_text([row[c] for c in columns]) for row in rows]
    save_lines(folder / f"feed.{version}.txt", lines)
    return True


def write(name, output):
    recipe = RECIPES[name]
    folder = output / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    recipe.write(str(folder / "table"))
    about = About(writer=f"delta-rs {deltalake.__version__}", shows=recipe.shows,
                  columns=recipe.columns, last=DeltaTable(folder / "table").version())
    for version in range(about.last + 1):
        rows = DeltaTable(folder / "table", version=version).to_pyarrow_table().to_pylist()
        lines = [row_text([row[column] for column in about.columns]) for row in rows]
        save_lines(folder / f"rows.{version}.txt", lines)
        if version > 0:
            has_feed = save_feed(folder, about.columns, version)
            about.methods.append("feed" if has_feed else "files")
    save_about(folder, about)
    print(f"{name}: {about.last} versions, {about.methods.count('feed')} with a feed")


def main():
    output = pathlib.Path(sys.argv[1]).resolve()
    for name in sys.argv[2:] or list(RECIPES):
        write(name, output)


if __name__ == "__main__":
    main()

"""Writes the test tables that delta-rs writes, each with its rows as delta-rs reads them.

  write_deltalake_tables.py OUTPUT_FOLDER [NAME...]

Quick enough to run before every test; table_archive.py says what the output holds.
"""

import base64
import datetime
import decimal
import json
import math
import pathlib
import shutil
import sys

import deltalake
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from table_archive import About, save_about, save_rows

RECIPES = {}


def table(shows: str, **about):
    """Registers a function that writes one table at a path; `about` are fields of About."""

    def register(function):
        RECIPES["rs_" + function.__name__] = (function, {"shows": shows, **about})
        return function

    return register


def products(first: int, last: int, factor: float = 1.5) -> pa.Table:
    numbers = range(first, last + 1)
    return pa.table(
        {
            "id": [f"p{n:04}" for n in numbers],
            "category": [f"c{n % 3}" for n in numbers],
            "price": [n * factor for n in numbers],
            "stock": pa.array(numbers, pa.int32()),
        }
    )


@table("append", versions=[0, 1])
def append(path):
    for first in (1, 11, 21):
        write_deltalake(path, products(first, first + 9), mode="append")


@table("overwrite")
def overwrite(path):
    write_deltalake(path, products(1, 20))
    write_deltalake(path, products(11, 25, 2.0), mode="overwrite")


@table("overwrite of the rows that a condition names")
def overwrite_where(path):
    write_deltalake(path, products(1, 20))
    write_deltalake(path, products(15, 22, 3.0), mode="overwrite", predicate="stock >= 15")


@table("DELETE that rewrites files")
def delete(path):
    write_deltalake(path, products(1, 20))
    DeltaTable(path).delete("stock % 4 = 0")


@table("DELETE of a whole partition", partition_key="/category")
def delete_partition(path):
    write_deltalake(path, products(1, 12), partition_by=["category"])
    DeltaTable(path).delete("category = 'c2'")


@table("DELETE of every row")
def delete_all(path):
    write_deltalake(path, products(1, 12))
    DeltaTable(path).delete()


@table("a table created and never written")
def never_written(path):
    DeltaTable.create(path, products(1, 1).schema)


@table("UPDATE")
def update(path):
    write_deltalake(path, products(1, 20))
    DeltaTable(path).update(updates={"price": "price + 0.25"}, predicate="stock BETWEEN 5 AND 9")


@table("MERGE that updates, inserts and deletes, change data feed on")
def merge(path):
    write_deltalake(path, products(1, 20), configuration={"delta.enableChangeDataFeed": "true"})
    (
        DeltaTable(path)
        .merge(products(10, 25, 7.0), "t.id = s.id", source_alias="s", target_alias="t")
        .when_matched_delete(predicate="s.stock % 5 = 0")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )


@table("compaction and z-order of many small files")
def optimize(path):
    for first in range(1, 21, 5):
        write_deltalake(path, products(first, first + 4), mode="append")
    DeltaTable(path).optimize.compact()
    DeltaTable(path).optimize.z_order(["category"])


@table("RESTORE to an older version")
def restore(path):
    write_deltalake(path, products(1, 10))
    DeltaTable(path).delete("stock > 3")
    write_deltalake(path, products(20, 22), mode="append")
    DeltaTable(path).restore(0)


@table("a column added by a write")
def add_column(path):
    write_deltalake(path, products(1, 5))
    more = products(6, 8).append_column("colour", pa.array(["red", None, "blue"]))
    write_deltalake(path, more, mode="append", schema_mode="merge")


@table("a schema replaced by an overwrite")
def overwrite_schema(path):
    write_deltalake(path, products(1, 5))
    other = pa.table({"id": ["a", "b"], "title": ["first", None]})
    write_deltalake(path, other, mode="overwrite", schema_mode="overwrite")


@table("a checkpoint, with the log before it cleaned away")
def checkpoint(path):
    for first in range(1, 31, 10):
        write_deltalake(path, products(first, first + 9), mode="append", partition_by=["category"])
    DeltaTable(path).delete("stock % 10 = 3")
    DeltaTable(path).create_checkpoint()
    for commit in pathlib.Path(path, "_delta_log").glob("0*.json"):
        if int(commit.stem) < 3:
            commit.unlink()
    write_deltalake(path, products(100, 101), mode="append", partition_by=["category"])


@table("partition values that paths escape, and NULL", partition_key="/place")
def partition_strings(path):
    places = ["100%", "a/b", "a b", "a:b", "k=v", "q?", "h#", "grün", "日本", "%2F", "a&b", None]
    rows = pa.table({"id": [f"r{i}" for i in range(len(places))], "place": places})
    write_deltalake(path, rows, partition_by=["place"])


@table("partitions by number, date, timestamp and boolean")
def partition_types(path):
    instant = datetime.datetime(2024, 3, 31, 1, 30, 0, 1, tzinfo=datetime.timezone.utc)
    rows = pa.table(
        {
            "id": ["all", "none"],
            "n": pa.array([9007199254740991, None], pa.int64()),
            "day": pa.array([datetime.date(2024, 2, 29), None], pa.date32()),
            "at": pa.array([instant, None], pa.timestamp("us", "UTC")),
            "yes": pa.array([True, None]),
            "price": pa.array([decimal.Decimal("12.95"), None], pa.decimal128(10, 2)),
        }
    )
    write_deltalake(path, rows, partition_by=["n", "day", "at", "yes", "price"])


@table("every type that delta-rs writes", documents={"inexact_numbers": "string"})
def types(path):
    local = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
    people = pa.struct([("name", pa.string()), ("tags", pa.list_(pa.string()))])
    rows = pa.table(
        {
            "id": ["full", "null"],
            "t": pa.array([True, None]),
            "b": pa.array([-128, None], pa.int8()),
            "sh": pa.array([-32768, None], pa.int16()),
            "i": pa.array([-2147483648, None], pa.int32()),
            "l": pa.array([9007199254740993, None], pa.int64()),
            "f": pa.array([0.1, None], pa.float32()),
            "d": pa.array([0.1, None], pa.float64()),
            "dec": pa.array([decimal.Decimal("12.95"), None], pa.decimal128(38, 18)),
            "bin": pa.array([b"\x00\xff", None], pa.binary()),
            "day": pa.array([datetime.date(1969, 12, 31), None], pa.date32()),
            "at": pa.array(
                [local.replace(tzinfo=datetime.timezone.utc), None], pa.timestamp("us", "UTC")
            ),
            "local": pa.array([local, None], pa.timestamp("us")),
            "person": pa.array([{"name": "x", "tags": ["a", None]}, None], people),
            "people": pa.array([[{"name": None, "tags": []}, None], None], pa.list_(people)),
            "m": pa.array([[("k", 1), ("l", None)], None], pa.map_(pa.string(), pa.int32())),
        }
    )
    write_deltalake(path, rows)


@table("many small files")
def many_files(path):
    for first in range(0, 60, 3):
        write_deltalake(path, products(first, first + 2), mode="append")


@table("files with several row groups")
def row_groups(path):
    properties = deltalake.WriterProperties(max_row_group_size=500)
    write_deltalake(path, products(1, 4000), writer_properties=properties)


# ---- Rows, as table_archive.py documents them ----


def plain(value, kind: pa.DataType):
    """One value of Arrow's Python form in the form that table_archive.py documents."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return {field.name: plain(value[field.name], field.type) for field in kind}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [plain(item, kind.value_type) for item in value]
    if pa.types.is_map(kind):
        return {str(key): plain(item, kind.item_type) for key, item in value}
    if pa.types.is_floating(kind):
        return value if math.isfinite(value) else str(value)
    if pa.types.is_decimal(kind):
        return format(value, "f")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if pa.types.is_timestamp(kind):
        text = value.replace(tzinfo=None).isoformat(timespec="microseconds")
        return text + ("Z" if kind.tz else "")
    if pa.types.is_date(kind):
        return value.isoformat()
    return value


def content(path, version=None):
    data = DeltaTable(path, version=version).to_pyarrow_table()
    rows = [{f.name: plain(row[f.name], f.type) for f in data.schema} for row in data.to_pylist()]
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def write(name: str, output: pathlib.Path) -> None:
    function, about = RECIPES[name]
    folder = output / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = str(folder / "table")
    function(path)
    save_rows(folder / "expected.jsonl", content(path))
    for version in about.get("versions", []):
        save_rows(folder / f"expected.{version}.jsonl", content(path, version))
    schema = json.loads(DeltaTable(path).schema().to_json())
    save_about(folder, About(writer=f"deltalake {deltalake.__version__}", schema=schema, **about))


def main():
    output = pathlib.Path(sys.argv[1]).resolve()
    for name in sys.argv[2:] or RECIPES:
        write(name, output)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes the Parquet files that the tests of this folder read (pyarrow 26.0.1).

The tests write the Delta logs around them by hand. Run it only to change the files; the expected
rows are in delta_read_test.cc.
"""

import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
UTC = datetime.timezone.utc

ROWS = pa.schema([
    ("id", pa.int64()),
    ("name", pa.string()),
    ("price", pa.decimal128(10, 2)),
    ("created", pa.timestamp("us", "UTC")),
    ("local", pa.timestamp("us")),
    ("day", pa.date32()),
    ("ratio", pa.float64()),
    ("flag", pa.bool_()),
    ("data", pa.binary()),
    ("tags", pa.list_(pa.string())),
    ("counts", pa.map_(pa.string(), pa.int32())),
    ("address", pa.struct([("street", pa.string()), ("zip", pa.int32())])),
])


def row(i):
    """Row 3 is NULL in every column but id."""
    if i == 3:
        return {"id": 3}
    return {
        "id": i,
        "name": f"row {i}",
        "price": decimal.Decimal(i * 125).scaleb(-2),
        "created": datetime.datetime(2024, 1, 1, 0, 0, i, 500, tzinfo=UTC),
        "local": datetime.datetime(1999, 12, 31, 23, 59, i),
        "day": datetime.date(2024, 2, 20 + i),
        "ratio": i / 4,
        "flag": i % 2 == 0,
        "data": bytes([i, 255]),
        "tags": [f"t{j}" for j in range(i % 3)],
        "counts": [(f"k{j}", j) for j in range(i % 2 + 1)],
        "address": {"street": f"street {i}", "zip": 1000 + i} if i != 5 else {"street": None},
    }


def write(name, table, **options):
    pq.write_table(table, HERE / name, compression="snappy", **options)


def main():
    rows = [row(i) for i in range(10)]
    # Three row groups, of 4, 4 and 2 rows.
    write("rows.parquet", pa.Table.from_pylist(rows, ROWS), row_group_size=4)
    write("empty.parquet", pa.Table.from_pylist([], ROWS))
    # The types of an older schema: id and zip were widened since, price has grown, name was added.
    narrow = pa.table({"id": pa.array([1, None], pa.int32()),
                       "price": pa.array([decimal.Decimal("1.25")] * 2, pa.decimal128(5, 2)),
                       "ratio": pa.array([0.5, 1.5], pa.float32()),
                       "day": pa.array([datetime.date(2024, 2, 29)] * 2)})
    write("narrow.parquet", narrow)
    # Spark's default timestamps, at both ends of its calendar.
    int96 = pa.table({"id": pa.array([1, 2], pa.int64()),
                      "created": pa.array([datetime.datetime(1, 1, 1),
                                           datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)],
                                          pa.timestamp("us"))})
    write("int96.parquet", int96, use_deprecated_int96_timestamps=True)
    # Two row groups, ids 0-4 and 5-9, under physical names as column mapping gives them.
    mapped = pa.table({"col-1": pa.array(range(10), pa.int64()),
                       "col-2": pa.StructArray.from_arrays(
                           [pa.array([f"s{i}" for i in range(10)])], ["col-3"])})
    write("mapped.parquet", mapped, row_group_size=5)
    # Columns that only their field ids name.
    by_id = pa.schema([pa.field("x", pa.int64(), metadata={"PARQUET:field_id": "7"}),
                       pa.field("y", pa.string(), metadata={"PARQUET:field_id": "8"})])
    write("by_id.parquet", pa.table({"x": [1, 2], "y": ["a", None]}, schema=by_id))
    # Files of the change feed: every type of change; those of old writers; none; an unknown one.
    for name, types in {
        "feed.parquet": ["insert", "update_preimage", "update_postimage", "delete"],
        "feed_old.parquet": ["update_pre", "update_post"],
        "feed_null.parquet": ["insert", None],
        "feed_unknown.parquet": ["insert", "upsert"],
    }.items():
        ids = pa.array([100 + i // 2 for i in range(len(types))], pa.int64())
        names = pa.array([f"name {i}" for i in range(len(types))])
        write(name, pa.table({"id": ids, "name": names,
                              "_change_type": pa.array(types, pa.string())}))


if __name__ == "__main__":
    main()

"""Writes the Delta tables of the benchmarks: make_bench_tables.py SHAPE ROWS FOLDER [FILES].

  T   about 50 bytes, 2 columns: for very many rows
  S   about 0.35 KB as a document, 11 columns
  M   about 1 KB, 25 mixed columns, a tenth of the values NULL, a struct and a list
  L   about 10 KB, 100 columns

The same shape and number of rows always give the same values.
"""

import pathlib
import sys

import numpy
import pyarrow as pa
from deltalake import write_deltalake

SEED = 7
ROWS_OF_CHUNK = 50_000
NULL_SHARE = 0.1
FIRST_DAY, DAYS = 19_000, 1_500
MICROS_OF_DAY = 86_400_000_000
WORDS = numpy.array(
    "amber basin canal delta eddy fjord gorge haven inlet jetty kelp lagoon marsh narrows oxbow "
    "pool quay reef sluice tide upland vale weir yard zone".split()
)
COLOURS = pa.array(["red", "green", "blue", "black", "white", "silver", "petrol", "sand"])


class Columns:
    """Random columns of one chunk of rows."""

    def __init__(self, first: int, rows: int, null_share: float):
        self.first, self.rows, self.null_share = first, rows, null_share
        self.random = numpy.random.default_rng([SEED, first])

    def mask(self):
        return self.random.random(self.rows) < self.null_share if self.null_share else None

    def key(self, prefix: str) -> pa.Array:
        return pa.array([f"{prefix}{n:010}" for n in range(self.first, self.first + self.rows)])

    def integer(self, high: int, kind) -> pa.Array:
        return pa.array(self.random.integers(0, high, self.rows), kind, mask=self.mask())

    def real(self) -> pa.Array:
        values = numpy.round(self.random.random(self.rows) * 1000, 4)
        return pa.array(values, pa.float64(), mask=self.mask())

    def boolean(self) -> pa.Array:
        return pa.array(self.random.random(self.rows) < 0.5, mask=self.mask())

    def decimal(self) -> pa.Array:
        euros = self.random.integers(0, 10_000_000, self.rows) / 100
        return pa.array(euros, mask=self.mask()).cast(pa.decimal128(12, 2))

    def day(self) -> pa.Array:
        days = FIRST_DAY + self.random.integers(0, DAYS, self.rows)
        return pa.array(days.astype("int32"), mask=self.mask()).cast(pa.date32())

    def instant(self) -> pa.Array:
        since = self.random.integers(0, DAYS * MICROS_OF_DAY, self.rows)
        micros = FIRST_DAY * MICROS_OF_DAY + since
        return pa.array(micros, pa.timestamp("us", "UTC"), mask=self.mask())

    def choice(self, values: pa.Array) -> pa.Array:
        picked = pa.array(self.random.integers(0, len(values), self.rows), mask=self.mask())
        return values.take(picked)

    def text(self, words: int) -> pa.Array:
        picked = WORDS[self.random.integers(0, len(WORDS), (self.rows, words))]
        mask = self.mask()
        lines = [" ".join(line) for line in picked]
        if mask is None:
            return pa.array(lines)
        return pa.array([None if null else line for line, null in zip(lines, mask)])

    def tags(self) -> pa.Array:
        lengths = self.random.integers(0, 4, self.rows)
        offsets = numpy.concatenate([[0], numpy.cumsum(lengths)]).astype("int32")
        picked = WORDS[self.random.integers(0, len(WORDS), offsets[-1])]
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(picked))

    def struct(self) -> pa.Array:
        parts = {
            "width": self.integer(500, pa.int32()),
            "height": self.integer(500, pa.int32()),
            "unit": self.choice(pa.array(["mm", "cm", "inch"])),
        }
        return pa.StructArray.from_arrays(list(parts.values()), names=list(parts))


def tiny(c: Columns) -> dict:
    return {"id": c.key("p"), "stock": c.integer(10_000, pa.int32())}


def small(c: Columns) -> dict:
    return {
        "id": c.key("p"),
        "category": c.choice(COLOURS),
        "name": c.text(4),
        "note": c.text(17),
        "price": c.decimal(),
        "weight": c.real(),
        "stock": c.integer(10_000, pa.int32()),
        "seller": c.integer(10**9, pa.int64()),
        "active": c.boolean(),
        "created": c.instant(),
        "day": c.day(),
    }


def medium(c: Columns) -> dict:
    columns = {"id": c.key("p"), "category": c.choice(COLOURS).fill_null("none")}
    for i in range(4):
        columns[f"title{i}"] = c.text(7)
    for i in range(3):
        columns[f"text{i}"] = c.text(24)
    for i in range(3):
        columns[f"count{i}"] = c.integer(100_000, pa.int32())
    for i in range(2):
        columns[f"number{i}"] = c.integer(10**12, pa.int64())
    for i in range(3):
        columns[f"ratio{i}"] = c.real()
    columns.update(
        price=c.decimal(),
        active=c.boolean(),
        sold=c.boolean(),
        created=c.instant(),
        updated=c.instant(),
        day=c.day(),
        size=c.struct(),
        tags=c.tags(),
    )
    return columns


def large(c: Columns) -> dict:
    columns = {"id": c.key("p"), "category": c.choice(COLOURS).fill_null("none")}
    makers = [
        lambda: c.text(37),
        lambda: c.text(37),
        lambda: c.integer(10**9, pa.int64()),
        c.real,
        c.instant,
    ]
    for i in range(98):
        columns[f"column{i:02}"] = makers[i % len(makers)]()
    return columns


SHAPES = {"T": (tiny, 0.0), "S": (small, 0.0), "M": (medium, NULL_SHARE), "L": (large, NULL_SHARE)}


def main():
    shape, rows, folder = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
    files = int(sys.argv[4]) if len(sys.argv) > 4 else 8
    make, null_share = SHAPES[shape]
    rows_of_file = -(-rows // files)
    for start in range(0, rows, rows_of_file):
        end = min(start + rows_of_file, rows)
        chunks = (
            pa.record_batch(make(Columns(first, min(ROWS_OF_CHUNK, end - first), null_share)))
            for first in range(start, end, ROWS_OF_CHUNK)
        )
        write_deltalake(str(folder), pa.Table.from_batches(chunks), mode="append")


if __name__ == "__main__":
    main()

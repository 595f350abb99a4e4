"""Writes the demo's Delta table with delta-rs: products of a shop, in two commits."""

import datetime
import decimal
import random
import sys

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

CATEGORIES = [f"{place} {kind}" for place in ("kitchen", "office", "garden", "travel")
              for kind in ("drinkware", "stationery", "bags", "apparel", "toys", "tools")]
ADJECTIVES = ["Blue", "Quiet", "Sturdy", "Tiny", "Golden", "Plain", "Curious", "Warm"]
NOUNS = ["mug", "notebook", "satchel", "scarf", "kite", "lantern", "flask", "pencil"]

SCHEMA = pa.schema([
    ("id", pa.string()),
    ("name", pa.string()),
    ("category", pa.string()),
    ("price", pa.decimal128(10, 2)),
    ("stock", pa.int32()),
    ("rating", pa.float64()),
    ("tags", pa.list_(pa.string())),
    ("size", pa.struct([("width", pa.int32()), ("height", pa.int32())])),
    ("created", pa.timestamp("us", tz="UTC")),
    ("available", pa.bool_()),
])


def product(number, rng):
    return {
        "id": f"p{number:06}",
        "name": f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}",
        "category": rng.choice(CATEGORIES),
        "price": decimal.Decimal(rng.randrange(100, 9999)) / 100,
        "stock": rng.randrange(0, 500),
        "rating": None if rng.random() < 0.1 else round(rng.uniform(1, 5), 1),
        "tags": rng.sample(["new", "sale", "gift", "eco", "limited"], rng.randrange(0, 3)),
        "size": {"width": rng.randrange(1, 80), "height": rng.randrange(1, 80)},
        "created": datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
        + datetime.timedelta(seconds=rng.randrange(0, 25_000_000)),
        "available": rng.random() < 0.9,
    }


def main(path, rows):
    rng = random.Random(2026)
    first = [product(number, rng) for number in range(rows)]
    configuration = {"delta.enableChangeDataFeed": "true"}
    write_deltalake(path, pa.Table.from_pylist(first, schema=SCHEMA), configuration=configuration)
    # The shop withdraws what is out of stock: a second version, with rows deleted.
    DeltaTable(path).delete("stock < 5")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

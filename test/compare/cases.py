"""What the comparison changes in a table: a function per case, each by delta-rs."""

import dataclasses
from collections.abc import Callable

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

ROWS = 200
SCHEMA = pa.schema([("id", pa.string()), ("category", pa.string()), ("name", pa.string()),
                    ("price", pa.int64())])


def rows(first: int, count: int, price: int = 1) -> pa.Table:
    """Products by number; half of them are in either category."""
    numbers = range(first, first + count)
    return pa.table({"id": [f"p{n:04}" for n in numbers],
                     "category": ["cups" if n % 2 else "plates" for n in numbers],
                     "name": [f"product {n}" for n in numbers],
                     "price": [price] * count}, schema=SCHEMA)


def delete(path: str) -> None:
    DeltaTable(path).delete("category = 'cups'")


def update(path: str) -> None:
    DeltaTable(path).update(updates={"price": "price + 1"})


def move(path: str) -> None:
    DeltaTable(path).update(updates={"category": "'bowls'"}, predicate="category = 'cups'")


def update_five_times(path: str) -> None:
    for _ in range(5):
        DeltaTable(path).update(updates={"price": "price + 1"})


def insert(path: str) -> None:
    write_deltalake(path, rows(ROWS, ROWS // 2), mode="append")


def overwrite(path: str) -> None:
    write_deltalake(path, rows(ROWS // 2, ROWS, price=7), mode="overwrite")


@dataclasses.dataclass
class Case:
    """`change` follows the load. `unseen` happens while the load runs: who keeps the start version
    by hand takes the one after it."""

    name: str
    title: str
    change: Callable[[str], None]
    unseen: Callable[[str], None] | None = None


CASES = [
    Case("deleted", f"{ROWS // 2} rows deleted", delete),
    Case("updated", f"{ROWS} rows updated once", update),
    Case("moved", f"the partition key of {ROWS // 2} rows changed", move),
    Case("versions", f"{ROWS} rows updated five times between two runs", update_five_times),
    Case("inserted", f"{ROWS // 2} rows inserted", insert),
    Case("by_hand", "a commit during the load, and one after it", insert, unseen=update),
    Case("overwritten", f"the table overwritten: {ROWS // 2} rows go, as many stay, as many come",
         overwrite),
]

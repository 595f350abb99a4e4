"""Changes the demo's Delta table as a shop does: a sale, a move, sold out, new products, a mistake."""

import random
import sys

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from make_table import SCHEMA, product


def main(path):
    table = DeltaTable(path)
    table.update(predicate="category = 'garden drinkware'", updates={"price": "price * 0.9"})
    print("a sale: every price of garden drinkware is cut by a tenth")
    table.update(predicate="id = 'p000042'", updates={"category": "'office toys'"})
    print("a move: one product changes its category, which is the container's partition key")
    table.delete("stock < 10")
    print("sold out: products with a stock below ten are deleted")
    rng = random.Random(500)
    rows = [dict(product(number, rng), id=f"n{number:06}") for number in range(500)]
    write_deltalake(path, pa.Table.from_pylist(rows, schema=SCHEMA), mode="append")
    print("new products: 500 of them")
    table = DeltaTable(path)
    table.update(predicate="id = 'n000007'", updates={"name": "'Mistake'"})
    table.delete("id = 'n000007'")
    print("a mistake: one of them is renamed, and then deleted")


if __name__ == "__main__":
    main(sys.argv[1])

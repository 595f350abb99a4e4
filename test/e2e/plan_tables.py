"""Ten tables that differ in what decides the cost and the pace of a load: sizes, shapes, keys."""

import random

import pyarrow as pa
from deltalake import write_deltalake


def zipf(count: int, generator) -> int:
    """1 to `count`, the first most often."""
    return int(count ** generator.random())


def text(generator, size: int) -> str:
    """No two alike, and of a size that Parquet does not hide."""
    return "".join(generator.choices("abcdefghijklmnopqrstuvwxyz ", k=16)) * (size // 16 + 1)


def ids(count: int) -> list:
    return [f"id-{n:07}" for n in range(count)]


def plain(count, generator) -> dict:
    """About 0.3 KB."""
    return {
        "name": [text(generator, 160) for _ in range(count)],
        "price": [generator.randrange(10_000) / 4 for _ in range(count)],
        "stock": pa.array([generator.randrange(1000) for _ in range(count)], pa.int32()),
        "active": [generator.random() < 0.9 for _ in range(count)],
    }


def large(count, generator) -> dict:
    """About 50 KB."""
    return {"body": [text(generator, 50_000) for _ in range(count)], "kind": ["note"] * count}


def mixed(count, generator) -> dict:
    """0.3 to 50 KB, most of them small; the large ones are not spread evenly over the rows."""
    sizes = [300 * 160 ** (generator.random() ** 3) for _ in range(count)]
    half = sorted(sizes[: count // 2])
    return {
        "body": [text(generator, int(size)) for size in half + sizes[count // 2 :]],
        "category": [f"c{generator.randrange(400)}" for _ in range(count)],
    }


def nested(count, generator) -> dict:
    def address():
        return {
            "street": text(generator, 30),
            "place": {"city": text(generator, 12), "zip": generator.randrange(99_999)},
        }

    def line():
        return {"article": text(generator, 16), "count": generator.randrange(9)}

    return {
        "address": [address() for _ in range(count)],
        "lines": [[line() for _ in range(generator.randrange(12))] for _ in range(count)],
        "tags": [generator.choices(["new", "old", "sale"], k=2) for _ in range(count)],
    }


def wide(count, generator) -> dict:
    """Eighty columns, most of them empty in most rows."""
    def value():
        return None if generator.random() < 0.6 else generator.randrange(10_000)

    return {f"c{n:02}": [value() for _ in range(count)] for n in range(80)}


def tenants(count, generator) -> dict:
    """A few tenants have most of the rows."""
    return {
        "tenant": [f"tenant-{zipf(300, generator)}" for _ in range(count)],
        "body": [text(generator, generator.randrange(100, 2000)) for _ in range(count)],
    }


def unique(count, generator) -> dict:
    return {
        "email": [f"{n}@example.org" for n in range(count)],
        "body": [text(generator, 600) for _ in range(count)],
    }


def write(path, make, count, seed=1, **options) -> dict:
    """The table of a recipe; returns its columns."""
    columns = {"id": ids(count), **make(count, random.Random(seed))}
    write_deltalake(str(path), pa.table(columns), **options)
    return columns

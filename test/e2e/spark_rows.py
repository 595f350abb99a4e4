"""The documents that the rows of SparkJobs._rows() become, and what jobs count."""

import datetime

NOON = 1_709_294_400
MICROS = 1_000_000
ROWS = 20_000


def row(n: int) -> dict:
    """As the connector would write it."""
    return {
        "id": str(n),
        "category": f"c{n % 7}",
        "n": n,
        "quarter": n / 4,
        "name": None if n % 3 == 0 else f"nämé {n}",
        "even": n % 2 == 0,
        "list": [n, n + 1],
        "inner": {"a": n, "b": "x"},
        "day": (datetime.date(2024, 3, 1) - datetime.date(1970, 1, 1)).days,
        "at": (NOON + n) * MICROS,
        "price": n * 3,
    }


def expected(count: int) -> dict:
    return {(f"c{n % 7}", str(n)): row(n) for n in range(count)}


def assert_counts(summary, **fates):
    counts = {name: count for name, count in summary["counts"].items() if count}
    for name in ("inserted", "replaced"):
        counts.pop(name, None)
    assert counts == ({"read": sum(fates.values()), **fates} if fates else {})

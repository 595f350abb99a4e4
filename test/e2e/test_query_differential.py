"""The local server's SQL against DuckDB's: random documents, random queries, the same answers.

SPILLWAY_FULL=1 raises the count; SPILLWAY_QUERY_SEED=N replays one world of documents and queries.
"""

import os
import random
from collections import Counter

import duckdb
import pytest
from azure.cosmos import PartitionKey

from random_query import COLUMNS, Dice, make_documents

FULL = os.environ.get("SPILLWAY_FULL") == "1"
SEEDS = 500 if FULL else 20
QUERIES_PER_SEED = 60
ONE_SEED = os.environ.get("SPILLWAY_QUERY_SEED")
SEEDS_PER_TEST = 10


def batches() -> list[range]:
    if ONE_SEED:
        return [range(int(ONE_SEED), int(ONE_SEED) + 1)]
    return [range(first, first + SEEDS_PER_TEST) for first in range(0, SEEDS, SEEDS_PER_TEST)]


def plain(value):
    """Numbers as doubles; what is missing and what is NULL as nothing."""
    if isinstance(value, dict):
        return tuple(sorted((name, plain(v)) for name, v in value.items() if v is not None))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    return float(value) + 0.0  # -0 is 0


def rows_of(relation) -> list[dict]:
    names = relation.columns
    return [dict(zip(names, row)) for row in relation.fetchall()]


def make_table(documents: list[dict]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE docs ({COLUMNS})")
    names = [column.split()[0] for column in COLUMNS.split(", ")]
    rows = [[document.get(name) for name in names] for document in documents]
    connection.executemany(f"INSERT INTO docs VALUES ({', '.join('?' * len(names))})", rows)
    return connection


@pytest.fixture(scope="module")
def container(emulator):
    from conftest import official_client

    database = official_client(emulator).create_database("differential")
    return database.create_container("worlds", PartitionKey("/world"), offer_throughput=100_000)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seeds", batches(), ids=lambda seeds: f"{seeds[0]}-{seeds[-1]}")
def test_random_queries_have_the_answers_of_another_engine(container, seeds):
    for seed in seeds:
        dice = random.Random(seed)
        documents = make_documents(dice)
        for document in documents:
            container.upsert_item({**document, "world": str(seed)})
        with make_table(documents) as table:
            for number in range(QUERIES_PER_SEED):
                compare(container, table, seed, number, Dice(dice).query())


def compare(container, table, seed, number, query) -> None:
    items = [plain(item) for item in container.query_items(query.cosmos, partition_key=str(seed))]
    rows = [plain(row) for row in rows_of(table.sql(query.duckdb))]
    same = items == rows if query.ordered else Counter(items) == Counter(rows)
    assert same, (f"query {number} of world {seed} (SPILLWAY_QUERY_SEED={seed} replays it)\n"
                  f"{query.cosmos}\n  {items}\n{query.duckdb}\n  {rows}")

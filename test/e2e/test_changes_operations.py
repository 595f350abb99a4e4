"""After the load every change of the table reaches the container, whatever operation made it."""

import re

import pyarrow as pa
import pytest
from deltalake import Field, write_deltalake
from deltalake.schema import PrimitiveType

from followed import FEED_WAS_OFF, OPERATIONS, ROWS, merge, methods, rows
from lake import FULL
from mirror import assert_adds_up, rows_of, version_of


@pytest.mark.parametrize("partition_by", [None, "category"], ids=["flat", "partitioned"])
@pytest.mark.parametrize("feed", [True, False], ids=["feed", "no feed"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_reaches_the_container(operation, feed, partition_by, followed):
    followed.create(feed=feed, partition_by=partition_by)
    loaded = followed.sync()
    assert loaded["counts"]["upserted"] == ROWS
    before = version_of(followed.path)
    OPERATIONS[operation](followed)
    versions = version_of(followed.path) - before
    assert versions > 0, "the operation made no commit"
    summary = followed.sync()
    expected = ("feed", "") if feed else ("files", FEED_WAS_OFF)
    assert methods(summary) == {expected: versions}
    assert followed.sync()["outcome"] == "up to date"


def test_all_operations_together_collapse_to_the_newest_state(followed):
    followed.create(partition_by="category")
    followed.sync()
    for operation in ("append", "update", "merge", "partition move", "delete", "replace where"):
        OPERATIONS[operation](followed)
    counts = followed.sync()["counts"]
    assert counts["superseded"] > 0


def test_rows_that_did_not_change_are_not_written(followed):
    followed.create()
    followed.sync()
    write_deltalake(str(followed.path), rows(range(ROWS)), mode="overwrite")
    summary = followed.sync()
    assert (summary["counts"]["read"], summary["counts"]["unchanged"]) == (2 * ROWS, ROWS)
    assert summary["requests"] == 0


# What became of every image, in the summary, in the history, and row by row of the same size.


def test_every_outcome_is_counted_where_it_belongs(followed):
    followed.create(source={"filter": "stock < 1000"}, sync={"max_rejected": "100%"})
    loaded = followed.sync()["counts"]
    assert (loaded["inserted"], loaded["replaced"]) == (ROWS, 0)
    followed.workspace.container().delete_item("p0031", "c1")
    followed.append(range(100, 107))
    followed.table.update(updates={"stock": "stock + 100"}, predicate="stock < 6")
    followed.table.delete("stock > 30 AND stock < 36")
    followed.append([2000, 2001, 2002])
    bad = rows([300]).set_column(0, "id", pa.array(["no/id"]))
    write_deltalake(str(followed.path), bad, mode="append")
    followed.table.update(updates={"stock": "stock"}, predicate="stock = 20")
    counts = assert_adds_up(followed.workspace.json("sync", "p"))
    # An update that changes nothing may be told as the rewritten file.
    unchanged = counts["unchanged"]
    assert unchanged >= 1
    expected = {
        "read": 7 + 2 * 6 + 5 + 3 + 1 + 2 * unchanged,
        "upserted": 7 + 6,
        "inserted": 7,
        "replaced": 6,
        "inserted_or_replaced": 0,
        "deleted": 4,
        "delete_found_nothing": 1,
        "unchanged": unchanged,
        "superseded": 6 + unchanged,
        "filtered": 3,
        "rejected": 1,
        "adds_up": True,
    }
    assert counts == expected
    run = followed.workspace.json("runs", "p")["runs"][0]
    assert (run["kind"], run["counts"]) == ("changes", expected)
    heading, line = followed.workspace.run("runs", "p").stdout.splitlines()[:2]
    assert ["inserted", "replaced", "deleted"] == heading.split()[8:11]
    # The columns add up too: read, and then inserted, replaced, deleted, left, rejected.
    left = 1 + 2 * unchanged + 6 + 3
    numbers = [str(n) for n in (expected["read"], 7, 6, 4, left, 1)]
    assert "  ".join(numbers) in re.sub(" +", "  ", line)
    followed.append([400])
    followed.table.update(updates={"stock": "stock + 1"}, predicate="stock = 7")
    text = followed.workspace.run("sync", "p").stdout
    assert "read 3 = upserted 2 (inserted 1, replaced 1) + superseded 1" in text


# What of a row is meant, and how much of it there is.


def test_an_added_column_goes_into_the_documents(followed):
    followed.create()
    followed.sync()
    followed.table.alter.add_columns([Field("note", PrimitiveType("string"))])
    noted = rows(range(100, 103)).append_column("note", pa.array(["x", None, "z"]))
    write_deltalake(str(followed.path), noted, mode="append")
    followed.workspace.run("sync", "p")
    # A document that was written before has no such field until its row changes.
    found = {d["id"]: d.get("note") for d in followed.workspace.documents()}
    assert found == {row["id"]: row["note"] for row in rows_of(followed.path)}
    followed.table.update(updates={"note": "'now'"})
    followed.sync()


def test_a_filter_is_judged_on_each_image(followed):
    followed.create(source={"filter": "stock < 20"})
    followed.workspace.run("sync", "p")
    followed.table.update(
        updates={"stock": "40 - stock"}, predicate="stock < 5 OR (stock > 22 AND stock < 30)"
    )
    assert_adds_up(followed.workspace.json("sync", "p"))
    found = {d["id"]: d["stock"] for d in followed.workspace.documents()}
    expected = {r["id"]: r["stock"] for r in rows_of(followed.path) if r["stock"] < 20}
    assert found == expected


def test_columns_that_are_not_mapped_change_nothing(followed):
    followed.create(source={"columns": ["id", "category"]})
    followed.workspace.run("sync", "p")
    followed.table.update(updates={"stock": "stock + 1"})
    summary = followed.workspace.json("sync", "p")
    assert (summary["counts"]["read"], summary["counts"]["unchanged"]) == (2 * ROWS, ROWS)
    assert summary["requests"] == 0


def test_a_commit_larger_than_memory_is_applied_within_it(followed):
    """Old and new images are several times what the smallest `memory` leaves for them."""
    count = 250_000 if FULL else 30_000
    followed.create(count=2)
    project = followed.workspace.project(followed.folder, sync={"delete_guard": "off"})
    followed.workspace.configure({**project, "memory": "64MiB"})
    followed.sync()
    wide = rows(range(count)).append_column("text", pa.array(["x" * 400] * count))
    write_deltalake(str(followed.path), wide, mode="overwrite", schema_mode="overwrite")
    followed.workspace.run("sync", "p")
    source = pa.table({"id": wide["id"], "other": wide["id"][1:].to_pylist() + ["p0000"]})
    merge(followed.table, source).when_matched_update({"id": "s.other"}).execute()
    counts = followed.sync()["counts"]
    assert counts["read"] == 2 * count
    left = [file.name for file in followed.workspace.folder.rglob("*.spill")]
    assert not left, "what was spilled is still there"

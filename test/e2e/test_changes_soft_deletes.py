"""Soft deletes: no document goes. What the container must hold is said row by row."""

import pytest

from followed import DECISION, MISMATCH, OPERATIONS, ROWS, live, stored, sync_and_read
from mirror import assert_adds_up, assert_same

SOFT = {"mode": {"soft_delete": {"field": "deleted", "value": True}}}


def marked(documents: dict) -> dict:
    return {key: {**document, "deleted": True} for key, document in documents.items()}


def sync_softly(followed, expected: dict, *words) -> dict:
    """Runs `sync`, compares with what is expected, and has `verify` agree."""
    summary = followed.workspace.json("sync", "p", *words)
    assert_adds_up(summary)
    assert_same(stored(followed), expected, where=f"after {words}")
    verified = followed.workspace.json("verify", "p")
    assert verified["matches"] and verified["equal"] == len(live(followed))
    assert verified["soft_deleted"] == len(expected) - len(live(followed))
    return summary


@pytest.mark.parametrize("feed", [True, False], ids=["feed", "no feed"])
def test_soft_deletes_mark_documents_and_rows_that_return_clear_them(feed, followed):
    followed.create(feed=feed, sync=SOFT)
    first = live_rows = sync_and_read(followed)
    followed.table.delete("stock < 5")
    gone = marked({key: row for key, row in first.items() if row["stock"] < 5})
    assert len(gone) == 5
    summary = sync_softly(followed, {**live(followed), **gone})
    assert summary["counts"]["deleted"] == 5 and summary["documents"] == ROWS - 5
    # Two come back, one of them as it was; a key moves on; the others stay marked.
    followed.append([1])
    followed.append([2], stock=100)
    followed.table.update(updates={"id": "'p0099'"}, predicate="stock = 30")
    moved = marked({key: row for key, row in live_rows.items() if row["stock"] == 30})
    still_gone = {key: row for key, row in gone.items() if key not in live(followed)}
    assert len(still_gone) == 3
    sync_softly(followed, {**live(followed), **still_gone, **moved})
    assert followed.workspace.json("sync", "p")["outcome"] == "up to date"


def test_a_soft_delete_keeps_what_others_added_to_the_document(followed):
    followed.create(sync=SOFT)
    followed.sync()
    container = followed.workspace.container()
    container.upsert_item({"id": "p0001", "category": "c1", "stock": 1, "by hand": [1, 2]})
    followed.table.delete("stock = 1")
    followed.workspace.json("sync", "p")
    found = stored(followed)[("c1", "p0001")]
    assert found["deleted"] is True and found["by hand"] == [1, 2]


def test_verify_tells_a_mark_that_is_wrong(followed):
    followed.create(sync=SOFT)
    followed.sync()
    container = followed.workspace.container()
    container.upsert_item({"id": "p0001", "category": "c1", "stock": 1, "deleted": True})
    container.upsert_item({"id": "stranger", "category": "c1", "deleted": "true"})
    verified = followed.workspace.json("verify", "p", code=MISMATCH)
    kinds = {d["id"]: (d["kind"], d["fields"]) for d in verified["differences"]}
    assert kinds == {"p0001": ("different", ["deleted"]), "stranger": ("extra", [])}


def test_a_resync_marks_what_vanished_and_a_reload_leaves_it(followed):
    followed.create(feed=False, sync=SOFT)
    first = sync_and_read(followed)
    followed.table.delete("stock < 5")
    followed.vacuum()
    stopped = followed.workspace.run("sync", "p", code=None)
    assert stopped.code == 1 and "--resync" in stopped.stderr
    gone = marked({key: row for key, row in first.items() if row["stock"] < 5})
    summary = sync_softly(followed, {**live(followed), **gone}, "--resync")
    assert summary["swept"] == 5
    assert sync_softly(followed, {**live(followed), **gone}, "--resync")["swept"] == 0
    summary = sync_softly(followed, {**live(followed), **gone}, "--full")
    assert summary["counts"]["upserted"] == ROWS - 5


def test_the_guard_counts_soft_deletes(followed):
    followed.create(sync={**SOFT, "delete_guard": "10%"})
    first = sync_and_read(followed)
    followed.table.delete()
    stopped = followed.workspace.run("sync", "p", code=DECISION)
    assert "--allow-deletes" in stopped.stderr
    assert_same(stored(followed), first)
    sync_softly(followed, marked(first), "--allow-deletes")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_with_soft_deletes_no_document_ever_goes(operation, followed):
    followed.create(sync=SOFT)
    first = sync_and_read(followed)
    OPERATIONS[operation](followed)
    # Within the versions of one operation a row may come and go: it never had a document.
    expected = {**marked(first), **live(followed)}
    sync_softly(followed, expected)

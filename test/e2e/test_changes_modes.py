"""What a mode makes of changes, and the guard before deletes."""

from followed import DECISION, ROWS, stored, sync_and_read
from mirror import assert_adds_up, assert_equal, assert_same, by_identity, rows_of


def test_the_guard_stops_before_the_first_write(followed):
    count = 400
    followed.create(count=count, sync={"delete_guard": "10%"})
    followed.sync()
    followed.table.update(updates={"stock": "-1"}, predicate="stock > 390")
    followed.table.delete("stock >= 0 AND stock < 150")
    stopped = followed.workspace.run("sync", "p", code=DECISION)
    assert "--allow-deletes" in stopped.stderr and "150" in stopped.stderr
    assert_equal(followed.workspace, followed.path, 1, "category", where="nothing was written")
    assert followed.workspace.json("status")["pipelines"][0]["version"] == 1
    assert followed.sync("--allow-deletes")["counts"]["deleted"] == 150


def test_the_guard_lets_few_deletes_pass(followed):
    followed.create(count=400, sync={"delete_guard": "10%"})
    followed.sync()
    followed.table.delete("stock < 99")
    followed.sync()


def test_an_emptied_table_does_not_empty_the_container(followed):
    followed.create(sync={"delete_guard": "10%"})
    followed.sync()
    followed.table.delete()
    followed.workspace.run("sync", "p", code=DECISION)
    assert len(followed.workspace.documents()) == ROWS
    followed.sync("--allow-deletes")


# Modes that are not mirror. What the container must hold is said row by row.


def test_upsert_never_deletes(followed):
    followed.create(sync={"mode": "upsert"})
    followed.sync()
    followed.table.delete("stock < 5")
    followed.table.update(updates={"stock": "stock + 1"}, predicate="stock > 30")
    summary = followed.workspace.json("sync", "p")
    counts = assert_adds_up(summary)
    assert counts["deleted"] == 0 and counts["filtered"] > 0
    found = {d["id"]: d["stock"] for d in followed.workspace.documents()}
    assert len(found) == ROWS
    assert {**found, **{r["id"]: r["stock"] for r in rows_of(followed.path)}} == found


def test_append_creates_and_never_touches_what_exists(followed):
    followed.create(sync={"mode": "append"})
    first = sync_and_read(followed)
    followed.append([100, 101])
    followed.table.update(updates={"stock": "stock + 1"}, predicate="id = 'p0101' OR stock < 5")
    followed.table.delete("stock > 30 AND stock < 35")
    counts = assert_adds_up(followed.workspace.json("sync", "p"))
    # The first image of a key counts: the later ones of 101 are superseded, not written.
    new = by_identity([{"id": f"p{n:04}", "category": f"c{n % 3}", "stock": n} for n in (100, 101)],
                      "category")
    assert_same(stored(followed), {**first, **new})
    assert (counts["upserted"], counts["deleted"]) == (2, 0)
    # Updates that found their documents, and every old image.
    assert counts["filtered"] == 5 + 5 + 1 + 4 and counts["superseded"] == 1
    followed.append([1], stock=5)
    followed.workspace.json("sync", "p")
    assert stored(followed)[("c1", "p0001")]["stock"] == 1


def test_update_follows_existing_documents_alone(followed):
    followed.create(sync={"mode": "update"}, destination={"create": None})
    followed.workspace.create_container(partition_key="/category")
    container = followed.workspace.container()
    for n in (1, 2, 3):
        container.upsert_item({"id": f"p{n:04}", "category": f"c{n % 3}", "stock": -1})
    summary = followed.workspace.json("sync", "p")
    assert summary["counts"]["upserted"] == 3
    assert summary["counts"]["filtered"] == ROWS - 3
    followed.table.update(updates={"stock": "stock + 50"}, predicate="stock < 9")
    followed.table.delete("id = 'p0002'")
    followed.append([100])
    counts = assert_adds_up(followed.workspace.json("sync", "p"))
    found = {d["id"]: d["stock"] for d in followed.workspace.documents()}
    # The delete is not for this mode; the update before it is, and counts.
    assert found == {"p0001": 51, "p0002": 52, "p0003": 53}
    assert (counts["upserted"], counts["deleted"]) == (3, 0)


def test_delete_takes_away_what_new_rows_name(followed):
    """A table of keys to be forgotten: rows that go from it bring nothing back."""
    followed.create(sync={"mode": "delete"}, destination={"create": None}, count=2)
    followed.workspace.create_container(partition_key="/category")
    container = followed.workspace.container()
    for n in range(20):
        container.upsert_item({"id": f"p{n:04}", "category": f"c{n % 3}", "mine": True})
    summary = followed.workspace.json("sync", "p")
    assert summary["counts"]["deleted"] == 2
    followed.append([5, 6, 70])
    followed.table.delete("stock = 0")
    counts = assert_adds_up(followed.workspace.json("sync", "p"))
    assert (counts["deleted"], counts["delete_found_nothing"]) == (2, 1)
    found = {d["id"] for d in followed.workspace.documents()}
    assert found == {f"p{n:04}" for n in range(20)} - {"p0000", "p0001", "p0005", "p0006"}

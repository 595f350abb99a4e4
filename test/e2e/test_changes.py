"""After the load every change of the table reaches the container, whatever operation made it."""

import datetime
import json
import re
import signal
import time

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, Field, write_deltalake
from deltalake.schema import PrimitiveType

from documents import check_documents
from lake import ALL_TABLES, FULL
from mirror import assert_adds_up, assert_equal, assert_same, by_identity, rows_of, version_of
from programs import wait_until

DONE, USAGE, MISMATCH, LOCKED, DECISION, INTERRUPTED, TERMINATED = 0, 2, 5, 8, 9, 130, 143
ROWS = 40
FEED = {"delta.enableChangeDataFeed": "true"}
FEED_WAS_OFF = "the change feed was off"


def rows(numbers, stock=0) -> pa.Table:
    return pa.table(
        {
            "id": [f"p{n:04}" for n in numbers],
            "category": [f"c{n % 3}" for n in numbers],
            "stock": pa.array([n + stock for n in numbers], pa.int32()),
        }
    )


class Followed:
    """A table, and the pipeline that follows it."""

    def __init__(self, workspace, folder):
        self.workspace = workspace
        self.folder = folder
        self.path = folder / "table"

    def create(self, feed=True, partition_by=None, count=ROWS, **pipeline):
        configuration = FEED if feed else {}
        for first in (0, count // 2):
            data = rows(range(first, first + count // 2))
            write_deltalake(
                str(self.path),
                data,
                mode="append",
                partition_by=partition_by,
                configuration=configuration if first == 0 else None,
            )
        destination = {"partition_key": "/category", **pipeline.pop("destination", {})}
        sync = {"delete_guard": "off", **pipeline.pop("sync", {})}
        project = self.workspace.project(
            self.folder, destination=destination, sync=sync, **pipeline
        )
        self.workspace.configure(project)
        return self

    @property
    def table(self) -> DeltaTable:
        return DeltaTable(str(self.path))

    def append(self, numbers, stock=0, **options):
        write_deltalake(str(self.path), rows(numbers, stock), mode="append", **options)

    def sync(self, *words, version=None):
        """Runs `sync`, and compares the container with the table."""
        summary = self.workspace.json("sync", "p", *words)
        assert summary["version"] == (version_of(self.path) if version is None else version)
        assert_adds_up(summary)
        assert_equal(self.workspace, self.path, version, "category", where=f"after {words}")
        return summary


@pytest.fixture
def followed(workspace, tmp_path):
    return Followed(workspace, tmp_path / "lake")


def methods(summary) -> dict:
    return {(m["method"], m["reason"]): m["versions"] for m in summary["methods"]}


# Operations. Each takes the table, and changes some rows of it.


def merge(table, source: pa.Table, predicate="t.id = s.id"):
    return table.merge(source, predicate, source_alias="s", target_alias="t")


def do_merge(f):
    source = rows(range(ROWS - 5, ROWS + 5), stock=700)
    merger = merge(f.table, source).when_matched_delete(predicate="s.stock % 2 = 0")
    merger.when_matched_update_all().when_not_matched_insert_all().execute()


def do_restore(f):
    f.table.delete("stock < 10")
    f.append(range(100, 110))
    f.table.restore(1)


def do_optimize(f):
    f.append(range(100, 104))
    f.table.optimize.compact()


def do_key_swap(f):
    source = pa.table({"id": ["p0003", "p0006"], "other": ["p0006", "p0003"]})
    merge(f.table, source).when_matched_update({"id": "s.other"}).execute()


def do_key_shift(f):
    f.table.update(updates={"id": "concat('p', lpad(cast(stock + 3 as string), 4, '0'))"})


def do_overwrite(f):
    same_and_other = pa.concat_tables([rows(range(10, 25)), rows(range(25, 55), stock=9)])
    write_deltalake(str(f.path), same_and_other, mode="overwrite")


def do_replace_where(f):
    write_deltalake(
        str(f.path), rows(range(1, 31, 3), 5), mode="overwrite", predicate="category = 'c1'"
    )


def do_vacuum(f):
    f.table.update(updates={"stock": "stock + 1"})
    f.table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=True)


OPERATIONS = {
    "append": lambda f: f.append(range(ROWS, ROWS + 7)),
    "update": lambda f: f.table.update(updates={"stock": "stock + 1000"}, predicate="stock > 30"),
    "delete": lambda f: f.table.delete("stock % 7 = 1"),
    "delete all": lambda f: f.table.delete(),
    "merge": do_merge,
    "overwrite": do_overwrite,
    "restore": do_restore,
    "optimize": do_optimize,
    "key change": lambda f: f.table.update(
        updates={"id": "concat(id, '-new')"}, predicate="stock < 9"
    ),
    "key swap": do_key_swap,
    "key shift": do_key_shift,
    "partition move": lambda f: f.table.update(
        updates={"category": "'c9'"}, predicate="category = 'c1'"
    ),
    "replace where": do_replace_where,
    "update that changes nothing": lambda f: f.table.update(updates={"stock": "stock"}),
    "vacuum": do_vacuum,
}


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


# The feed comes and goes.


def test_a_feed_that_was_on_tells_every_version(followed):
    followed.create()
    followed.sync()
    followed.table.delete("stock = 1")
    followed.append(range(100, 103))
    assert methods(followed.sync()) == {("feed", ""): 2}


def test_a_feed_enabled_right_after_the_load_tells_what_follows(followed):
    followed.create(feed=False)
    followed.sync()
    followed.table.alter.set_table_properties(FEED)
    followed.table.update(updates={"stock": "stock + 1"}, predicate="stock < 5")
    assert methods(followed.sync()) == {("feed", ""): 2}


def test_versions_before_the_feed_was_enabled_are_told_by_files(followed):
    followed.create(feed=False)
    followed.sync()
    followed.table.update(updates={"stock": "stock + 100"}, predicate="stock < 5")
    followed.table.delete("stock = 7")
    followed.table.alter.set_table_properties(FEED)
    followed.table.update(updates={"stock": "stock + 1"}, predicate="stock > 30")
    assert methods(followed.sync()) == {("files", FEED_WAS_OFF): 2, ("feed", ""): 2}


def test_a_feed_that_is_switched_off_and_on_again_loses_nothing(followed):
    followed.create()
    followed.sync()
    for state in ("true", "false", "true"):
        followed.table.alter.set_table_properties({"delta.enableChangeDataFeed": state})
        followed.table.update(updates={"stock": "stock + 1"}, predicate="stock < 20")
        followed.table.delete("stock % 10 = 5")
    assert methods(followed.sync()) == {("feed", ""): 6, ("files", FEED_WAS_OFF): 3}


@pytest.mark.parametrize("policy", ["files", "diff"])
def test_changes_can_be_told_by_files_on_request(policy, followed):
    followed.create(sync={"changes": policy})
    followed.sync()
    do_merge(followed)
    followed.table.delete("stock < 4")
    [(method, reason)] = methods(followed.sync())
    assert (method, reason) == (policy, f"`changes: {policy}` asks for it")


def test_a_feed_that_is_asked_for_and_off_needs_a_decision(followed):
    followed.create(feed=False, sync={"changes": "feed"})
    followed.sync()
    followed.append(range(100, 103))
    stopped = followed.workspace.run("sync", "p", code=DECISION)
    assert "delta.enableChangeDataFeed" in stopped.stderr
    assert_equal(followed.workspace, followed.path, 1, "category")


# Columns.


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


# More than fits.


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


# Where a sync stops and starts.


def test_until_a_version_stops_there(followed):
    followed.create()
    followed.sync("--until", "0", version=0)
    for n in range(3):
        followed.append([100 + n])
    for version in (1, 3, 4):
        followed.sync("--until", str(version), version=version)
    assert followed.sync("--until", "2", version=4)["outcome"] == "up to date"


def test_until_a_time_stops_there(followed):
    followed.create()
    followed.sync()
    followed.append([100])
    time.sleep(0.05)
    moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
    time.sleep(0.05)
    followed.append([101])
    followed.sync("--until", moment, version=2)
    followed.sync(version=3)


def test_from_a_version_takes_the_container_as_it_is(followed):
    followed.create()
    followed.sync()
    for document in followed.workspace.documents():
        if document["id"] < "p0010":
            followed.workspace.container().delete_item(document["id"], document["category"])
    followed.append([100])
    summary = followed.workspace.json("sync", "p", "--from", "1")
    assert summary["from_version"] == 1 and summary["counts"]["upserted"] == 1
    assert len(followed.workspace.documents()) == ROWS - 10 + 1, "--from loaded the table"


def test_from_needs_a_container(followed):
    followed.create()
    stopped = followed.workspace.run("sync", "p", "--from", "1", code=None)
    assert stopped.code == 1 and "missing" in stopped.stderr


def test_full_loads_again(followed):
    followed.create()
    followed.sync()
    followed.append([100])
    followed.workspace.container().delete_item("p0001", "c1")
    assert followed.sync("--full")["counts"]["upserted"] == ROWS + 1


def test_resync_takes_away_what_the_table_does_not_have(followed):
    followed.create()
    followed.sync()
    container = followed.workspace.container()
    container.upsert_item({"id": "stranger", "category": "c1"})
    container.delete_item("p0001", "c1")
    assert followed.sync("--resync")["swept"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--full", "--from", "1"),
        ("--resync", "--from", "1"),
        ("--continuous", "--version", "1"),
        ("--until", "yesterday"),
        ("--until",),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(words, followed):
    followed.create()
    followed.workspace.run("sync", "p", *words, code=USAGE)
    assert followed.workspace.json("status")["pipelines"][0]["state"] == "not loaded"


def test_a_table_that_was_created_anew_stops_until_it_is_resynced(followed):
    followed.create()
    followed.sync()
    import shutil

    shutil.rmtree(followed.path)
    for n in range(4):
        followed.append(range(n * 5, n * 5 + 5), stock=3)
    stopped = followed.workspace.run("sync", "p", code=None)
    assert stopped.code == 1 and "--resync" in stopped.stderr
    assert len(followed.workspace.documents()) == ROWS
    followed.sync("--resync")


def test_changes_whose_files_were_vacuumed_stop_until_resynced(followed):
    followed.create(feed=False)
    followed.sync()
    followed.table.update(updates={"stock": "stock + 1"})
    followed.table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    stopped = followed.workspace.run("sync", "p", code=None)
    assert stopped.code == 1 and "--resync" in stopped.stderr
    followed.sync("--resync")


# Deletes.


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


# Modes that keep documents. What the container must hold is said row by row.


SOFT = {"mode": {"soft_delete": {"field": "deleted", "value": True}}}


def stored(followed) -> dict:
    """By identity, as the official client reads them."""
    return by_identity(followed.workspace.documents(), "category")


def live(followed, version=None) -> dict:
    return by_identity(rows_of(followed.path, version), "category")


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


def sync_and_read(followed) -> dict:
    followed.sync()
    return live(followed)


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
    followed.table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
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


# Continuous.


def documents_equal(followed):
    def condition():
        try:
            assert_equal(followed.workspace, followed.path, None, "category")
        except Exception:  # noqa: BLE001: not yet; the container may not be there either
            return False
        return True

    return condition


@pytest.mark.parametrize(
    "kind, code", [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)]
)
def test_a_continuous_sync_follows_until_stopped_and_goes_on(kind, code, followed):
    followed.create()
    for batch in range(2):
        process = followed.workspace.spillway.start("sync", "p", "--continuous")
        try:
            wait_until(documents_equal(followed), "the container equal, at the start")
            for n in range(3):
                followed.append([200 + 10 * batch + n])
                followed.table.update(updates={"stock": "stock + 1"}, predicate=f"stock = {n + 9}")
                followed.table.delete(f"stock = {30 + 3 * batch + n}")
                wait_until(documents_equal(followed), "the container equal, while following")
            second = followed.workspace.run("sync", "p", code=LOCKED)
            assert "p" in second.stderr
        finally:
            process.send_signal(kind)
            stdout, stderr = process.communicate(timeout=30)
        assert process.returncode == code, stdout + stderr
        assert "spillway sync p" in stdout + stderr, "the next command is not named"
        status = followed.workspace.json("status")["pipelines"][0]
        assert status["version"] == version_of(followed.path)
        followed.append([300 + batch])  # while nobody follows
    followed.sync()


# What real writers wrote.


# Changes that need a decision: the command that the error names.
DECISIONS = {
    "replace_table": "--resync",
    "vacuum": "--resync",
    "type_widening": "--resync",
    "column_mapping_id": "--resync",
    "column_mapping_name": "--resync",
    "rs_overwrite_schema": "--resync",
}


def load_earliest(workspace, versions: range) -> int:
    """Loads the first version that can be read and mapped, and returns it."""
    for version in versions:
        if workspace.run("sync", "p", "--until", str(version), code=None).code == DONE:
            return version
    raise AssertionError("no version of the table can be loaded")


def versions_of(table) -> range:
    """Those that the log has commits of: an older log is cleaned behind its checkpoint."""
    commits = sorted(file for file in (table / "_delta_log").glob("*.json") if file.stem.isdigit())
    return range(int(commits[0].stem), int(commits[-1].stem) + 1)


def columns_of(table, about, version: int) -> set:
    versions = versions_of(table)
    # What a cleaned log does not tell is as it is now.
    names = {field["name"] for field in about.schema["fields"]} if versions[0] else set()
    for number in range(versions[0], version + 1):
        for line in (table / "_delta_log" / f"{number:020}.json").read_text().splitlines():
            if "metaData" in (action := json.loads(line)):
                schema = json.loads(action["metaData"]["schemaString"])
                names = {field["name"] for field in schema["fields"]}
    return names


def with_late_nulls(documents, about, columns: set) -> list:
    """Documents leave out the nulls of columns that the table got after the load."""
    names = about.columns or [field["name"] for field in about.schema["fields"]]
    late = dict.fromkeys(set(names) - columns)
    return [{**late, **document} for document in documents]


@pytest.mark.parametrize("name", ALL_TABLES)
def test_a_table_that_is_followed_from_its_first_version_ends_equal(name, configured, lake):
    """Every table of the lake: load the first version that can be, then apply all the others."""
    table = lake.path(name)
    versions = versions_of(table)
    about = lake.about(name)
    workspace = configured(name, sync={"delete_guard": "off"})
    loaded = columns_of(table, about, load_earliest(workspace, versions))
    outcome = workspace.run("sync", "p", "--output", "json", code=None)
    if outcome.code != DONE:
        assert name in DECISIONS, outcome.text
        assert DECISIONS[name] in outcome.stderr
        outcome = workspace.run("sync", "p", DECISIONS[name], "--output", "json")
        loaded = columns_of(table, about, versions[-1])
    else:
        assert name not in DECISIONS, "the table is followed now: take it off the list"
    assert_adds_up(outcome.result)
    documents = with_late_nulls(workspace.documents(), about, loaded)
    check_documents(about, lake.rows(name), documents, about.columns)

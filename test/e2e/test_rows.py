"""`spillway rows`: the history of one key. `spillway rejects`: what was refused, and why."""

import json
import stat

import pyarrow as pa
import pytest
from deltalake import write_deltalake

DONE, USAGE = 0, 2


def changes_of(report: dict) -> list:
    return [(one["version"], one["what"]) for one in report["versions"]]


@pytest.mark.parametrize("feed", [True, False], ids=["feed", "files"])
def test_a_key_has_its_versions_runs_and_document(followed, feed):
    followed.create(feed=feed)
    followed.sync()
    followed.table.update(updates={"stock": "stock + 1000"}, predicate="id = 'p0007'")  # 2
    followed.append(range(100, 104))  # 3: another key's
    followed.sync()
    followed.table.delete("id = 'p0007'")  # 4
    followed.sync()
    followed.append([7], stock=70)  # 5
    followed.sync()
    report = followed.workspace.json("rows", "p", "p0007")
    assert changes_of(report)[-3:] == [(2, "replaced"), (4, "deleted"), (5, "inserted")]
    runs = {run["id"]: run["kind"] for run in followed.workspace.json("runs", "p")["runs"]}
    covered = [one["run"] for one in report["versions"][-3:]]
    assert covered == sorted(covered) and len(set(covered)) == 3
    assert {runs[run] for run in covered} == {"changes"}
    replaced, deleted, inserted = report["versions"][-3:]
    assert replaced["document"]["stock"] == 1007
    assert "document" not in deleted and deleted["partition_key"] == ["c1"]
    assert (replaced["old_images"], replaced["new_images"]) == (1, 1)
    [now] = report["now"]
    assert now["equal"] is True and now["row"]["stock"] == now["document"]["stock"] == 77
    text = followed.workspace.run("rows", "p", "p0007").stdout
    assert "they are equal" in text and "deleted" in text


def test_a_document_that_somebody_changed_is_told_from_its_row(followed):
    followed.create()
    followed.sync()
    container = followed.workspace.container()
    document = container.read_item("p0003", partition_key="c0")
    container.upsert_item({**document, "stock": -1})
    container.delete_item("p0004", partition_key="c1")
    [now] = followed.workspace.json("rows", "p", "p0003")["now"]
    assert now["equal"] is False and now["fields"] == ["stock"]
    [now] = followed.workspace.json("rows", "p", "p0004")["now"]
    assert now["equal"] is False and "document" not in now
    other = followed.workspace.json("rows", "p", "p0003", "--partition-key", "c9")
    [now] = other["now"]
    assert "row" not in now and "document" not in now and now["equal"] is True
    assert followed.workspace.json("rows", "p", "nobody")["now"] == []


def test_a_key_that_moves_between_partitions_has_both(followed):
    followed.create()
    followed.sync()
    followed.table.update(updates={"category": "'c9'"}, predicate="id = 'p0005'")
    followed.sync()
    report = followed.workspace.json("rows", "p", "p0005", "--after", "1")
    told = {(tuple(one["partition_key"]), one["what"]) for one in report["versions"]}
    assert told == {(("c2",), "deleted"), (("c9",), "inserted")}
    now = {tuple(one["partition_key"]): one for one in report["now"]}
    assert now[("c9",)]["equal"] and "document" not in now[("c2",)]


def test_versions_that_the_table_does_not_tell_any_more_are_named(followed):
    followed.create(feed=False)
    followed.sync()
    followed.table.update(updates={"stock": "stock + 1"})
    followed.vacuum()
    followed.table.update(updates={"stock": "stock + 1"}, predicate="id = 'p0001'")
    followed.workspace.run("sync", "p", "--full")
    report = followed.workspace.json("rows", "p", "p0001")
    assert changes_of(report) == [(3, "replaced")]
    assert report["after"] == 2 and report["gap"]
    gone = followed.workspace.run("rows", "p", "p0001", "--after", "0", code=None)
    assert gone.code != DONE and gone.text


@pytest.fixture
def rejecting(workspace, tmp_path):
    """Every tenth row has a number that no double holds; one id has a slash."""
    root = tmp_path / "lake"
    ids = [f"r{n:03}" for n in range(40)]
    ids[5] = "r/5"
    table = pa.table({"id": ids, "n": pa.array(
        [2**53 + 1 if n % 10 == 0 else n for n in range(40)], pa.int64())})
    write_deltalake(str(root / "table"), table,
                    configuration={"delta.enableChangeDataFeed": "true"})
    workspace.configure(workspace.project(root, sync={"max_rejected": 100}))
    workspace.run("sync", "p")
    return workspace


def test_rejected_rows_are_listed_by_reason_key_and_run(rejecting):
    by_reason = {one["reason"]: one["rows"] for one in rejecting.json("rejects", "p")["reasons"]}
    assert sum(by_reason.values()) == 5 and sorted(by_reason.values()) == [1, 4]
    assert rejecting.json("rejects", "list", "p")["reasons"] == rejecting.json(
        "rejects", "p")["reasons"]
    [number] = [reason for reason, count in by_reason.items() if count == 4]
    shown = rejecting.json("rejects", "show", "p", "--reason", number)
    assert {json.loads(row["key"])[1] for row in shown["rows"]} == {
        "r000", "r010", "r020", "r030"}
    [one] = rejecting.json("rejects", "show", "p", "--key", "r/5")["rows"]
    assert one["reason"] != number
    run = one["run"]
    assert len(rejecting.json("rejects", "show", "p", "--run", str(run))["rows"]) == 5
    assert rejecting.json("rejects", "show", "p", "--run", str(run + 100))["rows"] == []
    assert "no such row" in rejecting.run("rejects", "show", "p", "--key", "r001").stdout
    old = rejecting.run("rejects", "p", "--show").stdout
    assert "r/5" in old and old == rejecting.run("rejects", "show", "p").stdout
    assert "and 4 more" in rejecting.run("rejects", "show", "p", "--count", "1").stdout
    assert "pipeline" in rejecting.run("rejects", code=USAGE).text


def test_rejected_rows_are_exported_as_json_lines(rejecting):
    lines = rejecting.run("rejects", "export", "p").stdout.splitlines()
    exported = [json.loads(line) for line in lines]
    assert len(exported) == 5 and all(row["message"] and row["key"] for row in exported)
    file = rejecting.folder / "rejects.jsonl"
    rejecting.run("rejects", "export", "p", "--file", str(file), "--key", "r010")
    [one] = [json.loads(line) for line in file.read_text().splitlines()]
    assert json.loads(one["key"])[1] == "r010"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = rejecting.run("rejects", "export", "p", "--file", str(file), code=USAGE)
    assert "File exists" in again.text


def test_a_rejected_row_shows_in_its_history(rejecting):
    report = rejecting.json("rows", "p", "r010")
    [rejected] = report["rejected"]
    assert rejected["version"] == 0
    [now] = report["now"] or [{}]
    assert now.get("document") is None

"""`spillway rows`: the history of one key. `spillway rejects`: what was refused, and why."""

import json
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from mirror import version_of
from parquet_files import read_as_a_table, read_by_duckdb, read_by_pyarrow
from programs import wait_until

DONE, USAGE, LOCKED = 0, 2, 8


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
    last = version_of(followed.path)
    assert changes_of(report) == [(last, "replaced")]
    assert report["after"] >= 2 and report["gap"]
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
    [one] = rejecting.json("rejects", "show", "p", "--key", "r010")["rows"]
    assert one["reason"] == number
    run = one["run"]
    assert len(rejecting.json("rejects", "show", "p", "--run", str(run))["rows"]) == 5
    assert rejecting.json("rejects", "show", "p", "--run", str(run + 100))["rows"] == []
    assert "no such row" in rejecting.run("rejects", "show", "p", "--key", "r001").stdout
    old = rejecting.run("rejects", "p", "--show").stdout
    assert "r010" in old and old == rejecting.run("rejects", "show", "p").stdout
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


def test_rejected_rows_are_exported_as_parquet(rejecting):
    lines, path = (rejecting.folder / f"rejects.{end}" for end in ("jsonl", "parquet"))
    for file in (lines, path):
        told = rejecting.json("rejects", "export", "p", "--file", str(file))
        assert told == {"file": str(file), "rows": 5}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    expected = [json.loads(line) for line in lines.read_text().splitlines()]
    assert pq.read_schema(path).field("at").type == pa.timestamp("us", tz="UTC")
    for read in (read_by_pyarrow, read_by_duckdb):
        rows = read(path)
        for row in rows:
            row["at"] = row["at"].strftime("%Y-%m-%dT%H:%M:%SZ")
        assert rows == expected
    again = rejecting.run("rejects", "export", "p", "--file", str(path), code=USAGE)
    assert "File exists" in again.text
    whole = {name: "long" for name in ("run", "version", "row")}
    text = {name: "string" for name in ("split", "key", "reason", "message")}
    columns = {**whole, **text, "at": "timestamp"}
    documents = read_as_a_table(rejecting, path, columns, ["run", "row"])
    assert len(documents) == 5
    assert {d["key"]: d["message"] for d in documents} == {
        row["key"]: row["message"] for row in expected
    }


def test_a_rejected_row_shows_in_its_history(rejecting):
    report = rejecting.json("rows", "p", "r010")
    [rejected] = report["rejected"]
    assert rejected["version"] == 0
    [now] = report["now"] or [{}]
    assert now.get("document") is None


# --- tried again ---


def keys_of(workspace) -> set:
    return {json.loads(row["key"])[1] for row in workspace.json("rejects", "show", "p")["rows"]}


@pytest.fixture
def unique(workspace, tmp_path):
    """Two rows want the same value of a unique key: the service refuses one of them."""
    root = tmp_path / "lake"
    path = root / "table"
    table = pa.table({"id": ["a", "b", "c"], "pk": ["x", "x", "x"], "mail": ["m", "m", "n"]})
    write_deltalake(str(path), table, configuration={"delta.enableChangeDataFeed": "true"})
    destination = {
        "partition_key": "/pk",
        "create": {"throughput": {"manual": 10_000}, "unique_keys": ["/mail"]},
    }
    sync = {"max_rejected": 100, "delete_guard": "off"}
    project = workspace.project(root, destination=destination, sync=sync)
    workspace.configure(project)
    summary = workspace.json("sync", "p")
    assert summary["counts"]["rejected"] == 1
    [refused] = keys_of(workspace)
    other = "a" if refused == "b" else "b"
    return workspace, path, project, refused, other


def mails(workspace) -> dict:
    return {document["id"]: document["mail"] for document in workspace.documents()}


def test_a_rejected_row_is_written_once_its_reason_is_gone(unique):
    workspace, path, _, refused, other = unique
    again = workspace.json("rejects", "retry", "p")
    assert (again["keys"], again["written"], again["still_rejected"]) == (1, 0, 1)
    assert keys_of(workspace) == {refused}, "what is refused again stays"
    # Somebody makes room, behind our back.
    workspace.container().delete_item(other, partition_key="x")
    retried = workspace.json("rejects", "retry", "p", "--key", refused)
    assert (retried["keys"], retried["written"], retried["still_rejected"]) == (1, 1, 0)
    assert keys_of(workspace) == set()
    assert mails(workspace)[refused] == "m"
    assert workspace.json("rejects", "retry", "p")["rows"] == 0
    kinds = [run["kind"] for run in workspace.json("runs", "p")["runs"]]
    assert kinds.count("retry") == 3


def test_a_retry_uses_what_the_row_is_now_and_overwrites_nothing_newer(unique):
    workspace, path, _, refused, _ = unique
    DeltaTable(str(path)).update(updates={"mail": "'new'"}, predicate=f"id = '{refused}'")
    workspace.run("sync", "p")
    assert mails(workspace)[refused] == "new", "its change has brought it"
    assert keys_of(workspace) == {refused}
    # The table moves on, and the destination does not know yet: a retry stays where the rest is.
    DeltaTable(str(path)).update(updates={"mail": "'newer'"}, predicate=f"id = '{refused}'")
    retried = workspace.json("rejects", "retry", "p")
    assert (retried["version"], retried["written"]) == (1, 1)
    assert mails(workspace)[refused] == "new" and keys_of(workspace) == set()
    workspace.run("sync", "p")
    assert mails(workspace)[refused] == "newer"
    assert workspace.json("verify", "p")["matches"] is True


def test_a_row_that_is_gone_is_no_longer_rejected(unique):
    workspace, path, _, refused, _ = unique
    DeltaTable(str(path)).delete(f"id = '{refused}'")
    workspace.run("sync", "p")
    retried = workspace.json("rejects", "retry", "p")
    assert (retried["gone"], retried["written"]) == (1, 0)
    assert keys_of(workspace) == set() and refused not in mails(workspace)


def test_a_retry_takes_what_is_asked_for(rejecting):
    [by_key] = [rejecting.json("rejects", "retry", "p", "--key", "r010")]
    assert (by_key["rows"], by_key["still_rejected"]) == (1, 1)
    assert rejecting.json("rejects", "retry", "p", "--reason", "no such reason")["rows"] == 0
    everything = rejecting.json("rejects", "retry", "p")
    assert everything["rows"] == 5
    assert everything["keys"] == everything["still_rejected"] == 5 - everything["without_key"]
    assert len(keys_of(rejecting)) == 5


def test_the_next_run_tries_again_when_the_policy_says_so(unique):
    workspace, _, project, refused, other = unique
    workspace.container().delete_item(other, partition_key="x")
    assert "retried" not in workspace.json("sync", "p"), "not unless it is asked for"
    project["pipelines"]["p"]["sync"]["retry_rejected"] = True
    workspace.configure(project)
    summary = workspace.json("sync", "p")
    assert summary["retried"]["written"] == 1
    assert keys_of(workspace) == set() and refused in mails(workspace)
    assert "retried" not in workspace.json("sync", "p"), "there is nothing left to try"


def test_a_retry_waits_for_the_run_that_has_the_pipeline(unique):
    workspace, *_ = unique
    process = workspace.spillway.start("sync", "p", "--continuous")
    try:
        [pipeline] = wait_until(
            lambda: [one for one in workspace.json("state", "show")["pipelines"]
                     if one.get("lease", {}).get("held")], "the lease")
        assert pipeline["pipeline"] == "p"
        workspace.run("rejects", "retry", "p", code=LOCKED)
    finally:
        process.terminate()
        process.communicate(timeout=30)

"""State between runs: looked at, carried to another machine, damaged, kept beside the data."""

import itertools
import json
import shutil
import signal
import stat

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from conftest import Workspace
from control import History
from lake import FULL
from mirror import assert_adds_up, assert_equal, version_of
from programs import wait_until
from test_changes_crash import Episode

FAILED, USAGE, TEMPORARY, LOCKED, DECISION = 1, 2, 7, 8, 9
ROWS = 60
SEED = 20_262


def rows(numbers, stock=0) -> pa.Table:
    return pa.table(
        {
            "id": [f"p{n:04}" for n in numbers],
            "category": [f"c{n % 3}" for n in numbers],
            "stock": pa.array([n + stock for n in numbers], pa.int32()),
        }
    )


@pytest.fixture
def table(tmp_path):
    root = tmp_path / "lake"
    path = root / "table"
    write_deltalake(
        str(path), rows(range(ROWS)), configuration={"delta.enableChangeDataFeed": "true"}
    )
    return path


def append(table, first, count):
    write_deltalake(str(table), rows(range(first, first + count)), mode="append")


@pytest.fixture
def machines(tmp_path, emulator, table):
    """A function that makes a machine: a work folder of its own with the same configuration."""
    made = []

    def machine(**sections) -> Workspace:
        folder = tmp_path / f"machine-{len(made)}"
        folder.mkdir()
        workspace = Workspace(folder, emulator)
        if made:
            workspace.database = made[0].database
        workspace.configure(workspace.project(table.parent) | sections)
        made.append(workspace)
        return workspace

    return machine


def pipeline_of(workspace) -> dict:
    [pipeline] = workspace.json("state", "show")["pipelines"]
    return pipeline


def test_a_state_that_moves_goes_on_with_the_changes_alone(machines, table):
    here, there = machines(), machines()
    here.run("sync", "p")
    append(table, ROWS, 5)
    file = here.folder / "p.json"
    out = here.run("state", "export", "p", "--file", str(file))
    assert "spillway state import p" in out.text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shutil.rmtree(here.folder / ".spillway")

    assert there.json("state", "import", "p", "--file", str(file)) == {
        "pipeline": "p",
        "imported": True,
        "version": 0,
    }
    summary = there.json("sync", "p")
    assert "load" not in summary
    assert summary["counts"]["read"] == 5
    assert_equal(there, table)


def test_show_says_where_a_pipeline_stands(machines, table):
    here = machines()
    assert "nothing was ever run" in here.run("state", "show").stdout
    assert not (here.folder / ".spillway").exists(), "looking leaves nothing behind"
    here.run("sync", "p")
    shown = here.json("state", "show")
    assert shown["store"]["kind"] == "sqlite" and shown["store"]["schema"] >= 2
    [pipeline] = shown["pipelines"]
    assert pipeline["checkpoint"]["state"] == "loaded"
    assert pipeline["checkpoint"]["version"] == 0
    assert pipeline["checkpoint"]["begun_through"] == 0
    assert pipeline["rejected"] == 0 and "lease" not in pipeline
    text = here.run("state", "show", "p").stdout
    assert "version 0 loaded" in text and "schema" in text


def test_a_damaged_export_is_refused(machines):
    here, there = machines(), machines()
    here.run("sync", "p")
    text = here.run("state", "export", "p").stdout
    file = there.folder / "p.json"
    for damaged in (text.replace('"documents": 60', '"documents": 61'), text[:-20], "{}", ""):
        file.write_text(damaged)
        assert str(file) in there.run("state", "import", "p", "--file", str(file), code=FAILED).text
    assert pipeline_of(there).get("checkpoint") is None


def test_a_newer_position_is_replaced_by_force_alone(machines, table):
    here = machines()
    here.run("sync", "p")
    old = here.folder / "old.json"
    here.run("state", "export", "p", "--file", str(old))
    append(table, ROWS, 5)
    here.run("sync", "p")
    refused = here.run("state", "import", "p", "--file", str(old), code=DECISION)
    assert "--force" in refused.text
    assert pipeline_of(here)["checkpoint"]["version"] == 1
    here.run("state", "import", "p", "--file", str(old), "--force")
    assert pipeline_of(here)["checkpoint"]["version"] == 0
    here.run("sync", "p")
    assert_equal(here, table)


def test_a_state_does_not_move_while_its_pipeline_runs(machines):
    here, there = machines(), machines()
    here.run("sync", "p")
    file = here.folder / "p.json"
    here.run("state", "export", "p", "--file", str(file))
    process = here.spillway.start("sync", "p", "--continuous")
    try:
        wait_until(lambda: pipeline_of(here).get("lease", {}).get("held"), "the lease")
        here.run("state", "import", "p", "--file", str(file), code=LOCKED)
        here.run("state", "export", "p", code=LOCKED)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    there.run("state", "import", "p", "--file", str(file))


def test_an_export_never_replaces_a_file_and_holds_no_secret(machines):
    here = machines()
    here.run("sync", "p")
    file = here.folder / "p.json"
    file.write_text("mine")
    assert "File exists" in here.run("state", "export", "p", "--file", str(file), code=USAGE).text
    assert file.read_text() == "mine"
    text = here.run("state", "export", "p").stdout
    assert here.server.key not in text
    assert json.loads(text)["pipeline"] == "p"


# --- a state that lives beside the data ---


BESIDE = {"state": {"store": "cosmosdb", "connection": "shop", "container": "kept"}}


def big_table(table, files=10, rows_of_file=400):
    for file in range(files):
        numbers = range(1_000 + file * rows_of_file, 1_000 + (file + 1) * rows_of_file)
        write_deltalake(str(table), rows(numbers), mode="append")


def slow(workspace, table, **sections):
    """A budget that makes a load take some seconds, so that it can be hit in the middle."""
    destination = {"create": {"throughput": {"manual": 6_000}}}
    project = workspace.project(table.parent, destination=destination, sync={"delete_guard": "off"})
    workspace.configure(project | BESIDE | sections)
    return workspace


def wait_for_progress(workspace, process):
    """Until a part of the load is settled for good."""

    def begun():
        assert process.poll() is None, process.communicate()
        return pipeline_of(workspace).get("checkpoint", {}).get("counts", {}).get("read", 0) > 0

    wait_until(begun, "a checkpoint in the middle of the load")


def test_another_machine_goes_on_with_the_changes(machines, table):
    here, there = machines(**BESIDE), machines(**BESIDE)
    assert "nothing was ever run" in there.run("state", "show").stdout
    here.run("check", "--connect")
    here.run("sync", "p")
    assert not (here.folder / ".spillway" / "state.db").exists()
    append(table, ROWS, 7)
    summary = there.json("sync", "p")
    assert "load" not in summary and summary["counts"]["read"] == 7
    assert_equal(there, table)
    shown = here.json("state", "show")
    assert shown["store"]["kind"] == "cosmosdb" and shown["store"]["place"].endswith("/kept")
    assert len(here.json("runs", "p")["runs"]) >= 2, "both machines' runs are one history"
    assert here.json("verify", "p")["equal"] == ROWS + 7


def test_a_load_that_dies_is_gone_on_with_by_another_machine(machines, table):
    big_table(table)
    here, there = (slow(machines(), table) for _ in range(2))
    process = here.spillway.start("sync", "p")
    wait_for_progress(there, process)
    process.kill()
    process.communicate()
    append(table, 50_000, 3)
    summary = there.json("sync", "p")
    assert_adds_up(summary)
    assert_equal(there, table)
    assert pipeline_of(here)["checkpoint"]["version"] == version_of(table)
    assert there.json("verify", "p")["different"] == 0


@pytest.mark.timeout(3600 if FULL else 240)
def test_machines_that_die_by_turns_lose_nothing_and_no_key_goes_back(
    workspace, control, tmp_path
):
    """Every start is on the other machine; the server's own history of writes is judged."""
    phases = ["load", "load", "stream", "batch", "shutdown", "recovery"] * (10 if FULL else 1)
    # Thirty commits a second, and status is asked all the time: more than a small state can tell.
    workspace.create_container("kept", "/partition", throughput=4_000)
    episode = Episode(
        workspace, control, tmp_path / "episode", SEED, "episode", state=BESIDE["state"]
    )
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(workspace.folder / "spillway.yaml", other)
    folders = itertools.cycle([other, workspace.folder])
    start = workspace.spillway.start

    def start_by_turns(*words):
        workspace.spillway.folder = next(folders)
        return start(*words)

    workspace.spillway.start = start_by_turns
    left = episode.run(sorted(phases, key="load".__ne__))
    assert len(left) < len(phases), "no kill has hit"


def test_two_machines_at_once_one_is_told_that_it_is_locked(machines, table):
    big_table(table)
    here, there = (slow(machines(), table) for _ in range(2))
    process = here.spillway.start("sync", "p")
    wait_for_progress(there, process)
    assert "being run by process" in there.run("sync", "p", code=LOCKED).text
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stdout + stderr
    assert_equal(here, table)


def test_a_runner_that_was_paused_past_its_lease_writes_nothing_more(machines, table, control):
    here, there = machines(**BESIDE), machines(**BESIDE)
    here.run("sync", "p")
    process = here.spillway.start("sync", "p", "--continuous")
    try:
        wait_until(lambda: pipeline_of(there).get("lease", {}).get("held"), "the lease")
        process.send_signal(signal.SIGSTOP)
        # To the store's clock, longer than the lease; the paused process is alive on this machine.
        control.ask("POST", "/clock", {"advance_ms": 60_000})
        append(table, ROWS, 5)
        assert there.json("sync", "p")["counts"]["read"] == 5
        writes = History(control, f"{here.database}/items")
        kept = History(control, f"{here.database}/kept")
        append(table, 900, 5)
        process.send_signal(signal.SIGCONT)
        stdout, stderr = process.communicate(timeout=60)
        assert process.returncode == LOCKED, stdout + stderr
        assert writes.new() == [], "it wrote to the container after it had lost its lease"
        changed = [write["id"] for write in kept.new()]
        assert all(id.startswith("run:") for id in changed), changed  # how its own run ended
    finally:
        process.kill()
        process.communicate()
    there.run("sync", "p")
    assert_equal(there, table)


def test_a_throttled_or_splitting_state_is_waited_for(machines, table, control):
    here = machines(**BESIDE)
    here.run("sync", "p")
    container = f"{here.database}/kept"
    for fault in (
        {"status": 429, "substatus": 3200, "retry_after_ms": 30, "probability": 0.5},
        {"status": 503, "probability": 0.5},
        {"status": 408, "moment": "after", "probability": 0.3},
        {"effect": "reset", "moment": "after", "probability": 0.3},
        {"effect": "truncate", "moment": "after", "probability": 0.3},
        {"status": 410, "substatus": 1007, "probability": 0.5},
    ):
        control.ask("POST", "/faults", {"seed": 7})
        rule = {"operation": "batch", "container": container, "effect": "error"} | fault
        control.ask("POST", "/faults", rule)
        append(table, 2_000 + len(here.documents()), 2)
        summary = here.json("sync", "p")
        assert summary["counts"]["read"] == 2, fault
        control.ask("DELETE", "/faults")
    control.ask("POST", "/split", {"container": container, "range": "0", "window_ms": 300})
    append(table, 5_000, 2)
    here.run("sync", "p")
    assert_equal(here, table)


def test_a_state_that_refuses_for_ever_ends_the_run_in_time(machines, table, control):
    here = machines(**BESIDE)
    here.run("sync", "p")
    append(table, ROWS, 2)
    rule = {"operation": "batch", "container": f"{here.database}/kept", "effect": "error"}
    control.ask("POST", "/faults", rule | {"status": 429, "substatus": 3200, "retry_after_ms": 20})
    here.run("sync", "p", code=TEMPORARY, seconds_max=90)
    control.ask("DELETE", "/faults")
    here.run("sync", "p")
    assert_equal(here, table)


def test_a_damaged_state_is_never_taken_for_none(machines, table):
    here = machines(**BESIDE)
    here.run("sync", "p")
    file = here.folder / "p.json"
    here.run("state", "export", "p", "--file", str(file))
    kept = here.container("kept")
    head = kept.read_item("head", partition_key="p")
    for damage in ("changed", "deleted"):
        if damage == "changed":
            kept.replace_item("head", head | {"checkpoint": head["checkpoint"] | {"version": 5}})
        else:
            kept.delete_item("head", partition_key="p")
        for command in (("sync", "p"), ("sync", "p", "--full"), ("status",), ("state", "show")):
            out = here.run(*command, code=FAILED).text
            assert "damaged" in out and "state import" in out or "--force" in out, out
        here.run("state", "import", "p", "--file", str(file), code=FAILED)
        here.run("state", "import", "p", "--file", str(file), "--force")
        append(table, 3_000 + len(here.documents()), 2)
        assert "load" not in here.json("sync", "p")
        assert_equal(here, table)
        here.run("state", "export", "p", "--file", str(file := here.folder / f"{damage}.json"))


def test_a_state_moves_from_a_file_to_beside_the_data(machines, table):
    here, there = machines(), machines(**BESIDE)
    here.run("sync", "p")
    append(table, ROWS, 4)
    file = here.folder / "p.json"
    here.run("state", "export", "p", "--file", str(file))
    there.run("state", "import", "p", "--file", str(file))
    assert there.json("sync", "p")["counts"]["read"] == 4
    assert_equal(there, table)


def test_a_container_that_cannot_keep_a_state_is_refused(machines, table):
    here = machines(**BESIDE)
    here.create_container("kept", "/id")
    for words in (("check", "--connect"), ("sync", "p")):
        assert "/partition" in here.run(*words, code=USAGE).text

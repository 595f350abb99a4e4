"""A load that is killed, stopped or doubled goes on, and ends with the same container."""

import random
import signal
import subprocess
import time

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from documents import without_service_properties
from lake import FULL

KILLS = 100 if FULL else 6
SEED = 20_260
FILES, ROWS_OF_FILE = 12, 400
ROWS = FILES * ROWS_OF_FILE
LOCKED, INTERRUPTED, TERMINATED = 8, 130, 143
# A budget that makes a load take some seconds, so that every moment of it can be hit.
SLOW_THROUGHPUT = 12_000
LOADS_MAX = 20 * KILLS


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    root = tmp_path_factory.mktemp("crash")
    for file in range(FILES):
        numbers = range(file * ROWS_OF_FILE, (file + 1) * ROWS_OF_FILE)
        rows = pa.table(
            {
                "id": [f"r{n}" for n in numbers],
                "n": pa.array(numbers, pa.int32()),
                "text": [f"row {n} " + "x" * 200 for n in numbers],
            }
        )
        write_deltalake(str(root / "rows"), rows, mode="append")
    return root


def configure(workspace, table, container):
    creation = {"throughput": {"manual": SLOW_THROUGHPUT}}
    destination = {"container": container, "create": creation}
    workspace.configure(workspace.project(table, table="rows", destination=destination))


def assert_complete(workspace, container):
    documents = [without_service_properties(d) for d in workspace.documents(container)]
    assert len(documents) == ROWS
    assert {d["id"]: d["n"] for d in documents} == {f"r{n}": n for n in range(ROWS)}


def finish(process):
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def start_and_kill(workspace, seconds):
    """Starts a load and kills it after a time. Returns the exit code: None when it was killed."""
    process = workspace.spillway.start("sync", "p")
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None, ""
    return process.returncode, stdout + stderr


@pytest.mark.timeout(7200 if FULL else 300)
def test_a_load_killed_at_random_moments_ends_with_the_same_container(workspace, table):
    dice = random.Random(SEED)
    configure(workspace, table, "reference")
    start = time.monotonic()
    workspace.run("sync", "p")
    whole_load_seconds = time.monotonic() - start
    assert_complete(workspace, "reference")

    kills = loads = 0
    while kills < KILLS:
        loads += 1
        container = f"killed-{loads}"
        configure(workspace, table, container)
        remove_state(workspace)
        code = None
        while code is None:
            code, text = start_and_kill(workspace, dice.uniform(0.0, whole_load_seconds))
            kills += code is None
            assert kills + loads < LOADS_MAX, "the load never ends"
        assert code == 0, f"seed {SEED}, kill {kills}: exit code {code}\n{text}"
        assert_complete(workspace, container)
        assert workspace.json("verify", "p")["equal"] == ROWS


def remove_state(workspace):
    import shutil

    shutil.rmtree(workspace.folder / ".spillway", ignore_errors=True)


def wait_for_documents(workspace, container, process):
    """Until the load has written something, and has more to write."""
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        try:
            if next(iter(workspace.container(container).read_all_items(max_item_count=1)), None):
                return
        except Exception:  # noqa: BLE001: the container is not there yet
            pass
        time.sleep(0.02)
    raise AssertionError(f"the load ended early: {finish(process)}")


@pytest.mark.parametrize("kind, code", [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_a_signal_drains_and_the_next_run_goes_on(kind, code, workspace, table):
    configure(workspace, table, "stopped")
    process = workspace.spillway.start("sync", "p")
    wait_for_documents(workspace, "stopped", process)
    process.send_signal(kind)
    ended, stdout, stderr = finish(process)
    assert ended == code, stdout + stderr
    assert "spillway sync p" in stdout + stderr, "the next command is not named"
    there = len(workspace.documents("stopped"))
    assert 0 < there < ROWS
    summary = workspace.json("sync", "p")
    assert summary["resumed"] is True
    assert_complete(workspace, "stopped")
    counts = summary["counts"]
    assert counts["read"] == counts["upserted"] == ROWS


def test_two_signals_stop_at_once_and_the_next_run_goes_on(workspace, table):
    configure(workspace, table, "stopped-twice")
    process = workspace.spillway.start("sync", "p")
    wait_for_documents(workspace, "stopped-twice", process)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    ended, stdout, stderr = finish(process)
    assert ended in (INTERRUPTED, -signal.SIGINT), stdout + stderr
    workspace.run("sync", "p")
    assert_complete(workspace, "stopped-twice")


def test_two_runs_of_one_pipeline_do_not_overlap(workspace, table):
    configure(workspace, table, "once")
    first = workspace.spillway.start("sync", "p")
    wait_for_documents(workspace, "once", first)
    second = workspace.run("sync", "p", code=LOCKED)
    assert "p" in second.text
    ended, stdout, stderr = finish(first)
    assert ended == 0, stdout + stderr
    assert_complete(workspace, "once")


def test_history_says_what_happened(workspace, table):
    configure(workspace, table, "history")
    workspace.run("sync", "p")
    runs = workspace.json("runs", "p")["runs"]
    assert [(run["pipeline"], run["counts"]["upserted"]) for run in runs] == [("p", ROWS)]
    status = workspace.json("status")["pipelines"]
    assert [(pipeline["pipeline"], pipeline["rejected"]) for pipeline in status] == [("p", 0)]

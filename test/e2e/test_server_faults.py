"""The server throttles, splits, fails and breaks connections while a load runs.

Whatever it does, the container ends equal, every row is accounted for, and nothing is written twice
that was not in doubt.
"""

import json
import random
import threading

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from control import history
from documents import without_service_properties
from lake import FULL
from programs import wait_until

ROWS = 4_000
LITTLE_THROUGHPUT = 6_000
SLOW_THROUGHPUT = 12_000  # two ranges, and some seconds for a load
SPLITS = 6 if FULL else 2
SEEDS = range(10 if FULL else 2)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    root = tmp_path_factory.mktemp("faults")
    for first in range(0, ROWS, 1000):
        numbers = range(first, first + 1000)
        rows = {
            "id": [f"r{n}" for n in numbers],
            "n": pa.array(numbers, pa.int32()),
            "text": ["x" * 300] * 1000,
        }
        write_deltalake(str(root / "rows"), pa.table(rows), mode="append")
    return root


@pytest.fixture
def prepared(workspace, table):
    def prepare(throughput=SLOW_THROUGHPUT, **pipeline):
        destination = {"create": {"throughput": {"manual": throughput}}}
        project = workspace.project(table, table="rows", destination=destination, **pipeline)
        workspace.configure(project)
        return workspace

    return prepare


def assert_complete(workspace):
    documents = [without_service_properties(d) for d in workspace.documents()]
    assert {d["id"]: d["n"] for d in documents} == {f"r{n}": n for n in range(ROWS)}
    assert len(documents) == ROWS


def assert_adds_up(summary):
    counts = summary["counts"]
    assert (counts["read"], counts["upserted"], counts["rejected"]) == (ROWS, ROWS, 0)
    assert counts["adds_up"] is True


def load_through(workspace, control, seed, **rule):
    """A load that meets a fault, and ends as if there were none."""
    container = f"{workspace.database}/items"
    fault = control.add_fault(seed, operation="bulk", container=container, **rule)
    summary = workspace.json("sync", "p")
    assert control.hits(fault) > 0, "the fault was never met"
    control.ask("DELETE", "/faults")
    assert_adds_up(summary)
    assert_complete(workspace)


def test_a_load_over_a_budget_that_it_may_not_read_is_throttled_and_completes(prepared, control):
    workspace = prepared(LITTLE_THROUGHPUT)
    control.add_fault(1, operation="offer", effect="error", status=403)
    summary = workspace.json("sync", "p")
    assert summary["throttled_requests"] > 0
    assert_adds_up(summary)
    assert_complete(workspace)


def test_ranges_that_split_during_a_load_lose_nothing(prepared, control):
    workspace = prepared()
    name = f"{workspace.database}/items"
    process = workspace.spillway.start("sync", "p", "--output", "json")
    has_items = lambda: (c := control.container(name)) and sum(r["items"] for r in c["ranges"])
    wait_until(has_items, "the first documents")
    for _ in range(SPLITS):
        control.split_largest(name, window_ms=150)
    still_running = process.poll() is None
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert still_running, "the load was over before the splits were"
    assert len(control.container(name)["ranges"]) == 2 + SPLITS
    assert_adds_up(json.loads(stdout))
    assert_complete(workspace)
    assert workspace.json("verify", "p")["equal"] == ROWS


# Faults that the service documents as passing: each hits every few requests, again and again.
PASSING_FAULTS = {
    "too many requests": {"status": 429, "substatus": 3200, "retry_after_ms": 5},
    "retry with": {"status": 449},
    "request time-out": {"status": 408},
    "time-out after the write": {"status": 408, "moment": "after"},
    "service unavailable": {"status": 503},
    "internal error": {"status": 500},
    "range is splitting": {"status": 410, "substatus": 1007},
    "connection reset before the write": {"effect": "reset"},
    "connection reset after the write": {"effect": "reset", "moment": "after"},
    "reply cut short": {"effect": "truncate", "moment": "after"},
    "reply lacks a result": {"effect": "wrong_count", "moment": "after"},
    "slow replies": {"effect": "none", "delay_ms": 50},
}
PROBABILITY = 0.15


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_fault_that_passes_is_survived(fault, prepared, control):
    workspace = prepared()
    load_through(workspace, control, 1, probability=PROBABILITY, **PASSING_FAULTS[fault])


# Failures of single operations inside a bulk request that succeeds.
OPERATION_FAULTS = {"too many requests": 429, "retry with": 449, "time-out": 408}


@pytest.mark.parametrize("fault", OPERATION_FAULTS)
def test_single_operations_that_fail_are_sent_again(fault, prepared, control):
    workspace = prepared()
    rule = {"per_operation": True, "probability": 0.05, "status": OPERATION_FAULTS[fault]}
    load_through(workspace, control, 2, **rule)


def test_writes_that_land_late_do_not_undo_newer_ones(prepared, control):
    """A request whose connection broke lands a while later; the load waits for it (`settle`)."""
    workspace = prepared(sync={"settle": "2s"})
    container = f"{workspace.database}/items"
    rule = {"operation": "bulk", "container": container, "effect": "late", "late_ms": 800}
    control.ask("POST", "/faults", {**rule, "count": 3, "skip": 2})
    summary = workspace.json("sync", "p")
    assert control.ask("GET", "/faults")["rules"][0]["hits"] == 3
    assert_adds_up(summary)
    assert_complete(workspace)


def test_a_row_is_written_once_when_nothing_fails(prepared, control):
    workspace = prepared()
    control.ask("POST", "/history", {"enabled": True})
    workspace.run("sync", "p")
    name = f"{workspace.database}/items"
    writes = history(control, name)
    assert sorted(write["id"] for write in writes) == sorted(f"r{n}" for n in range(ROWS))


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_at_once(seed, prepared, control):
    """Random faults of every kind and splits, until they stop: then the container is equal."""
    dice = random.Random(seed)
    workspace = prepared()
    container = f"{workspace.database}/items"
    control.ask("POST", "/faults", {"seed": seed})
    for fault in PASSING_FAULTS.values():
        rule = {"operation": "bulk", "container": container, "probability": dice.uniform(0, 0.04)}
        control.ask("POST", "/faults", {**rule, **fault})
    stop = threading.Event()

    def split_now_and_then():
        while not stop.wait(dice.uniform(0.2, 1.0)):
            state = control.container(container)
            if (
                state
                and len(state["ranges"]) < 6
                and sum(r["items"] for r in state["ranges"]) > 200
            ):
                control.split_largest(container, window_ms=dice.choice([0, 100, 300]))

    splitter = threading.Thread(target=split_now_and_then)
    splitter.start()
    try:
        summary = workspace.json("sync", "p")
    finally:
        stop.set()
        splitter.join()
        control.ask("DELETE", "/faults")
    assert_adds_up(summary)
    assert_complete(workspace)
    assert workspace.json("verify", "p")["equal"] == ROWS

"""The server throttles, splits, fails and breaks connections while changes are applied.

Whatever it does, the container ends equal, every image is accounted for, and no key goes back.
"""

import random
import signal
import threading
import time

import pytest

from committer import Committer
from control import History
from lake import FULL
from mirror import assert_adds_up, assert_equal
from programs import wait_until
from timeline import Judge

ROWS = 1_000
COMMITS = 60 if FULL else 25
THROUGHPUT = 40_000
LITTLE_THROUGHPUT = 4_000
PROBABILITY = 0.2
SETTLE = "1s"
SEEDS = range(10 if FULL else 2)
REFUSED, TERMINATED = 6, 143

# Faults that the service documents as passing: each hits every few requests, again and again.
PASSING_FAULTS = {
    "a storm of 429": {"status": 429, "substatus": 3200, "retry_after_ms": 20, "probability": 0.6},
    "429 for single operations": {"status": 429, "per_operation": True},
    "retry with (449)": {"status": 449, "per_operation": True},
    "time-out (408)": {"status": 408},
    "time-out (408) after the write": {"status": 408, "moment": "after"},
    "service unavailable (503)": {"status": 503},
    "internal error (500)": {"status": 500},
    "internal error (500) after the write": {"status": 500, "moment": "after"},
    "session not there yet (404/1002)": {"status": 404, "substatus": 1002},
    "range is gone (410)": {"status": 410, "substatus": 1002},
    "range is splitting (410)": {"status": 410, "substatus": 1007},
    "reset before the write": {"effect": "reset"},
    "reset after the write": {"effect": "reset", "moment": "after"},
    "reply cut short": {"effect": "truncate", "moment": "after"},
    "reply lacks a result": {"effect": "wrong_count", "moment": "after"},
    "slow replies": {"effect": "none", "delay_ms": 50},
}
LATE = {"effect": "late", "late_ms": 400, "count": 4, "skip": 1}


class Changing:
    """A loaded pipeline, and a writer with changes to come."""

    def __init__(self, workspace, control, folder, throughput=THROUGHPUT, seed=1):
        self.workspace = workspace
        self.control = control
        self.committer = Committer(folder / "rows", seed, ROWS, 0.02)
        self.container = f"{workspace.database}/items"
        destination = {
            "partition_key": "/category",
            "create": {"throughput": {"manual": throughput}},
        }
        sync = {"delete_guard": "off", "settle": SETTLE}
        workspace.configure(
            workspace.project(folder, table="rows", destination=destination, sync=sync)
        )
        self.history = History(control, self.container)
        self.judge = Judge(self.committer.timeline)
        workspace.run("sync", "p")

    def commit(self, count: int) -> None:
        for _ in range(count):
            self.committer.commit_one()

    def add_fault(self, seed=1, **rule) -> int:
        whole = {"operation": "bulk", "container": self.container, "probability": PROBABILITY}
        return self.control.add_fault(seed, **{**whole, **rule})

    def hits(self, rule: int) -> int:
        return self.control.hits(rule)

    def assert_complete(self) -> None:
        version = self.committer.table.version
        assert self.workspace.json("status")["pipelines"][0]["version"] == version
        self.judge.see(self.history.new())
        self.judge.expect_through(version)
        assert_equal(self.workspace, self.committer.table.path, partition_key="category")


@pytest.fixture
def changing(workspace, control, tmp_path):
    return lambda **options: Changing(workspace, control, tmp_path / "lake", **options)


@pytest.mark.parametrize("fault", PASSING_FAULTS)
def test_a_fault_that_passes_is_survived(fault, changing):
    pipeline = changing()
    rule = pipeline.add_fault(**PASSING_FAULTS[fault])
    for _ in range(10):
        pipeline.commit(COMMITS)
        assert_adds_up(pipeline.workspace.json("sync", "p"))
        if hit := pipeline.hits(rule):
            break
    assert hit > 0, "the fault was never met"
    pipeline.control.ask("DELETE", "/faults")
    pipeline.assert_complete()


# What a key that is replaced, or a token that has expired, looks like in the middle of a run. The
# client has no way to get another one by itself: it stops, and the same command goes on.
REFUSALS = {
    "no longer valid (401)": ({"status": 401}, "check the account"),
    "expired (401/5006)": ({"status": 401, "substatus": 5006}, "renew it where it comes from"),
    "not valid at this time (403)": ({"status": 403}, "check the account"),
}


@pytest.mark.parametrize("words", [(), ("--continuous",)], ids=["batch", "continuous"])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_credentials_that_expire_on_the_way_lose_nothing(refusal, words, changing):
    pipeline = changing()
    pipeline.commit(COMMITS)
    answer, advice = REFUSALS[refusal]
    rule = pipeline.add_fault(**answer, probability=1, count=1, skip=1)
    stopped = pipeline.workspace.run("sync", "p", *words, code=REFUSED)
    assert pipeline.hits(rule) == 1
    assert advice in stopped.stderr, stopped.stderr
    last = pipeline.workspace.json("runs", "p")["runs"][0]
    assert last["state"] == "failed" and last["counts"]["adds_up"]
    pipeline.commit(2)
    assert_adds_up(pipeline.workspace.json("sync", "p"))
    pipeline.assert_complete()


def test_a_key_that_was_replaced_is_told_and_the_new_one_goes_on(changing):
    pipeline = changing()
    pipeline.commit(2)
    environment = pipeline.workspace.spillway.environment
    key = environment["COSMOS_KEY"]
    environment["COSMOS_KEY"] = "b3RoZXI="
    before = pipeline.history.new()
    stopped = pipeline.workspace.run("sync", "p", code=REFUSED)
    assert "401" in stopped.stderr and "check the account key" in stopped.stderr
    assert pipeline.history.new() == [], "a wrong key wrote something"
    pipeline.judge.see(before)
    environment["COSMOS_KEY"] = key
    assert_adds_up(pipeline.workspace.json("sync", "p"))
    pipeline.assert_complete()


def test_writes_that_land_late_do_not_undo_newer_ones(changing):
    """A request whose connection broke lands a while later: its keys are not written meanwhile."""
    pipeline = changing()
    rule = pipeline.add_fault(**{**LATE, "probability": 1})
    process = pipeline.workspace.spillway.start("sync", "p", "--continuous")
    try:
        with pipeline.committer:
            wait_until(lambda: pipeline.hits(rule) == LATE["count"], "late requests", 60)
            time.sleep(1)
        caught_up = lambda: (
            pipeline.workspace.json("status")["pipelines"][0]["version"]
            == pipeline.committer.table.version
        )
        wait_until(caught_up, "the newest version", 60)
    finally:
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == TERMINATED, stdout + stderr
    pipeline.assert_complete()


def test_changes_over_a_budget_that_may_not_be_read_are_throttled_and_complete(changing):
    pipeline = changing(throughput=LITTLE_THROUGHPUT)
    pipeline.control.add_fault(1, operation="offer", effect="error", status=403)
    pipeline.commit(4 * COMMITS)
    summary = pipeline.workspace.json("sync", "p")
    assert summary["throttled_requests"] > 0
    assert_adds_up(summary)
    pipeline.assert_complete()


def test_ranges_that_split_while_changes_are_applied_lose_nothing(changing):
    pipeline = changing(throughput=10_000)
    process = pipeline.workspace.spillway.start("sync", "p", "--continuous")
    try:
        with pipeline.committer:
            for _ in range(2):
                time.sleep(0.3)
                pipeline.control.split_largest(pipeline.container, window_ms=150)
            time.sleep(0.3)
    finally:
        process.send_signal(signal.SIGTERM)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == TERMINATED, stdout + stderr
    assert_adds_up(pipeline.workspace.json("sync", "p"))
    pipeline.assert_complete()


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_at_once(seed, changing):
    """Random faults of every kind, kills and splits, until they stop: then it is equal."""
    dice = random.Random(seed)
    pipeline = changing(throughput=15_000, seed=seed + 100)
    for fault in [*PASSING_FAULTS.values(), {**LATE, "count": 10}]:
        pipeline.add_fault(seed=seed, **{**fault, "probability": dice.uniform(0.005, 0.04)})
    stop = threading.Event()

    def split_now_and_then():
        while not stop.wait(dice.uniform(0.3, 1.0)):
            if len(pipeline.control.container(pipeline.container)["ranges"]) < 5:
                pipeline.control.split_largest(pipeline.container, dice.choice([0, 100, 300]))

    splitter = threading.Thread(target=split_now_and_then)
    splitter.start()
    try:
        with pipeline.committer:
            for _ in range(3):
                process = pipeline.workspace.spillway.start("sync", "p", "--continuous")
                time.sleep(dice.uniform(0.5, 2.0))
                process.kill()
                process.communicate()
    finally:
        stop.set()
        splitter.join()
        pipeline.control.ask("DELETE", "/faults")
    assert_adds_up(pipeline.workspace.json("sync", "p"))
    pipeline.assert_complete()

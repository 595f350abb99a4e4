"""kill -9 at any moment while a writer keeps committing: nothing is lost, and no key goes back.

The server's own history of writes is judged, not what a reader happens to see.
"""

import random
import signal
import time

import pytest

from committer import Committer
from control import Control, History
from lake import FULL
from mirror import assert_adds_up, assert_equal
from programs import wait_until
from timeline import Judge, Timeline

KILLS = 300 if FULL else 8
KILLS_OF_EPISODE = 20 if FULL else KILLS
SEED = 20_261
ROWS = 2_000
# A budget that a load and a backlog wait for, so that every moment of them can be hit.
THROUGHPUT = 10_000
COMMIT_SECONDS = 0.03
LOCKED, TERMINATED = 8, 143
LEASE_SECONDS = 30  # ChangeOptions::lease
STARTS_MAX = 10 * KILLS_OF_EPISODE
END_SECONDS_MAX = 60


@pytest.fixture
def control(emulator):
    control = Control(emulator)
    control.tidy()
    yield control
    control.tidy()


class Episode:
    """A pipeline from its load to its end, the writer of its table, and the judge of its writes."""

    def __init__(self, workspace, control, folder, seed, container):
        self.workspace = workspace
        self.dice = random.Random(seed)
        self.container = container
        self.committer = Committer(
            folder / "rows", seed, ROWS, COMMIT_SECONDS, feed=self.dice.random() < 0.7
        )
        self.table = self.committer.table.path
        self.judge = Judge(self.committer.timeline)
        self.history = History(control, f"{workspace.database}/{container}")
        self.kills = {}
        workspace.configure(
            workspace.project(
                folder,
                table="rows",
                destination={
                    "container": container,
                    "partition_key": "/category",
                    "create": {"throughput": {"manual": THROUGHPUT}},
                },
                sync={"delete_guard": "off"},
            )
            | {"state": {"store": "sqlite", "path": str(folder / "state.db")}}
        )

    def start(self, *words):
        return self.workspace.spillway.start("sync", "p", *words)

    def status(self) -> dict:
        [pipeline] = self.workspace.json("status")["pipelines"]
        return pipeline

    def look(self) -> dict:
        """Judges what was written so far, and the checkpoint that is there."""
        status = self.status()
        writes = self.history.new()
        with self.committer.lock:
            self.judge.see(writes)
            if status["state"] == "loaded":
                self.judge.expect_through(status["version"])
        return status

    def kill(self, process, moment: str, signals=(signal.SIGKILL,)) -> bool:
        """False: it had ended before."""
        for number in signals:
            process.send_signal(number)
            if number != signal.SIGKILL:
                time.sleep(self.dice.uniform(0, 0.05))
        stdout, stderr = process.communicate(timeout=END_SECONDS_MAX)
        killed = process.returncode == -signal.SIGKILL
        if killed:
            self.kills[moment] = self.kills.get(moment, 0) + 1
        else:
            # Before the program has come to its handler, a signal ends it as any other program.
            assert process.returncode in (0, TERMINATED, -signal.SIGTERM), stdout + stderr
        return killed

    def kill_after(self, seconds, moment, *words, signals=(signal.SIGKILL,)) -> bool:
        process = self.start(*words)
        time.sleep(self.dice.uniform(0, seconds))
        return self.kill(process, moment, signals)

    # The moments.

    def recovery(self):
        self.kill_after(0.3, "recovery")

    def batch(self):
        time.sleep(self.dice.uniform(0, 0.6))  # a backlog
        self.kill_after(0.4, "batch")

    def stream(self):
        self.kill_after(1.5, "stream", "--continuous")

    def shutdown(self):
        signals = (signal.SIGTERM, signal.SIGKILL)
        self.kill_after(1.5, "shutdown", "--continuous", signals=signals)

    def load(self):
        self.kill_after(1.0, "load")

    def run(self, kills: int) -> None:
        moments = [self.stream, self.batch, self.shutdown, self.recovery]
        starts = 0
        with self.committer:
            while sum(self.kills.values()) < kills:
                loaded = self.look()["state"] == "loaded"
                moment = moments[starts % len(moments)] if loaded else self.load
                if not loaded and self.kills.get("load", 0) >= max(2, kills // 5):
                    self.workspace.run("sync", "p")
                    continue
                moment()
                starts += 1
                assert starts < STARTS_MAX, "it cannot be killed"
        self.finish()

    def finish(self) -> None:
        """With the writer quiet, one run ends it."""
        summary = self.workspace.json("sync", "p")
        assert_adds_up(summary)
        status = self.look()
        assert status["version"] == self.committer.table.version
        self.judge.expect_through(self.committer.table.version)
        assert_equal(
            self.workspace, self.table, partition_key="category", container=self.container
        )


@pytest.mark.timeout(7200 if FULL else 180)
def test_killed_at_random_moments_no_change_is_lost_and_no_key_goes_back(
    workspace, control, tmp_path
):
    kills, number = {}, 0
    while sum(kills.values()) < KILLS:
        number += 1
        folder = tmp_path / f"episode-{number}"
        seed = SEED + number
        episode = Episode(workspace, control, folder, seed, f"episode-{number}")
        try:
            episode.run(min(KILLS_OF_EPISODE, KILLS - sum(kills.values())))
        except AssertionError as problem:
            raise AssertionError(
                f"seed {seed}, after {episode.kills} kills: {problem}"
            ) from problem
        for moment, count in episode.kills.items():
            kills[moment] = kills.get(moment, 0) + count
        control.ask("DELETE", "/history")
    assert set(kills) == {"load", "stream", "batch", "shutdown", "recovery"}, kills


def test_of_two_runners_one_is_effective(workspace, control, tmp_path):
    """One is stopped for longer than its lease, and wakes up when another has the pipeline."""
    episode = Episode(workspace, control, tmp_path / "two", SEED, "two")
    workspace.run("sync", "p")
    first = second = None
    with episode.committer:
        try:
            runners = [episode.start("--continuous"), episode.start("--continuous")]
            wait_until(lambda: any(r.poll() is not None for r in runners), "one runner refused")
            [refused] = [r for r in runners if r.poll() is not None]
            [first] = [r for r in runners if r is not refused]
            assert refused.returncode == LOCKED, refused.communicate()
            time.sleep(0.5)
            first.send_signal(signal.SIGSTOP)
            assert workspace.run("sync", "p", code=None).code == LOCKED, "its lease still holds"
            time.sleep(LEASE_SECONDS)
            second = episode.start("--continuous")
            before = episode.status()["version"]
            wait_until(lambda: episode.status()["version"] > before, "the second one goes on")
            first.send_signal(signal.SIGCONT)
            stdout, stderr = first.communicate(timeout=END_SECONDS_MAX)
            assert first.returncode == LOCKED, stdout + stderr
            before = episode.status()["version"]
            wait_until(lambda: episode.status()["version"] > before, "the second one is unharmed")
            assert second.poll() is None
            second.send_signal(signal.SIGTERM)
            stdout, stderr = second.communicate(timeout=END_SECONDS_MAX)
            assert second.returncode == TERMINATED, stdout + stderr
        finally:
            for process in (first, second):
                if process and process.poll() is None:
                    process.kill()
                    process.communicate()
    episode.finish()


# The judge itself: what it must not let pass.


@pytest.fixture
def judged():
    timeline = Timeline()
    versions = [{"a": 0}, {"a": 1}, {}, {"a": 3}, {"a": 3, "b": 4}]
    for version, rows in enumerate(versions):
        timeline.note(version, {("c", name): v for name, v in rows.items()})
    judge = Judge(timeline)

    def see(*states):
        for name, v in states:
            document = {"document": {"category": "c", "v": v}}
            write = {"operation": "delete"} if v is None else {"operation": "replace", **document}
            judge.see([{"id": name, "epk": "E", **write}])
        return judge

    return see


def test_the_judge_lets_pass_what_goes_forward(judged):
    judged(("a", 0), ("a", 0), ("a", None), ("a", 3), ("b", 4)).expect_through(4)


@pytest.mark.parametrize(
    "states",
    [
        [("a", 1), ("a", 0)],  # an older state
        [("a", 3), ("a", None)],  # a delete that was before
        [("a", 1), ("a", None), ("a", 1)],  # back to life
        [("a", 2)],  # a state that never was
    ],
)
def test_the_judge_finds_keys_that_go_back(states, judged):
    with pytest.raises(AssertionError, match="went back"):
        judged(*states)


@pytest.mark.parametrize("states", [[], [("a", 1)], [("a", 3)], [("a", 1), ("b", 4)]])
def test_the_judge_finds_checkpoints_that_are_ahead(states, judged):
    with pytest.raises(AssertionError, match="the checkpoint says"):
        judged(*states).expect_through(4)

"""kill -9 at any moment while a writer keeps committing: nothing is lost, and no key goes back.

The server's own history of writes is judged, not what a reader happens to see.
"""

import random
import signal
import sqlite3
import time

import pytest

from committer import Committer
from control import History
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
MISSES_MAX = 10  # of one kill: that often a process may end before it is hit
END_SECONDS_MAX = 60


def phases_of(kills: int) -> list:
    """Which phase each kill of an episode is done in: all of them, however few kills there are."""
    loads = max(2, kills // 5)
    later = ["stream", "batch", "shutdown", "recovery"]
    return ["load"] * loads + [later[n % len(later)] for n in range(kills - loads)]


class Episode:
    """A pipeline from its load to its end, the writer of its table, and the judge of its writes."""

    def __init__(self, workspace, control, folder, seed, container, state=None):
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
        self.state_file = folder / "state.db"
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
            | {"state": state or {"store": "sqlite", "path": str(self.state_file)}}
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

    def kill(self, process, phase: str) -> bool:
        """False: it had ended before."""
        process.send_signal(signal.SIGKILL)
        stdout, stderr = process.communicate(timeout=END_SECONDS_MAX)
        killed = process.returncode == -signal.SIGKILL
        if killed:
            self.kills[phase] = self.kills.get(phase, 0) + 1
        else:
            # Before the program has come to its handler, a signal ends it as any other program.
            assert process.returncode in (0, TERMINATED, -signal.SIGTERM), stdout + stderr
        return killed

    def until_hit(self, phase, seconds_max, attempt) -> None:
        """Tries again with less time while the process ends before it is killed."""
        for _ in range(MISSES_MAX):
            if attempt(self.dice.uniform(0, seconds_max)):
                return
            seconds_max /= 3
        raise AssertionError(f"no kill hits in the phase {phase}")

    def follow(self):
        """A run that follows the table, and has applied something."""
        before = self.status()["version"]
        process = self.start("--continuous")
        wait_until(lambda: self.status()["version"] > before, "a run that follows", END_SECONDS_MAX)
        return process

    # The phases: each ends with a kill at a random moment of it.

    def load(self, share: float) -> bool:
        """When about this share of the rows is there. False: all of them were there too soon."""
        process = self.start()
        wait_until(
            lambda: self.items() >= share * ROWS or process.poll() is not None,
            "a load",
            END_SECONDS_MAX,
        )
        killed = self.kill(process, "load")
        if killed and self.status()["state"] == "loaded":
            self.kills["load"] -= 1
        return killed and self.status()["state"] != "loaded"

    def items(self) -> int:
        container = self.history.control.container(self.history.container)
        return sum(part["items"] for part in container["ranges"]) if container else 0

    def stream(self):
        process = self.follow()
        time.sleep(self.dice.uniform(0, 0.5))
        assert self.kill(process, "stream"), "a run that follows has ended by itself"

    def batch(self):
        def attempt(seconds):
            time.sleep(0.6)  # a backlog
            process = self.start()
            time.sleep(seconds)
            return self.kill(process, "batch")

        self.until_hit("batch", 0.4, attempt)

    def shutdown(self):
        def attempt(seconds):
            process = self.follow()
            process.send_signal(signal.SIGTERM)
            time.sleep(seconds)
            return self.kill(process, "shutdown")

        self.until_hit("shutdown", 0.05, attempt)

    def recovery(self):
        def attempt(seconds):
            self.kill(self.follow(), "before a recovery")
            process = self.start()
            time.sleep(seconds)
            return self.kill(process, "recovery")

        self.until_hit("recovery", 0.3, attempt)

    def run(self, phases: list) -> list:
        """Returns the phases that are left: another load needs another pipeline."""
        left = list(phases)
        loads = phases.count("load")
        with self.committer:
            while left:
                loaded = self.look()["state"] == "loaded"
                if left[0] == "load":
                    done = loads - left.count("load")
                    if loaded or not self.load(self.dice.uniform(done, done + 0.8) / loads):
                        break
                else:
                    if not loaded:
                        self.workspace.run("sync", "p")
                    getattr(self, left[0])()
                left.pop(0)
        self.finish()
        return left

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
    kills = {}
    left = []
    for _ in range(KILLS // KILLS_OF_EPISODE):
        left += phases_of(KILLS_OF_EPISODE)
    planned = {phase: left.count(phase) for phase in left}
    number = 0
    while left:
        number += 1
        assert number <= MISSES_MAX + KILLS // KILLS_OF_EPISODE, f"{left} cannot be hit"
        folder = tmp_path / f"episode-{number}"
        seed = SEED + number
        episode = Episode(workspace, control, folder, seed, f"episode-{number}")
        now, later = left[:KILLS_OF_EPISODE], left[KILLS_OF_EPISODE:]
        try:
            left = episode.run(now) + later
        except AssertionError as problem:
            raise AssertionError(
                f"seed {seed}, after {episode.kills} kills: {problem}"
            ) from problem
        for phase, count in episode.kills.items():
            kills[phase] = kills.get(phase, 0) + count
        control.ask("DELETE", "/history")
    kills.pop("before a recovery")
    assert kills == planned


def test_every_phase_has_its_kills():
    for kills in (KILLS_OF_EPISODE, 8, 20):
        phases = phases_of(kills)
        assert len(phases) == kills
        assert set(phases) == {"load", "stream", "batch", "shutdown", "recovery"}


def pause_outside_of_its_state(process, state_file):
    """A process that is stopped inside a transaction would keep all others out of a local state."""

    def pause():
        process.send_signal(signal.SIGSTOP)
        database = sqlite3.connect(state_file, timeout=0, isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
            return True
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            return False
        finally:
            database.close()

    wait_until(pause, "a moment between two transactions")


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
            pause_outside_of_its_state(first, episode.state_file)
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

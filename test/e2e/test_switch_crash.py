"""kill -9 in every step of a switch, while a reader polls through the official client.

Each kill is exact: the server holds one request of the process, or the end of its reply, and there
it is killed. The next `sync` has to go on or to clean up, and the reader to see one whole
snapshot after the other, whatever came first.
"""

import itertools
import re
import shutil
import signal
import sqlite3
import time

import pytest

from control import History
from lake import FULL
from programs import wait_until
from switching import ID, POINTERS, Switched

ROWS = 1_100  # so that a change of all of them is large (switch_steps.h: kLargeWritesMin)
END_SECONDS_MAX = 60
STATE = "kept"
BESIDE = {"store": "cosmosdb", "connection": "shop", "container": STATE}
# SwitchStepName of every SwitchStep.
STEPS = {"reserve", "load", "verify", "verified", "catch up", "flip", "align", "drop"}


class Victim:
    """One switch from the snapshot 1 to the snapshot 2 that is killed, and how it ends."""

    numbers = itertools.count(1)

    def __init__(self, workspace, control, folder, state=None):
        self.workspace = workspace
        self.control = control
        number = next(self.numbers)
        workspace.database = f"{workspace.database.split('-killed')[0]}-killed-{number}"
        shutil.rmtree(workspace.folder / ".spillway", ignore_errors=True)
        self.s = Switched(workspace, folder / f"lake-{number}", count=ROWS, state=state)
        workspace.run("sync", "p")
        self.s.write(2)
        self.told = []  # the steps that the killed process told
        self.killed = False

    def name(self, container: str) -> str:
        return f"{self.workspace.database}/{container}"

    def kill(self, process) -> None:
        process.send_signal(signal.SIGKILL)
        _, stderr = process.communicate(timeout=END_SECONDS_MAX)
        self.killed = process.returncode == -signal.SIGKILL
        self.told = re.findall(r"switch: ([a-z ]+) items-", stderr)

    def hold(self, operation: str, container: str, skip: int, moment: str) -> int:
        """Holds a request of the process, or the end of its reply; a reader's requests pass."""
        name = self.name(container) if container else ""  # a container that is made has no name yet
        how = {"effect": "pause"} if moment == "before" else {
            "effect": "none", "drip_bytes_per_second": 1}
        return self.control.add_fault(1, client="spillway", operation=operation, container=name,
                                      skip=skip, count=1, **how)

    def kill_at(self, operation: str, container: str, skip: int, moment: str, words=()) -> bool:
        """Kills where the server has the request, or has carried it out. False: it never came."""
        rule = self.hold(operation, container, skip, moment)
        process = self.workspace.spillway.start("sync", "p", *words)
        try:
            wait_until(lambda: self.control.hits(rule) > 0 or process.poll() is not None,
                       "the request", END_SECONDS_MAX)
            if self.control.hits(rule) > 0:
                if moment == "after":
                    time.sleep(0.05)  # it is being carried out
                self.kill(process)
            else:
                process.communicate(timeout=END_SECONDS_MAX)
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
            self.control.ask("DELETE", "/faults")
        return self.killed

    def check_pointer(self) -> None:
        pointer = self.s.reader().pointer()
        assert pointer["container"] in self.s.containers(), "it names what is not there"

    def finish(self, poller, where: str) -> None:
        """The table changes once more, and one run ends it all."""
        self.check_pointer()
        self.s.write(3)
        outcome = self.workspace.run("sync", "p", "--output", "json", code=None)
        assert outcome.code == 0, f"{where}: {outcome.text}"
        wait_until(lambda: poller.problem or poller.seen[-1:] == [3], f"{where}: the end")
        seen = poller.stop()
        assert seen in ([1, 3], [1, 2, 3]), f"{where}: {seen}"
        status = self.s.status()
        kept = {one["container"] for one in status["retired"]}
        expected = {status["container"], POINTERS} | kept
        if self.s.containers() - expected not in (set(), {STATE}):
            raise AssertionError(f"{where}: {self.s.containers()} are left, not {expected}")
        assert "building" not in status and status["state_knows_it"], where
        assert self.workspace.json("verify", "p")["matches"] is True, where


def live_through(workspace, control, folder, point, state=None):
    """One kill and its recovery. Returns the victim: `killed` False, when the point never came."""
    victim = Victim(workspace, control, folder, state)
    with victim.s.poller() as poller:
        wait_until(lambda: poller.problem or poller.seen == [1], "the first snapshot")
        victim.kill_at(*point)
        if victim.killed:
            victim.finish(poller, f"killed at {point}, in {victim.told[-1:]}")
    return victim


# Where each step is hit: the request, and the last step that the process had told by then. Kept
# honest by the test: another order of requests fails it.
POINTS = {
    "reserve": ("batch", POINTERS, 8, "after"),
    "load, nothing in it yet": ("container", "items-v2", 0, "before"),
    "load": ("bulk", "items-v2", 3, "after"),
    "verify": ("feed", "items-v2", 0, "before"),
    "verified": ("batch", POINTERS, 11, "before"),
    "verified, noted": ("batch", POINTERS, 11, "after"),
    "flip, not sent": ("batch", POINTERS, 16, "before"),
    "flip, carried out": ("batch", POINTERS, 16, "after"),
}


@pytest.mark.timeout(300)
def test_killed_in_every_step_readers_see_one_whole_snapshot_after_the_other(
    workspace, control, tmp_path
):
    for name, point in POINTS.items():
        victim = live_through(workspace, control, tmp_path, point)
        assert victim.killed, f"{name}: {point} never came"
        step = name.split(",")[0]
        assert victim.told[-1] == step, f"{point} is in {victim.told[-1]}, not in {step}"


def places_of(state) -> list:
    """Where the requests of a switch go that no reader sends."""
    places = [("batch", POINTERS), ("container", ""), ("bulk", "items-v2"),
              ("feed", "items-v2"), ("ranges", "items-v2")]
    return places + ([("batch", STATE), ("query", STATE)] if state else [])


def kill_all(workspace, control, folder, state) -> tuple:
    """A kill at every request, before and after. Returns how many, and the steps they hit."""
    steps = set()
    kills = 0
    for place, moment in itertools.product(places_of(state), ("before", "after")):
        for skip in itertools.count():
            victim = live_through(workspace, control, folder, (*place, skip, moment), state)
            if not victim.killed:
                assert skip > 0, f"no request {place} ever came"
                break
            steps |= set(victim.told[-1:])
            kills += 1
    return kills, steps


# With the state beside the data each write of it is a request, too. The full suite takes them all.
# The last is in the middle of forgetting the state that was moved.
SAMPLE = [("batch", STATE, 9, "before"), ("batch", STATE, 40, "after"),
          ("batch", STATE, 92, "before")]


@pytest.mark.timeout(7200 if FULL else 120)
@pytest.mark.parametrize("state", [None, BESIDE], ids=["sqlite", "beside the data"])
def test_killed_at_every_request(workspace, control, tmp_path, state):
    if FULL:
        kills, steps = kill_all(workspace, control, tmp_path, state)
        print(f"{kills} kills, in {sorted(steps)}")
        # The other two have tests of their own below.
        assert steps >= STEPS - {"drop", "align"}
        return
    for point in SAMPLE if state else [("ranges", "items-v2", 0, "after")]:
        assert live_through(workspace, control, tmp_path, point, state).killed, point


def test_killed_between_the_flip_and_the_state(workspace, control, tmp_path):
    """The state cannot be written while another holds it: the process is killed waiting for it."""
    victim = Victim(workspace, control, tmp_path)
    with victim.s.poller() as poller:
        wait_until(lambda: poller.problem or poller.seen == [1], "the first snapshot")
        rule = victim.hold(*POINTS["flip, not sent"])
        process = workspace.spillway.start("sync", "p")
        wait_until(lambda: control.hits(rule) > 0, "the flip", END_SECONDS_MAX)
        state = sqlite3.connect(workspace.folder / ".spillway" / "state.db", isolation_level=None)
        state.execute("BEGIN IMMEDIATE")
        control.ask("DELETE", "/faults")
        wait_until(lambda: victim.s.reader().pointer()["container"] == "items-v2", "the flip")
        time.sleep(0.1)
        victim.kill(process)
        state.execute("ROLLBACK")
        state.close()
        assert victim.killed and victim.told[-1] == "align"
        victim.finish(poller, "killed in align")


def test_killed_while_an_old_container_is_deleted(workspace, control, tmp_path):
    for operation, moment in (("container", "before"), ("container", "after")):
        victim = Victim(workspace, control, tmp_path)
        # A load that nobody wants any more: the next command has a container to delete.
        assert victim.kill_at(*POINTS["verify"])
        rule = victim.hold(operation, "items-v2", 0, moment)
        process = workspace.spillway.start("switch", "p", "--abort")
        wait_until(lambda: control.hits(rule) > 0, "the deletion", END_SECONDS_MAX)
        time.sleep(0.05)
        victim.kill(process)
        control.ask("DELETE", "/faults")
        assert victim.killed and victim.told[-1] == "drop"
        with victim.s.poller() as poller:
            victim.finish(poller_of(victim, poller), f"killed in drop, {moment}")
        assert "items-v2" not in victim.s.containers()


def poller_of(victim, poller):
    """One that has seen the first snapshot."""
    wait_until(lambda: poller.problem or poller.seen[:1] == [1], "the first snapshot")
    return poller


def test_a_way_back_that_is_killed_is_done_or_not(workspace, control, tmp_path):
    for skip, moment in ((8, "before"), (8, "after")):
        victim = Victim(workspace, control, tmp_path)
        workspace.run("sync", "p")
        rule = victim.hold("batch", POINTERS, skip, moment)
        with victim.s.poller() as poller:
            wait_until(lambda: poller.problem or poller.seen == [2], "the second snapshot")
            process = workspace.spillway.start("switch", "p", "--back")
            wait_until(lambda: control.hits(rule) > 0, "the flip", END_SECONDS_MAX)
            time.sleep(0.05)
            victim.kill(process)
            control.ask("DELETE", "/faults")
            assert victim.killed and victim.told[-1] == "flip", victim.told
            # A held request lands when it is let go: either way it is one of the two, and whole.
            if not victim.s.status()["held"]:
                workspace.run("switch", "p", "--back")
            assert victim.s.stamps() == {1}
            workspace.run("sync", "p", code=9)
            workspace.run("switch", "p", "--back")
            assert victim.s.stamps() == {2}
            assert poller.stop() in ([2, 1, 2], [2, 1])
        assert workspace.json("verify", "p")["matches"] is True


def die_with_the_flip_on_its_way(victim):
    rule = victim.hold(*POINTS["flip, not sent"])
    process = victim.workspace.spillway.start("sync", "p")
    wait_until(lambda: victim.control.hits(rule) > 0, "the flip", END_SECONDS_MAX)
    victim.kill(process)
    assert victim.killed and victim.told[-1] == "flip"


def test_a_flip_that_arrives_after_its_process_died_is_refused(workspace, control, tmp_path):
    # With nothing written meanwhile it lands: the server carries it out, whoever waits for it.
    victim = Victim(workspace, control, tmp_path)
    die_with_the_flip_on_its_way(victim)
    control.ask("DELETE", "/faults")
    wait_until(lambda: victim.s.reader().pointer()["container"] == "items-v2", "the late flip")

    victim = Victim(workspace, control, tmp_path)
    die_with_the_flip_on_its_way(victim)
    # It is still on its way, and the next run has the whole stage to itself.
    victim.s.write(3)
    history = History(control, victim.name(POINTERS))
    summary = workspace.json("sync", "p")
    assert summary["switch"]["to"] == "items-v2"
    assert victim.s.stamps() == {3}
    etag = victim.s.reader().pointer()["_etag"]
    control.ask("DELETE", "/faults")  # now it lands
    time.sleep(0.2)
    assert victim.s.reader().pointer()["_etag"] == etag
    assert len([write for write in history.new() if write["id"] == ID]) == 1

"""Several runs on one limit, judged by the server's clock and its history of charges.

Each runner is a process of its own, with a pipeline and a table of its own; all write into one
container. What the machine itself adds to a second when it is busy is allowed for in the suite that
runs beside other work; SPILLWAY_FULL=1 holds the bars of a quiet one.
"""

import copy
import math
import signal

import pyarrow as pa
import pytest
import yaml
from deltalake import write_deltalake

from control import History
from lake import FULL
from meter import Meter, Ticker, Void
from programs import Spillway, wait_until
from test_throughput import DOCUMENT_UNITS, OVERSHOOT

USAGE = 2
FORBIDDEN = 6
LIMIT = 8_000
PROVISIONED = 40_000
UNDER = 0.97 if FULL else 0.90  # of the limit, in any second
SETTLED_SECONDS = 4 if FULL else 3  # from when all have begun until each has its part
SHARE_BACK_SECONDS_MAX = 5
KILL_AFTER_SECONDS = 10 if FULL else 4.5
SECONDS = 20 if FULL else 10.5
RUNS_MAX = 3


def make_rows(path, prefix: str, units: float) -> None:
    numbers = range(int(units / DOCUMENT_UNITS))
    rows = {
        "id": [f"{prefix}-{n:07}" for n in numbers],
        "name": [f"name {n % 977}" for n in numbers],
        "category": [f"c{n % 30}" for n in numbers],
        "price": [n * 0.25 for n in numbers],
        "stock": pa.array([n % 1000 for n in numbers], pa.int32()),
    }
    write_deltalake(str(path), pa.table(rows))


class Runners:
    """Processes that load one container; documents tell by their ids whose they are."""

    def __init__(self, workspace, control, folder):
        self.workspace = workspace
        self.control = control
        self.folder = folder
        self.number = 0

    def configure(self, count, throughput, apart):
        """Of one project; `apart`: each of a project of its own, as on another machine."""
        self.number += 1
        self.container = f"items{self.number}"
        self.workspace.create_container(self.container, throughput=PROVISIONED)
        self.history = History(self.control, f"{self.workspace.database}/{self.container}")
        destination = {"container": self.container, "create": None}
        pipelines, self.spillways = {}, []
        for runner in range(count):
            table = f"{self.container}-{runner}"
            # Its part while some are dead, and what it may have alone before the others have begun.
            units = LIMIT * (1.3 * SECONDS / max(count - 1, 1) + 6)
            make_rows(self.folder / table, f"r{runner}", units)
            project = self.workspace.project(
                self.folder,
                table=table,
                destination=destination,
                throughput=copy.deepcopy(throughput),
            )
            pipelines[self.name(runner)] = project["pipelines"]["p"]
            spillway = self.workspace.spillway
            if apart:
                folder = self.folder / f"machine{self.number}-{runner}"
                folder.mkdir()
                spillway = Spillway(folder, self.workspace.server.credentials)
                one = {**project, "pipelines": {self.name(runner): project["pipelines"]["p"]}}
                (folder / "spillway.yaml").write_text(yaml.safe_dump(one, sort_keys=False))
            self.spillways.append(spillway)
        if not apart:
            self.workspace.configure({**project, "pipelines": pipelines})

    def name(self, runner) -> str:
        return f"p{self.number}-{runner}"

    def start(self, runner):
        return self.spillways[runner].start("sync", self.name(runner), "--output", "json")

    def measure(self, count, throughput, apart, kill):
        """Lets all of them run for a while and kills the first in the middle; what was charged."""
        self.configure(count, throughput, apart)
        with Ticker() as ticker:
            processes = [self.start(runner) for runner in range(count)]
            try:
                writes = self.until(lambda seen: len({w["id"][:2] for w in seen}) == count, [])
                begun_ms = writes[-1]["time_ms"]
                killed_ms = None
                writes = self.until_ms(begun_ms + 1000 * KILL_AFTER_SECONDS, writes)
                if kill:
                    processes[0].send_signal(signal.SIGKILL)
                    processes[0].wait()
                    writes += self.history.new()
                    killed_ms = writes[-1]["time_ms"]
                writes = self.until_ms(begun_ms + 1000 * SECONDS, writes)
                assert all(process.poll() is None for process in processes[bool(kill):])
            finally:
                for process in processes:
                    process.send_signal(signal.SIGTERM)
                ended = [process.communicate(timeout=60) for process in processes]
                print(*(error for _, error in ended))
        end_ms = writes[-1]["time_ms"]
        return Judged(Meter(writes, ticker), writes, begun_ms, killed_ms, end_ms)

    def until(self, condition, writes):
        def look():
            writes.extend(self.history.new())
            return writes if condition(writes) else None

        return wait_until(look, "the writes of all runners", 20)

    def until_ms(self, end_ms, writes):
        return self.until(lambda seen: seen[-1]["time_ms"] >= end_ms, writes)


class Judged:
    def __init__(self, meter, writes, begun_ms, killed_ms, end_ms):
        self.meter = meter
        self.writes = writes
        self.begun = (begun_ms - meter.start_ms) / 1000
        self.killed = None if killed_ms is None else (killed_ms - meter.start_ms) / 1000
        self.end = (end_ms - meter.start_ms) / 1000

    def cheapest_second(self, begin, end) -> float:
        """The least of any undisturbed second between two moments."""
        starts = range(int(begin * 100), int((end - 1) * 100))
        counted = [s for s in starts if not self.meter.disturbed(s)]
        if len(counted) < len(starts) / 2:
            raise Void(f"{len(starts) - len(counted)} of {len(starts)} seconds were disturbed")
        return min(self.meter.spent(s / 100, s / 100 + 1) for s in counted)

    def share_back(self, limit) -> float:
        """From the kill until no second is short any more."""
        starts = range(int(self.killed * 100), int((self.end - 1) * 100))
        short = [s for s in starts
                 if self.meter.spent(s / 100, s / 100 + 1) < UNDER * limit
                 and not self.meter.disturbed(s)]
        if short and short[-1] > starts[-1] - 10:
            return math.inf  # it never was
        return (short[-1] - starts[0]) / 100 if short else 0

    def tell(self, limit):
        """For whoever looks at a run (pytest -s, or a failure)."""
        settled, until = self.begun + SETTLED_SECONDS, self.killed or self.end
        seconds = [self.meter.spent(s, s + 1) / limit for s in range(int(self.end))]
        disturbed = sum(self.meter.disturbed(s) for s in range(int(self.end * 100)))
        print(f"begun {self.begun:.2f} s, killed {self.killed} s, end {self.end:.2f} s;",
              f"{disturbed} of {int(self.end * 100)} seconds disturbed;",
              f"dearest {self.meter.dearest_second() / limit:.4f},",
              f"cheapest {self.cheapest_second(settled, until) / limit:.4f},",
              f"parts {self.parts(settled, until)}",
              f"share back {self.share_back(limit) if self.killed else None} s",
              " ".join(f"{second:.3f}" for second in seconds), sep="\n  ")

    def parts(self, begin, end) -> dict:
        """What each runner spent between two moments, of what all did."""
        spent = {}
        for write in self.writes:
            at = (write["time_ms"] - self.meter.start_ms) / 1000
            if begin <= at < end:
                runner = write["id"][:2]
                spent[runner] = spent.get(runner, 0) + write["charge"]
        return {runner: units / sum(spent.values()) for runner, units in sorted(spent.items())}


def judge(runners, count, throughput, apart, limit=LIMIT):
    """Again when the machine stood still too often."""
    kill = count > 1
    for attempt in range(RUNS_MAX):
        judged = runners.measure(count, throughput, apart, kill)
        try:
            judged.tell(limit)
            assert judged.meter.dearest_second() <= OVERSHOOT * limit
            settled = judged.begun + SETTLED_SECONDS
            until = judged.killed or judged.end
            assert judged.cheapest_second(settled, until) >= UNDER * limit
        except Void:
            if attempt == RUNS_MAX - 1:
                raise
            continue
        for part in judged.parts(settled, until).values():
            assert part == pytest.approx(1 / count, rel=0.15)
        if kill:
            assert judged.share_back(limit) <= SHARE_BACK_SECONDS_MAX
        return judged


@pytest.fixture
def runners(workspace, control, tmp_path):
    return Runners(workspace, control, tmp_path)


@pytest.mark.parametrize("count", [1, 2, 4, 8] if FULL else [2])
def test_runs_of_one_project_share_one_limit(runners, count):
    judge(runners, count, {"limit": LIMIT}, apart=False)


@pytest.mark.parametrize("count", [1, 2, 4, 8] if FULL else [3])
def test_runs_of_several_machines_share_one_limit(runners, count):
    group = {"name": "loaders", "connection": "shop", "container": "control"}
    judge(runners, count, {"limit": LIMIT, "group": group}, apart=True)


GROUP = {"name": "loaders", "connection": "shop", "container": "control"}


def grouped(workspace, folder, **group):
    make_rows(folder / "table", "r", 200)
    throughput = {"limit": LIMIT, "group": {**GROUP, **group}}
    workspace.configure(workspace.project(folder, throughput=throughput))


@pytest.mark.parametrize(
    ("key", "ttl", "why", "advice"),
    [
        ("/id", -1, "does not have the partition key /groupId", "made when missing"),
        ("/groupId", None, "has no time to live", "az cosmosdb sql container update --ttl -1"),
    ],
)
def test_a_control_container_that_is_none_is_explained_before_anything_is_written(
    workspace, tmp_path, key, ttl, why, advice
):
    from azure.cosmos import PartitionKey

    workspace.create_container()
    database = workspace.cosmos.get_database_client(workspace.database)
    database.create_container("control", PartitionKey(key), default_ttl=ttl)
    grouped(workspace, tmp_path)
    for words in (("check", "--connect"), ("sync", "p")):
        told = workspace.run(*words, code=USAGE).text
        assert why in told
        assert advice in told
    assert workspace.documents() == []


def test_a_control_container_that_may_not_be_written_is_explained(workspace, control, tmp_path):
    workspace.create_container()
    database = workspace.cosmos.get_database_client(workspace.database)
    from azure.cosmos import PartitionKey

    database.create_container("control", PartitionKey("/groupId"), default_ttl=-1)
    grouped(workspace, tmp_path)
    workspace.run("check", "--connect")
    assert not list(database.get_container_client("control").read_all_items())
    refused = {"effect": "error", "status": 403, "substatus": 5302}
    control.add_fault(
        1, operation="batch", container=f"{workspace.database}/control", **refused
    )
    for words in (("check", "--connect"), ("sync", "p")):
        told = workspace.run(*words, code=FORBIDDEN).text
        assert "throughput group loaders" in told
        assert "Cosmos DB Built-in Data Contributor" in told
    assert workspace.documents() == []


def test_a_missing_control_container_is_made_and_left_in_order(workspace, tmp_path):
    grouped(workspace, tmp_path)
    workspace.run("check", "--connect")
    workspace.run("sync", "p")
    made = workspace.container("control").read()
    assert made["partitionKey"]["paths"] == ["/groupId"]
    assert made["defaultTtl"] == -1
    items = list(workspace.container("control").read_all_items())
    kinds = sorted(item["groupId"].rsplit(".", 1)[1] for item in items)
    assert kinds == ["config", "spillway"]  # who has ended has left


@pytest.mark.parametrize(
    ("throughput", "why"),
    [
        ({"group": GROUP}, "shares a limit, and there is none"),
        ({"limit": LIMIT, "group": {**GROUP, "connection": "lake"}}, "has no throughput groups"),
        ({"limit": LIMIT, "group": {**GROUP, "connection": "shpo"}}, "did you mean `shop`?"),
        ({"limit": LIMIT, "group": {**GROUP, "container": "items"}}, "container of its own"),
        ({"limit": LIMIT, "group": {"container": "control"}}, "name"),
    ],
)
def test_a_group_that_cannot_be_is_a_configuration_error(workspace, tmp_path, throughput, why):
    workspace.configure(workspace.project(tmp_path, throughput=throughput))
    assert why in workspace.run("check", code=USAGE).text

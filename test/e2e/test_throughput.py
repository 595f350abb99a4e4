"""Limits of request units, judged by the server's clock and its history of charges.

The bars are those of a quiet machine and hold with SPILLWAY_FULL=1; the suite that runs beside
other work allows for what a machine that is busy adds to a second.
"""

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from control import History
from lake import FULL
from meter import Meter, Ticker, Void
from mirror import assert_adds_up
from programs import wait_until

USAGE = 2
# Of a limit of 5,000 RU/s or more, in any second; below, it is one document.
OVERSHOOT = 1.02 if FULL else 1.06
USED_LARGE = 0.99 if FULL else 0.97
USED_SMALL = 0.97 if FULL else 0.94
RUNS_MAX = 3  # of a measurement that the machine made void
WARM_UP_SECONDS = 2
DOCUMENT_UNITS = 6.5
MILLION_SECONDS_MAX = 900


def make_table(path, units: float) -> None:
    """Rows that cost about so much to load."""
    count = int(units / DOCUMENT_UNITS)
    numbers = range(count)
    rows = {
        "id": [f"p{n:07}" for n in numbers],
        "name": [f"name {n % 977}" for n in numbers],
        "category": [f"c{n % 30}" for n in numbers],
        "price": [n * 0.25 for n in numbers],
        "stock": pa.array([n % 1000 for n in numbers], pa.int32()),
    }
    write_deltalake(str(path), pa.table(rows))


class Measured:
    """Loads a table under a limit and meters what the server charged."""

    def __init__(self, workspace, control, folder):
        self.workspace = workspace
        self.control = control
        self.folder = folder
        self.number = 0

    def configure(self, provisioned, units, limit):
        self.number += 1
        name = f"items{self.number}"
        make_table(self.folder / name, units)
        self.container = name
        throughput = {} if limit is None else {"throughput": {"limit": limit}}
        destination = {"container": name, "create": {"throughput": {"manual": provisioned}}}
        project = self.workspace.project(
            self.folder, table=name, destination=destination, **throughput
        )
        self.pipeline = name  # a pipeline keeps the destination that it has begun with
        self.workspace.configure({**project, "pipelines": {name: project["pipelines"]["p"]}})
        self.history = History(self.control, f"{self.workspace.database}/{name}")

    def load(self, provisioned, seconds, limit, units_per_second, meanwhile=None):
        """The meter and the summary of a load; again when the machine stood still too often."""
        for attempt in range(RUNS_MAX):
            self.configure(provisioned, units_per_second * seconds, limit)
            with Ticker() as ticker:
                self.process = self.workspace.spillway.start(
                    "sync", self.pipeline, "--output", "json"
                )
                if meanwhile:
                    meanwhile(self)
                outcome = self.workspace.spillway.end_of(self.process)
            assert_adds_up(outcome.result)
            meter = Meter(self.history.new(), ticker)
            try:
                meter.dearest_second()
                return meter, outcome.result
            except Void:
                if attempt == RUNS_MAX - 1:
                    raise
        raise AssertionError("unreachable")


def items_of(run) -> int:
    found = run.control.container(run.history.container)
    return sum(part["items"] for part in found["ranges"]) if found else 0


def wait_for_items(run, count) -> None:
    wait_until(lambda: items_of(run) > count or run.process.poll() is not None,
               "a part of the load")
    assert run.process.poll() is None, run.process.communicate()


@pytest.fixture
def measured(workspace, control, tmp_path):
    return Measured(workspace, control, tmp_path)


@pytest.mark.parametrize(
    ("provisioned", "limit", "units"),
    [
        (40_000, "30%", 12_000),
        *([(10_000, 5_000, 5_000), (48_000, 20_000, 20_000), (60_000, "50%", 30_000)] * FULL),
    ],
)
def test_a_limit_is_used_and_kept_in_every_second(measured, provisioned, limit, units):
    meter, summary = measured.load(provisioned, 20 if FULL else 7, limit, units)
    assert meter.dearest_second() <= OVERSHOOT * units
    assert meter.rate(WARM_UP_SECONDS, meter.backlog_seconds) >= USED_LARGE * units
    assert summary["throttled_requests"] == 0


@pytest.mark.timeout(MILLION_SECONDS_MAX)
def test_of_a_million_operations_under_a_limit_none_is_throttled(measured):
    """The limit leaves a tenth of what is provisioned to others."""
    count = 1_000_000 if FULL else 20_000
    measured.configure(100_000, count * DOCUMENT_UNITS, "90%")
    outcome = measured.workspace.run("sync", measured.pipeline, "--output", "json",
                                     seconds_max=MILLION_SECONDS_MAX)
    summary = outcome.result
    assert summary["run_upserted"] == count
    assert summary["throttled_requests"] == 0
    operations = measured.history.new()
    assert len(operations) == count


@pytest.mark.parametrize("limit", [400, *([1_000, 2_500, 4_900] * FULL)])
def test_a_small_limit_is_kept_up_to_one_document(measured, limit):
    meter, summary = measured.load(6_000, 20 if FULL else 8, limit, limit)
    allowed = meter.dearest_write * (1 if FULL else 3)
    assert meter.dearest_second() <= limit + allowed
    assert meter.rate(WARM_UP_SECONDS, meter.backlog_seconds) >= USED_SMALL * limit
    assert summary["throttled_requests"] == 0


def test_without_a_limit_the_container_is_filled_and_hardly_anything_is_throttled(measured):
    provisioned = 20_000
    meter, summary = measured.load(provisioned, 20 if FULL else 7, None, provisioned)
    used = meter.rate(WARM_UP_SECONDS, meter.backlog_seconds)
    assert used >= (0.995 if FULL else 0.98) * provisioned
    assert summary["throttled_requests"] <= 0.01 * summary["requests"]


def test_a_share_follows_the_throughput_that_is_changed_under_it(measured):
    def lower(run):
        container = run.workspace.container(run.container)
        wait_for_items(run, 2_000)
        container.replace_throughput(10_000)
        run.lowered_ms = Meter(History(run.control, run.history.container).new()).end_ms

    meter, summary = measured.load(20_000, 5, "50%", 10_000, lower)
    lowered = (measured.lowered_ms - meter.start_ms) / 1000
    assert lowered + WARM_UP_SECONDS + 1 < meter.backlog_seconds, "nothing was left to see"
    assert meter.dearest_second(lowered + WARM_UP_SECONDS) <= OVERSHOOT * 5_000
    used = meter.rate(lowered + WARM_UP_SECONDS, meter.backlog_seconds)
    assert used >= USED_LARGE * 5_000
    assert summary["throttled_requests"] == 0


def test_a_limit_that_is_changed_while_a_run_goes_on_holds_within_two_seconds(measured):
    def lower(run):
        wait_for_items(run, 2_000)
        told = run.workspace.json("throttle", run.pipeline, "--ru", "5000")
        assert told == {"pipeline": run.pipeline, "limit": "5000", "set": True}
        run.lowered_ms = Meter(History(run.control, run.history.container).new()).end_ms

    meter, summary = measured.load(20_000, 4, None, 20_000, lower)
    lowered = (measured.lowered_ms - meter.start_ms) / 1000
    assert lowered + WARM_UP_SECONDS + 1 < meter.backlog_seconds, "nothing was left to see"
    assert meter.dearest_second(lowered + WARM_UP_SECONDS) <= OVERSHOOT * 5_000
    used = meter.rate(lowered + WARM_UP_SECONDS, meter.backlog_seconds)
    assert used >= USED_LARGE * 5_000
    told = measured.workspace.run("throttle", measured.pipeline, "--reset").text
    assert "no limit, as spillway.yaml says" in told


@pytest.mark.parametrize(
    "words", [(), ("--ru", "0"), ("--share", "8000"), ("--ru", "5", "--reset")]
)
def test_a_limit_that_is_none_is_refused(workspace, tmp_path, words):
    workspace.configure(workspace.project(tmp_path))
    assert workspace.run("throttle", "p", *words, code=USAGE).text
    assert not (workspace.folder / ".spillway").exists()


def test_a_share_of_a_throughput_that_may_not_be_read_is_explained(workspace, control, tmp_path):
    make_table(tmp_path / "table", 100)
    workspace.configure(workspace.project(tmp_path, throughput={"limit": "30%"}))
    control.add_fault(1, operation="offer", effect="error", status=403)
    told = workspace.run("sync", "p", code=USAGE).text
    assert "throughput.limit is a share" in told
    assert "throughput: {limit: 4000}" in told
    control.tidy()
    workspace.configure(workspace.project(tmp_path, throughput={"limit": 4_000}))
    workspace.run("sync", "p")

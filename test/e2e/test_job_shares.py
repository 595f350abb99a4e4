"""Attempts of tasks that share one limit, as the driver divides it: sessions and the driver's side
of a Spark job, without Spark; the server's clock and history are the judge."""

import itertools
import os
import pathlib
import sys
import threading
import time

import pyarrow as pa
import pytest

from control import History
from lake import FULL
from meter import Meter, Ticker, Void
from test_throughput import DOCUMENT_UNITS, OVERSHOOT, RUNS_MAX, WARM_UP_SECONDS

PACKAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "python"
LIBRARY = pathlib.Path(os.environ["SPILLWAY_BIN"]).parent / "lib" / "libspillway.so"

os.environ.setdefault("SPILLWAY_LIBRARY", str(LIBRARY))
sys.path.insert(0, str(PACKAGE))

import spillway  # noqa: E402
from spillway.spark.permits import Borrower, Lender  # noqa: E402
from spillway.spark.progress import Watch  # noqa: E402

PROVISIONED, LIMIT = 40_000, 12_000
SECONDS = 20 if FULL else 7  # that the limit is enough for
# What changes hands is idle for a tenth of a second; a busy machine does not keep up with it.
USED = 0.98 if FULL else 0.90
# Of the rows, each attempt's, and when it begins: they end one after the other.
UNEVEN = [(0.1, 0.0), (0.15, 0.0), (0.25, 1.0), (0.5, 0.0)]
EVEN = [(0.25, 0.0)] * 4
BATCH_ROWS = 200
CONTAINER_NUMBERS = itertools.count(1)


class Job:
    """Attempts, each a session on a thread of its own."""

    def __init__(self, workspace, control, emulator):
        self.workspace = workspace
        self.control = control
        self.emulator = emulator

    def options(self, limit):
        container = f"items{next(CONTAINER_NUMBERS)}"
        self.workspace.create_container(container, "/id", PROVISIONED)
        self.history = History(self.control, f"{self.workspace.database}/{container}")
        return {
            "connection": {"type": "cosmosdb", "endpoint": self.emulator.endpoint,
                           "database": self.workspace.database,
                           "ca_file": self.emulator.certificate,
                           "auth": {"key": self.emulator.key}},
            "destination": {"container": container, "create": "never"},
            "sync": {"mode": "upsert", "settle": "200ms"},
            "throughput": {"limit": limit}, "lent_share": True, "part_of_more": True,
        }

    def run(self, attempts, limit="30%", waits=None):
        """`waits`: the number of an attempt, which has nothing to do for a while in its middle."""
        options = self.options(limit)
        watch = Watch("job", limit, shown=False)
        count = int(SECONDS * LIMIT / DOCUMENT_UNITS)
        bounds = [int(end * count) for end in
                  itertools.accumulate((part for part, _ in attempts), initial=0.0)]
        self.summaries = []
        with Lender("127.0.0.1").batch("place", "job", 0, first_waits=False,
                                       watch=watch) as terms:
            threads = [threading.Thread(target=self._attempt, args=(
                terms, {**options, "permit": True}, range(bounds[number], bounds[number + 1]),
                begins, SECONDS / 4 if number == waits else 0.0))
                for number, (_, begins) in enumerate(attempts)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.totals = watch.totals()
        return count

    def _attempt(self, terms, options, rows, begins, waits):
        time.sleep(begins)
        borrower = Borrower(terms, f"attempt of row {rows.start}")
        with spillway.WriteSession(options, self.batch(rows[:1]).schema) as session:
            borrower.keep(session)
            for begin in range(0, len(rows), BATCH_ROWS):
                if waits and begin >= len(rows) // 2:
                    time.sleep(waits)
                    waits = 0.0
                session.write(self.batch(rows[begin:begin + BATCH_ROWS]))
            self.summaries.append(session.finish())
            borrower.release(session)
        borrower.close(sure=True)

    @staticmethod
    def batch(rows):
        return pa.RecordBatch.from_pydict({
            "id": [f"p{n:07}" for n in rows], "name": [f"name {n % 977}" for n in rows],
            "category": [f"c{n % 30}" for n in rows], "price": [n * 0.25 for n in rows],
            "stock": pa.array([n % 1000 for n in rows], pa.int32())})

    def measure(self, attempts, **more):
        """The meter of a run; again when the machine stood still too often."""
        for run in range(RUNS_MAX):
            with Ticker() as ticker:
                count = self.run(attempts, **more)
            total = spillway.Summary.sum(self.summaries)
            assert total.adds_up and total.counts["upserted"] == count
            assert total.throttled_requests == 0
            assert self.totals.rows == count
            assert self.totals.cost == pytest.approx(total.cost)
            meter = Meter(self.history.new(), ticker)
            try:
                meter.dearest_second()
                return meter
            except Void:
                if run == RUNS_MAX - 1:
                    raise
        raise AssertionError("unreachable")


@pytest.fixture
def job(workspace, control, emulator):
    return Job(workspace, control, emulator)


@pytest.mark.parametrize("attempts", [UNEVEN, *([EVEN] * FULL)])
def test_attempts_that_end_at_different_times_use_the_limit_and_keep_it(job, attempts):
    meter = job.measure(attempts)
    assert meter.dearest_second() <= OVERSHOOT * LIMIT
    assert meter.rate(WARM_UP_SECONDS, meter.backlog_seconds) >= USED * LIMIT


def test_an_attempt_that_waits_for_rows_lends_its_share(job):
    meter = job.measure(EVEN, waits=0)
    assert meter.dearest_second() <= OVERSHOOT * LIMIT
    assert meter.rate(WARM_UP_SECONDS, meter.backlog_seconds) >= USED * LIMIT

"""One limit for four executors, judged by the server's clock and history; splits and storms of
throttling in the middle; what Python workers keep of their tasks. The jobs are in
spark_limit_jobs.py."""

import collections
import threading

import deltalake
import pyarrow as pa
import pytest
import yaml

from control import Control, history
from lake import FULL
from meter import Meter, Ticker, Void
from mirror import assert_same
from programs import cosmos_connection, wait_until
from spark_rows import assert_counts, expected
from spark_session import make_database, run_script
from test_throughput import OVERSHOOT, WARM_UP_SECONDS

DATABASE = "spark-limit"
PROVISIONED, LIMIT = 40_000, 12_000
ROWS = 80_000 if FULL else 12_000
# What is lent changes hands, which takes a tenth of a second each time; tasks that start take their
# time, and all of a small machine. test_job_shares.py has the bars without Spark.
USED = 0.97 if FULL else 0.80
DISTURBED_ROWS = 3_000
DISTURBED = ["disturbed_write", "disturbed_changes", "disturbed_sync"]
DISTURBED_THROUGHPUT = 8_000
VERSIONS = 3
SPLIT_AFTER = 300
STORM_ANSWERS = 60
JOB_SECONDS_MAX = 600
# Of a table's rows, each file's: the parts of a load end at different times.
FILES = (0.4, 0.1, 0.1, 0.2, 0.1, 0.1)
RUNS = 3 if FULL else 1  # of a measurement, of which the machine may make some void
LIMITED = [f"{name}{run}" for run in range(RUNS) for name in ("limited_write", "limited_sync")]

pytestmark = [pytest.mark.spark, pytest.mark.timeout(JOB_SECONDS_MAX)]


def table_of(rows):
    return pa.table({"id": [str(n) for n in rows], "category": [f"c{n}" for n in rows],
                     "n": pa.array(rows, pa.int64()), "name": [f"name {n % 977}" for n in rows]})


def make_table(folder, count):
    begin = 0
    for part in FILES:
        end = min(begin + round(part * count), count)
        deltalake.write_deltalake(str(folder), table_of(range(begin, end)), mode="append")
        begin = end


def loaded(count):
    return {(f"c{n}", str(n)): {"id": str(n), "category": f"c{n}", "n": n,
                               "name": f"name {n % 977}"} for n in range(count)}


def project(folder, emulator, names):
    def pipeline(name):
        limit = {"throughput": {"limit": "30%"}} if name in LIMITED else {}
        return {"source": {"connection": "lake", "table": name},
                "destination": {"connection": "shop", "container": name, "id": "id",
                                "partition_key": "/category"},
                "sync": {"settle": "200ms"}, **limit}

    return {"version": 1,
            "connections": {"lake": {"type": "delta", "root": str(folder)},
                            "shop": cosmos_connection(emulator, DATABASE)},
            "pipelines": {name: pipeline(name) for name in names}}


class Disturber(threading.Thread):
    """Throttles and splits a container as soon as something is in it."""

    def __init__(self, emulator, name, seed):
        super().__init__(daemon=True)
        self.control = Control(emulator)
        self.name = f"{DATABASE}/{name}"
        self.seed = seed
        self.split = False

    def run(self):
        wait_until(lambda: self._items() > SPLIT_AFTER, self.name, JOB_SECONDS_MAX)
        self.control.add_fault(
            self.seed, operation="write", container=self.name, status=429, substatus=3200,
            retry_after_ms=100, probability=0.5, count=STORM_ANSWERS)
        self.control.split_largest(self.name, 300)
        self.split = True

    def _items(self):
        found = self.control.container(self.name)
        return sum(part["items"] for part in found["ranges"]) if found else 0


@pytest.fixture(scope="module")
def ticker():
    with Ticker() as ticker:
        yield ticker


@pytest.fixture(scope="module")
def disturbers(emulator):
    Control(emulator).tidy()
    return {name: Disturber(emulator, name, seed) for seed, name in enumerate(DISTURBED)}


@pytest.fixture(scope="module")
def jobs(emulator, ticker, disturbers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spark")
    database = make_database(emulator, DATABASE, {
        **dict.fromkeys(LIMITED, PROVISIONED), **dict.fromkeys(DISTURBED, DISTURBED_THROUGHPUT),
        "handles": None})
    synced = [name for name in [*LIMITED, "disturbed_sync"] if "sync" in name]
    for name in synced:
        make_table(folder / name, ROWS if name in LIMITED else DISTURBED_ROWS)
    (folder / "spillway.yaml").write_text(yaml.safe_dump(project(folder, emulator, synced)))
    control = Control(emulator)
    control.ask("POST", "/history", {"enabled": True})
    for disturber in disturbers.values():
        disturber.start()
    yield run_script("spark_limit_jobs.py", emulator, database, folder,
                     COSMOS_KEY=emulator.key, SPILLWAY_LIMIT_ROWS=str(ROWS),
                     SPILLWAY_LIMIT_RUNS=str(RUNS))
    control.tidy()


@pytest.fixture
def writes(emulator, jobs):
    return lambda name: history(Control(emulator), f"{DATABASE}/{name}")


@pytest.fixture
def metered(writes, ticker):
    """A measurement that the machine did not make void."""
    def meter_of(kind):
        for run in range(RUNS):
            meter = Meter(writes(f"{kind}{run}"), ticker)
            try:
                meter.dearest_second()
                return meter
            except Void:
                if run == RUNS - 1:
                    raise
        raise AssertionError("unreachable")

    return meter_of


def counts_of(counts):
    return {name: count for name, count in counts.items()
            if count and name not in ("inserted", "replaced", "adds_up")}


def test_a_write_of_uneven_tasks_uses_its_limit_and_keeps_it(jobs, metered):
    summary = jobs.result("limited_write0")
    assert_counts(summary, upserted=ROWS)
    assert summary["throttled_requests"] == 0
    meter = metered("limited_write")
    assert meter.dearest_second() <= OVERSHOOT * LIMIT
    assert meter.rate(WARM_UP_SECONDS, meter.backlog_seconds) >= USED * LIMIT


def test_a_load_of_uneven_parts_uses_its_limit_and_keeps_it(jobs, metered):
    load = jobs.result("limited_sync0")["load"]
    assert counts_of(load["counts"]) == {"read": ROWS, "upserted": ROWS}
    assert load["throttled_requests"] == 0
    meter = metered("limited_sync")
    assert meter.dearest_second() <= OVERSHOOT * LIMIT
    assert meter.rate(WARM_UP_SECONDS, meter.backlog_seconds) >= USED * LIMIT


def test_the_driver_shows_how_far_a_job_is(jobs):
    log = (jobs.folder / "spark.log").read_text()
    lines = [line for line in log.splitlines() if "RU/s" in line]
    written = [line for line in lines if "/limited_write0  " in line]
    assert written and f" of {LIMIT:,} RU/s" in written[-1], lines
    synced = [line for line in lines if "limited_sync0 v" in line]
    assert synced and f" / {ROWS:,} rows" in synced[-1] and "ETA" in synced[-1], lines


def test_a_write_converges_over_a_split_and_a_storm(jobs, disturbers, writes):
    summary = jobs.result("disturbed_write")
    assert_counts(summary, upserted=DISTURBED_ROWS)
    assert summary["throttled_requests"] > 0 and disturbers["disturbed_write"].split
    assert_same(jobs.documents("disturbed_write"), expected(DISTURBED_ROWS))


def test_changes_converge_over_a_split_and_a_storm_and_nothing_moves_backwards(
        jobs, disturbers, writes):
    rows = DISTURBED_ROWS // VERSIONS
    for counts in jobs.result("disturbed_changes"):
        assert counts_of(counts) == {"read": rows, "upserted": rows}
    assert disturbers["disturbed_changes"].split
    versions = collections.defaultdict(list)
    for write in writes("disturbed_changes"):
        versions[write["id"]].append(write["document"]["n"])
    assert len(versions) == rows
    assert [key for key, found in versions.items() if found != sorted(found)] == []
    assert {found[-1] for found in versions.values()} == {VERSIONS}


def test_a_load_converges_over_a_split_and_a_storm(jobs, disturbers):
    load = jobs.result("disturbed_sync")["load"]
    assert counts_of(load["counts"]) == {"read": DISTURBED_ROWS, "upserted": DISTURBED_ROWS}
    assert load["throttled_requests"] > 0 and disturbers["disturbed_sync"].split
    assert_same(jobs.documents("disturbed_sync"), loaded(DISTURBED_ROWS))


def test_a_python_worker_keeps_no_thread_and_no_handle_of_its_tasks(jobs):
    before, after = jobs.result("handles")
    stayed = before.keys() & after.keys()
    assert stayed, (before, after)
    for pid in stayed:
        assert after[pid] == before[pid]

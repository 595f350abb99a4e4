"""Writing from executors of their own: tasks that are repeated while the first attempt is still
there, and executors that die. The jobs are in spark_cluster_jobs.py."""

import collections

import pytest

from control import Control, history
from mirror import assert_same
from spark_rows import ROWS, assert_counts, expected
from spark_session import make_database, run_script

DATABASE = "spark-cluster"
JOBS = ["speculated", "executor_killed", "given_up"]
GIVEN_UP_ROWS = 300

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def jobs(emulator, tmp_path_factory):
    database = make_database(emulator, DATABASE, dict.fromkeys(JOBS))
    control = Control(emulator)
    control.tidy()
    control.ask("POST", "/history", {"enabled": True})
    yield run_script("spark_cluster_jobs.py", emulator, database, tmp_path_factory.mktemp("spark"))
    control.tidy()


@pytest.mark.parametrize("name", JOBS[:2])
def test_attempts_beside_and_after_each_other_leave_exactly_the_rows(name, jobs, emulator):
    assert_counts(jobs.result(name), upserted=ROWS)
    assert_same(jobs.documents(name), expected(ROWS))
    times = collections.Counter(write["id"] for write in
                                history(Control(emulator), f"{DATABASE}/{name}"))
    assert len(times) == ROWS
    assert max(times.values()) > 1, "no row was written twice: nothing was repeated"


def test_an_attempt_that_was_given_up_writes_nothing_over_a_later_batch(jobs, emulator):
    result = jobs.result("given_up")
    assert result["state"] == "T", "it was not paused until the next batch was done"
    for counts in result["counts"]:
        assert counts["upserted"] == GIVEN_UP_ROWS
    writes = history(Control(emulator), f"{DATABASE}/given_up")
    versions = collections.defaultdict(list)
    for write in writes:
        versions[write["id"]].append(write["document"]["n"])
    assert len(versions) == GIVEN_UP_ROWS
    backwards = [key for key, found in versions.items() if found != sorted(found)]
    assert backwards == []
    first = [n for found in versions.values() for n in found if n == 1]
    assert len(first) > GIVEN_UP_ROWS, "no row was written twice: nothing was paused half way"
    assert len(first) < 2 * GIVEN_UP_ROWS, "the attempt that was paused had nothing left to write"

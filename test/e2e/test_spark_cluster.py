"""Writing from executors of their own: tasks that are repeated while the first attempt is still
there, and executors that die. The jobs are in spark_cluster_jobs.py."""

import collections

import pytest

from control import Control, history
from mirror import assert_same
from spark_rows import ROWS, assert_counts, expected
from spark_session import make_database, run_script

DATABASE = "spark-cluster"
JOBS = ["speculated", "executor_killed"]

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def jobs(emulator, tmp_path_factory):
    database = make_database(emulator, DATABASE, dict.fromkeys(JOBS))
    control = Control(emulator)
    control.tidy()
    control.ask("POST", "/history", {"enabled": True})
    yield run_script("spark_cluster_jobs.py", emulator, database, tmp_path_factory.mktemp("spark"))
    control.tidy()


@pytest.mark.parametrize("name", JOBS)
def test_attempts_beside_and_after_each_other_leave_exactly_the_rows(name, jobs, emulator):
    assert_counts(jobs.result(name), upserted=ROWS)
    assert_same(jobs.documents(name), expected(ROWS))
    times = collections.Counter(write["id"] for write in
                                history(Control(emulator), f"{DATABASE}/{name}"))
    assert len(times) == ROWS
    assert max(times.values()) > 1, "no row was written twice: nothing was repeated"

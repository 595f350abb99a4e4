"""Our own errors are found in what Spark says of a job that failed."""

import pytest

from spillway import SpillwayError
from spillway.spark.failures import error_of, job_failures, told_briefly

FRAMES = '''Traceback (most recent call last):
  File "python/lib/pyspark.zip/pyspark/worker.py", line 1247, in main
    process()
  File "python/spillway/_native.py", line 130, in call
    raise SpillwayError(*texts)
'''
OURS = '''spillway.SpillwayError: rejected rows over budget: 2 rows
  a: b
  next: mend the rows'''
EXPECTED = ("rejected rows over budget", "2 rows\n  a: b", "mend the rows")

#: As Spark 3.5 and 4 put it: a Python error with frames, one without, a JVM's with its stack, one
#: that a stream stopped for, and one with what Spark adds.
SAID = {
    "python": f"\n  An exception was thrown from the Python worker.\n{FRAMES}{OURS}\n",
    "hidden": f"\n  An exception was thrown from the Python worker.\n{OURS}\n",
    "java": f"""An error occurred while calling o1.collect.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 failed 1 times
{FRAMES}{OURS}

\tat org.apache.spark.api.python.BasePythonRunner.handlePythonException(PythonRunner.scala:572)

Driver stacktrace:
\tat org.apache.spark.scheduler.DAGScheduler.failJobAndIndependentStages(DAGScheduler.scala:1)
""",
    "frame at once": f"{FRAMES}{OURS}\n\tat org.apache.spark.Some.call(Some.scala:1)\n",
    "state": f"[STREAM_FAILED] Query terminated with exception: {OURS} \n SQLSTATE: XXKST",
    "state at once": f"[USER_RAISED_EXCEPTION] {OURS} SQLSTATE: P0001",
    "driver": f"{FRAMES}{OURS}\nDriver stacktrace:\n\tat org.apache.spark.Some(Some.scala:1)",
}


@pytest.mark.parametrize("name", SAID)
def test_an_error_of_ours_is_found_whole_and_alone(name):
    found = error_of(RuntimeError(SAID[name]))
    assert (found.code, found.message, found.hint) == EXPECTED


def test_of_several_errors_the_last_is_told():
    first = "spillway.SpillwayError: internal: first\n\nDuring handling of that, another:\n"
    assert error_of(RuntimeError(f"{first}{FRAMES}{OURS}")).code == EXPECTED[0]


def test_what_is_not_ours_stays_as_it_is():
    assert error_of(RuntimeError("ValueError: SpillwayErrors are rare")) is None
    with pytest.raises(ValueError, match="mine"), job_failures():
        raise ValueError("mine")


def test_a_job_that_failed_for_us_raises_our_error_alone():
    with pytest.raises(SpillwayError) as raised, job_failures():
        raise RuntimeError(SAID["java"])
    assert str(raised.value).count("\n") == 2
    assert raised.value.__cause__ is None and raised.value.__suppress_context__


def test_what_the_jvm_says_is_looked_at_too():
    """py4j leaves it out of some errors' text."""

    class OfJava:
        def toString(self):
            return SAID["java"]

    failure = RuntimeError("An error occurred while calling o1.collect.")
    failure.java_exception = OfJava()
    assert error_of(failure).code == EXPECTED[0]


def test_a_streams_failure_has_none_of_our_frames():
    def inner():
        raise SpillwayError("not found", "there is no container")

    def apply(batch, batch_id):
        inner()

    with pytest.raises(SpillwayError) as raised:
        told_briefly(apply)(None, 0)
    names = [entry.name for entry in raised.traceback]
    assert "apply_batch" in names and "inner" not in names

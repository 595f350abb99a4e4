"""Writing without the data source: `foreachBatch` and `mapInArrow`, for Spark 3.5 and for streams.

    stream.writeStream.foreachBatch(spillway.spark.foreach_batch(options)).start()
    summary = spillway.spark.write(df, options)
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Mapping, Optional

from spillway._errors import SpillwayError
from spillway._summary import Summary
from spillway.spark import permits
from spillway.spark.failures import job_failures, told_briefly
from spillway.spark.job import (WriteJob, from_message, plan_job, readable_errors, task_name,
                                to_message)
from spillway.spark.progress import Watch

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def tasks_of(session: Any) -> Optional[int]:
    """Tasks that run at a time, at most, where the session can tell (not over Spark Connect)."""
    try:
        context = session.sparkContext
        executors = _executors_max(context.getConf())
        cores = int(context.getConf().get("spark.executor.cores", "1"))
        return max(context.defaultParallelism, executors * cores)
    except Exception:  # noqa: BLE001: Connect raises its own, of a module that may not be there
        return None


def _executors_max(settings: Any) -> int:
    """That may come later, where they come and go; else 0."""
    if settings.get("spark.dynamicAllocation.enabled", "false").lower() != "true":
        return 0
    return int(settings.get("spark.dynamicAllocation.maxExecutors", "0"))


def map_function(job: WriteJob, collapsed: Optional[str] = None) -> Callable[..., Iterator[Any]]:
    """For DataFrame.mapInArrow, with the schema "summary string": writes a task's batches and
    returns one row, its summary as JSON. `job`: what spillway.spark.job.plan_job makes of options.
    `collapsed`: a column that says how many changes a row stands for."""

    def write(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        with readable_errors():
            summary = job.write_task(batches, task_name(), collapsed)
        yield pyarrow.RecordBatch.from_arrays([pyarrow.array([to_message(summary)])], ["summary"])

    return write


def write_with(job: WriteJob, df: Any, collapsed: Optional[str] = None) -> Iterator[Summary]:
    """Writes a DataFrame; what each of its tasks did. `collapsed`: see WriteJob.write_task."""
    with job_failures():
        rows: List[Any] = df.mapInArrow(map_function(job, collapsed), "summary string").collect()
    return (from_message(row.summary) for row in rows)


def write(df: DataFrame, options: Mapping[str, str]) -> Summary:
    """Writes a DataFrame and returns the summary. Works on Spark 3.5 and later.

    Raises SpillwayError where an option is wrong, or too many rows were rejected.
    """
    job = _plan(df, options)
    driver = terms_of(df.sparkSession, job.driver_host) if job.fence else None
    if driver is not None:
        job.terms = driver.for_job(job.place, job.limit, job.shown)
    try:
        return job.judge(write_with(job, df))
    finally:
        permits.close_job(job.terms)


def terms_of(session: Any, driver_host: Optional[str] = None) -> Optional[permits.Terms]:
    """Where tasks find this process; None: they cannot (Spark Connect), or it cannot listen."""
    if tasks_of(session) is None:
        return None
    try:
        return permits.lender(driver_host or permits.driver_host(session)).terms()
    except SpillwayError:
        return None


def _plan(df: Any, options: Mapping[str, str]) -> WriteJob:
    given = {str(key): str(value) for key, value in options.items()}
    return plan_job(given, tasks_of(df.sparkSession))


@contextlib.contextmanager
def fenced(session: Any, batch: str, *jobs: WriteJob) -> Iterator[Callable[..., None]]:
    """Attempts of the jobs write only while the block lasts. Call what it gives before the first of
    them: it waits until nothing of an earlier batch can be written any more, and calls its argument
    if that takes a time."""
    job = jobs[0]
    if not job.fence:
        yield lambda meanwhile=None: None
        return
    lender = permits.lender(job.driver_host or permits.driver_host(session))
    settle = job.settle_seconds()
    watch = Watch(f"{job.place}: {batch}", job.limit, job.shown)
    with lender.batch(job.place, batch, settle, watch=watch) as terms:
        for each in jobs:
            each.terms = terms
        yield lambda meanwhile=lambda: None: lender.wait(job.place, meanwhile)


def foreach_batch(options: Mapping[str, str]) -> Callable[[DataFrame, int], None]:
    """For DataStreamWriter.foreachBatch. A micro-batch may come again: its rows make the same
    documents; and no attempt of an earlier one writes over a later one."""

    def write_batch(df: DataFrame, batch_id: int) -> None:
        job = _plan(df, options)
        with fenced(df.sparkSession, f"batch {batch_id}", job) as wait:
            wait()
            summary = job.judge(write_with(job, df))
        print(f"batch {batch_id}: {summary}")

    return told_briefly(write_batch)

"""A pipeline of spillway.yaml, with Spark as the scheduler alone: the driver plans, keeps lease,
checkpoint, history and rejected rows as `spillway sync` does; the load's files are read and written
by the engine in the executors, and no row passes through Spark.

    result = spillway.spark.sync(spark, "spillway.yaml", "products")

Each part of the load is a Spark job of one task, so that Spark's retries are a part's, and the
driver knows of each as soon as it is done. What has changed since is brought by the driver itself.
"""

from __future__ import annotations

import functools
import pathlib
import tempfile
import time
from typing import TYPE_CHECKING, Any, Dict, Optional

from spillway._errors import SpillwayError
from spillway._load import Load, Part
from spillway.spark import permits
from spillway.spark.crew import Crew
from spillway.spark.job import readable_errors, task_name
from spillway.spark.progress import Watch
from spillway.spark.writing import tasks_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: Of a task, besides what Python and Spark take.
MEMORY_BYTES = 256 << 20
LANES = 16


def _do_part(settings: Dict[str, Any], terms: permits.Terms, text: str) -> bytes:
    """In an executor: one part, and what became of it."""
    with readable_errors(), tempfile.TemporaryDirectory(prefix="spillway-") as scratch:
        borrower = permits.Borrower(terms, task_name())
        sure = False
        part = None
        try:
            part = Part({**settings, "permit": True, "lent_share": True,
                         "scratch_folder": scratch})
            borrower.keep(part)
            outcome = part.run(text)
            sure = True
            return outcome
        except SpillwayError:
            if borrower.failure is not None:
                raise borrower.failure from None
            raise
        finally:
            borrower.release(part)
            if part is not None:
                part.close()
            borrower.close(sure or part is None)


def sync(spark: SparkSession, project: str, pipeline: str, full: bool = False,
         tasks: Optional[int] = None, driver_host: Optional[str] = None,
         progress: bool = True) -> Dict[str, Any]:
    """Brings a pipeline's container up to date with its table, as `spillway sync` does, with the
    executors for the load. Returns {"load": …, "changes": …}, of what was due.

    `project`: the path of spillway.yaml, which need be on the driver alone; what it refers to
    (environment variables and files of secrets, a table's path) every executor resolves by itself.
    `full`: load again. `tasks`: parts at a time; left out: as many as the session runs.
    `progress`: whether stderr shows how far the load is. Raises SpillwayError; what was done is
    kept, and the next call goes on from there.
    """
    path = pathlib.Path(project).resolve()
    settings: Dict[str, Any] = {"project": path.read_text(encoding="utf-8"), "path": str(path),
                                "pipeline": pipeline}
    count = tasks or tasks_of(spark) or 1
    part = {**settings, "lanes": LANES, "memory_bytes": MEMORY_BYTES}
    lingers = {"lingers_ms": int(permits.PERMIT_SECONDS * 1_000)}
    lender = permits.lender(driver_host or permits.driver_host(spark))
    place = f"{path}: {pipeline}"
    with Load({**settings, **lingers, "load_only": True, "full": full, "at_a_time": count}) as load:
        watch = Watch(pipeline, shown=progress, load=load.progress)
        with lender.batch(place, pipeline, 0, first_waits=False, watch=watch) as terms:
            do = functools.partial(_do_part, part, terms)
            result = Crew(spark, load, do, "load").run(count)
    settle_ms = result.pop("settle_ms")
    if lender.wait(place):  # for an attempt that was left behind: it must not write over changes
        time.sleep(settle_ms / 1_000)
    with Load({**settings, **lingers}) as rest:
        after = rest.finish()
    after.pop("settle_ms")
    return {**after, **result}

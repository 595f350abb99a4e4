"""One limit for a cluster, and what happens to a container meanwhile, on four executors of one core
(spark_jobs.py). FOLDER has spillway.yaml and tables of pipelines."""

import collections
import itertools
import os
import pathlib
import sys
import time

import spillway.spark
from pyspark.sql import functions as F

from spark_cluster_jobs import cluster, is_ours, parent_of, wait_until, writing_workers
from spark_jobs import SparkJobs, run_jobs, session_of

EXECUTORS = 4
# Of the rows of a limited write, each task's: they end at different times, and one is left over.
SKEWED = (0.125, 0.125, 0.25, 0.5)
ROWS = int(os.environ.get("SPILLWAY_LIMIT_ROWS", "20000"))
DISTURBED_ROWS = 3_000
START_SECONDS_MAX = 300


def handles_of(pid):
    """Threads, and what a process has open, by kind."""
    folder = pathlib.Path(f"/proc/{pid}")
    kinds = collections.Counter()
    for link in (folder / "fd").iterdir():
        try:
            kinds[os.readlink(link).split(":")[0].rsplit("/", 1)[-1]] += 1
        except FileNotFoundError:
            continue
    return {"threads": len(list((folder / "task").iterdir())), "open": sum(kinds.values()),
            "sockets": kinds["socket"]}


def python_workers():
    """By pid, those that tasks run in: forked by the daemon of an executor."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            pid = int(folder.name)
            line = (folder / "cmdline").read_bytes()
            above = pathlib.Path(f"/proc/{parent_of(pid)}/cmdline").read_bytes()
            if b"pyspark.daemon" in line and b"pyspark.daemon" in above and is_ours(folder):
                found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


class LimitJobs(SparkJobs):
    def _limited_write(self, container):
        """Uneven tasks under 30 % of what the container has."""
        control = {"spark__cosmos__throughputControl__enabled": "true",
                   "spark__cosmos__throughputControl__targetThroughputThreshold": "0.3"}
        return self._save(self._skewed(ROWS), container, **control)

    def disturbed_write(self):
        return self._save(self._rows(DISTURBED_ROWS, EXECUTORS), "disturbed_write")

    def disturbed_changes(self):
        """Each batch has every row anew."""
        counts = []
        for version in range(1, 4):
            rows = self._rows(DISTURBED_ROWS // 3, EXECUTORS).select(
                "id", "category", F.lit(version).alias("n"),
                F.lit(version).alias("_commit_version"),
                F.lit("update_postimage").alias("_change_type"))
            options = self._options("disturbed_changes")
            counts.append(spillway.spark.apply_changes(rows, options).counts)
        return counts

    def disturbed_sync(self):
        return self._sync("disturbed_sync")

    def handles(self):
        """Of Python workers, after a task that writes and after many of them."""
        self._handles_after(1)
        return [self._handles_after(1), self._handles_after(3)]

    def _handles_after(self, jobs):
        for _ in range(jobs):
            self._save(self._rows(40, EXECUTORS), "handles")
        wait_until(lambda: not writing_workers(), "the end of all sessions")
        time.sleep(1)
        return {str(pid): handles_of(pid) for pid in python_workers()}

    def _skewed(self, count):
        """A task for each part; a key for each row, so that no range of the container is busier."""
        ends = [int(end * count) for end in itertools.accumulate(SKEWED, initial=0.0)]
        bounds = F.array(*[F.lit(end) for end in ends])
        numbers = self.spark.range(0, EXECUTORS, 1, EXECUTORS).select(F.explode(F.sequence(
            bounds[F.col("id").cast("int")],
            bounds[F.col("id").cast("int") + 1] - 1).cast("array<long>")).alias("id"))
        return self._columns(numbers).withColumn(
            "category", F.concat(F.lit("c"), F.col("n")))

    def _sync(self, name):
        return spillway.spark.sync(self.spark, str(self.folder / "spillway.yaml"), name,
                                   tasks=EXECUTORS)


def add_runs():
    """Measurements that are made several times, into a container each."""
    for run in range(int(os.environ.get("SPILLWAY_LIMIT_RUNS", "1"))):
        written, synced = f"limited_write{run}", f"limited_sync{run}"
        setattr(LimitJobs, written, lambda jobs, name=written: jobs._limited_write(name))
        setattr(LimitJobs, synced, lambda jobs, name=synced: jobs._sync(name))


def main():
    add_runs()
    folder = pathlib.Path(sys.argv[2])
    settings = {"spark.executor.memory": "512m", "spark.executor.cores": "1",
                "spark.cores.max": str(EXECUTORS),
                "spark.sql.adaptive.enabled": "false",
                "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"]}
    with cluster(folder, cores=EXECUTORS // 2) as url:
        builder = session_of(folder, url)
        for name, value in settings.items():
            builder = builder.config(name, value)
        spark = builder.getOrCreate()
        known = spark.sparkContext._jsc.sc().statusTracker()
        wait_until(lambda: len(known.getExecutorInfos()) == EXECUTORS + 1, "all executors",
                   START_SECONDS_MAX)
        run_jobs(LimitJobs, spark, folder, sys.argv[3:])


if __name__ == "__main__":
    main()

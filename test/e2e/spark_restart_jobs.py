"""A driver that is killed, its JVM and its Python, while a pipeline is loaded and a stream of
changes is applied; another one goes on (spark_jobs.py). The cluster lives on. FOLDER has
spillway.yaml, the pipeline's table, and versions of the stream as files.

spark_restart_jobs.py ACCOUNT.json FOLDER            the cluster, and one driver after the other
spark_restart_jobs.py ACCOUNT.json FOLDER URL JOB …  a driver
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading

import spillway.spark

from spark_cluster_jobs import cluster, wait_until, writing_workers
from spark_jobs import SparkJobs, run_jobs, session_of

KILLS = int(os.environ.get("SPILLWAY_DRIVER_KILLS", "1"))
KILL_AFTER_SECONDS_MAX = 4
START_SECONDS_MAX = 300
DRIVER_SECONDS_MAX = 600


class RestartJobs(SparkJobs):
    def both(self):
        """At the same time, so that one kill is in the middle of both."""
        self.found = {}
        works = [threading.Thread(target=self._keep, args=(work,), daemon=True)
                 for work in (self._synced, self._streamed)]
        for work in works:
            work.start()
        for work in works:
            work.join()
        return self.found

    def _keep(self, work):
        name = work.__name__.strip("_")
        try:
            self.found[name] = work()
        except Exception as failure:  # noqa: BLE001: what the notebook would show
            self.found[name] = {"error": str(failure)}

    def _synced(self):
        return spillway.spark.sync(self.spark, str(self.folder / "spillway.yaml"), "synced",
                                   tasks=2)

    def _streamed(self):
        schema = ("id string, category string, v long, _commit_version long, "
                  "_change_type string")
        feed = (self.spark.readStream.schema(schema).option("maxFilesPerTrigger", 1)
                .json(str(self.folder / "feed")))
        options = self._options("streamed", **{
            "spark__cosmos__throughputControl__enabled": "true",
            "spark__cosmos__throughputControl__targetThroughput":
                os.environ["SPILLWAY_STREAM_LIMIT"]})
        query = (spillway.spark.apply_changes(feed, options)
                 .option("checkpointLocation", str(self.folder / "checkpoint"))
                 .trigger(availableNow=True).start())
        if not query.awaitTermination(DRIVER_SECONDS_MAX):
            raise RuntimeError("the stream did not end")
        return {"batches": query.lastProgress["batchId"] + 1 if query.lastProgress else 0}


def driver(url):
    words = [sys.executable, __file__, sys.argv[1], sys.argv[2], url, "both"]
    # In a group of its own, with its JVM.
    return subprocess.Popen(words, start_new_session=True)


def kill_in_the_middle(url, rng):
    process = driver(url)
    try:
        wait_until(lambda: len(writing_workers()) >= 2, "both at work", START_SECONDS_MAX)
        ended = False
        try:
            process.wait(rng.uniform(1, KILL_AFTER_SECONDS_MAX))
            ended = True
        except subprocess.TimeoutExpired:
            pass
        return not ended
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def supervise(folder):
    rng = random.Random(KILLS)
    # Executors that have lost their driver take a while to end: there is room beside them.
    with cluster(folder, cores=4) as url:
        killed = sum(kill_in_the_middle(url, rng) for _ in range(KILLS))
        last = driver(url)
        try:
            assert last.wait(DRIVER_SECONDS_MAX) == 0
        finally:
            if last.poll() is None:
                os.killpg(last.pid, signal.SIGKILL)
    outcomes = json.loads((folder / "outcomes.json").read_text())
    outcomes["killed"] = {"result": killed}
    (folder / "outcomes.json").write_text(json.dumps(outcomes))


def main():
    folder = pathlib.Path(sys.argv[2])
    if len(sys.argv) == 3:
        return supervise(folder)
    settings = {"spark.executor.memory": "512m", "spark.executor.cores": "1",
                "spark.cores.max": "4", "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"]}
    builder = session_of(folder, sys.argv[3])
    for name, value in settings.items():
        builder = builder.config(name, value)
    run_jobs(RestartJobs, builder.getOrCreate(), folder, sys.argv[4:])


if __name__ == "__main__":
    main()

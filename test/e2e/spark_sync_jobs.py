"""Pipelines that Spark only schedules, on executors of their own (spark_jobs.py). FOLDER has their
spillway.yaml and tables."""

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import spillway.spark

from spark_cluster_jobs import LAST_SECONDS, cluster, parent_of, wait_until, writing_workers
from spark_jobs import SparkJobs, run_jobs, session_of

PARTS_AT_A_TIME = 2


class SyncJobs(SparkJobs):
    def synced(self):
        """A load, changes that another program commits, and then nothing new."""
        results = [self._sync("synced")]
        subprocess.run([os.environ["SPILLWAY_PYTHON"], str(self.folder / "commit.py")], check=True)
        return [*results, self._sync("synced"), self._sync("synced")]

    def executor_killed(self):
        killing = threading.Thread(target=self._kill_an_executor)
        killing.start()
        result = self._sync("executor_killed")
        killing.join()
        return result

    def given_up(self):
        """No part can be done; then it can."""
        os.environ["DRIVERS_KEY"] = self.account["key"]
        try:
            self._sync("given_up")
            raise AssertionError("the executors have not this secret")
        except spillway.SpillwayError as failure:
            return str(failure)

    def _sync(self, name):
        return spillway.spark.sync(self.spark, str(self.folder / "spillway.yaml"), name,
                                   tasks=PARTS_AT_A_TIME)

    def _kill_an_executor(self):
        wait_until(lambda: len(writing_workers()) == 2, "two parts at work")
        time.sleep(LAST_SECONDS)
        os.kill(parent_of(parent_of(writing_workers()[0])), signal.SIGKILL)


def main():
    folder = pathlib.Path(sys.argv[2])
    with cluster(folder) as url:
        builder = session_of(folder, url).config("spark.executor.memory", "512m").config(
            "spark.executorEnv.PYTHONPATH", os.environ["PYTHONPATH"])
        run_jobs(SyncJobs, builder.getOrCreate(), folder, sys.argv[3:])


if __name__ == "__main__":
    main()

"""Jobs that need executors of their own: what is repeated there, and what dies (spark_jobs.py)."""

import os
import pathlib
import signal
import sys
import time

from spark_jobs import SparkJobs, run_jobs, session_of

HALF = 5  # batches of a partition
# Longer than the other attempts take together; it is killed when another one has won.
DAWDLE_SECONDS_MAX = 90
# In which what was handed over is written.
LAST_SECONDS = 2


def first_attempt():
    from pyspark import TaskContext

    return TaskContext.get().attemptNumber() == 0


def dawdle(batches):
    """The first attempt of one partition stops behind its first half, until Spark has started
    another beside it."""
    from pyspark import TaskContext

    for number, batch in enumerate(batches):
        if number == HALF and first_attempt() and TaskContext.get().partitionId() == 3:
            time.sleep(DAWDLE_SECONDS_MAX)
        yield batch


def parent_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def kill_executor(batches):
    """The first attempt of one partition takes its executor along: the process above the one that
    forks the Python workers."""
    from pyspark import TaskContext

    for number, batch in enumerate(batches):
        if number == HALF and first_attempt() and TaskContext.get().partitionId() == 1:
            time.sleep(LAST_SECONDS)
            os.kill(parent_of(os.getppid()), signal.SIGKILL)
        yield batch


class ClusterJobs(SparkJobs):
    def speculated(self):
        return self._save(self._through(self._rows(), dawdle), "speculated")

    def executor_killed(self):
        return self._save(self._through(self._rows(), kill_executor), "executor_killed")


def main():
    folder = pathlib.Path(sys.argv[2])
    settings = {
        "spark.speculation": "true",
        "spark.speculation.interval": "100ms",
        "spark.speculation.multiplier": "1.1",
        "spark.speculation.quantile": "0.5",
        "spark.executor.memory": "512m",
        "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"],
    }
    builder = session_of(folder, "local-cluster[2,1,512]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    run_jobs(ClusterJobs, builder.getOrCreate(), folder, sys.argv[3:])


if __name__ == "__main__":
    main()

"""Jobs that need executors of their own: what is repeated there, and what dies (spark_jobs.py)."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import pyspark

from spark_jobs import SparkJobs, run_jobs, session_of

HOSTS = ("127.0.0.1", "127.0.0.2")
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


def free_port():
    with socket.socket() as taken:
        taken.bind((HOSTS[0], 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def cluster(folder):
    """A master and a worker on each host: Spark repeats a task on another host alone."""
    program = pathlib.Path(pyspark.__file__).parent / "bin" / "spark-class"
    port = free_port()
    url = f"spark://{HOSTS[0]}:{port}"
    words = [["Master", "--host", HOSTS[0], "--port", str(port)]]
    words += [["Worker", "--host", host, "--cores", "1", "--memory", "600m",
               "--work-dir", str(folder / "work"), url] for host in HOSTS]
    running = []
    try:
        for name, *rest in words:
            kind = f"org.apache.spark.deploy.{name.lower()}.{name}"
            # In a group of its own: the script that starts it does not pass signals on.
            running.append(subprocess.Popen([str(program), kind, "--webui-port", "0", *rest],
                                            start_new_session=True))
        yield url
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


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
    with cluster(folder) as url:
        builder = session_of(folder, url)
        for name, value in settings.items():
            builder = builder.config(name, value)
        run_jobs(ClusterJobs, builder.getOrCreate(), folder, sys.argv[3:])


if __name__ == "__main__":
    main()

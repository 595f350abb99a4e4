"""Jobs that need executors of their own: what is repeated there, and what dies (spark_jobs.py)."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pyspark
import spillway.spark
from pyspark.sql import functions as F

from spark_jobs import SparkJobs, run_jobs, session_of

HOSTS = ("127.0.0.1", "127.0.0.2")
HALF = 5  # batches of a partition
# Longer than the other attempts take together; it is killed when another one has won.
DAWDLE_SECONDS_MAX = 90
# In which what was handed over is written.
LAST_SECONDS = 2
GIVEN_UP_ROWS = 300
SESSION_THREADS_MIN = 4


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


def wait_until(condition, what, seconds_max=DAWDLE_SECONDS_MAX):
    by = time.monotonic() + seconds_max
    while not condition():
        assert time.monotonic() < by, what
        time.sleep(0.05)


def state_of(pid):
    """ "T" for a process that is paused; None for one that is gone."""
    with contextlib.suppress(FileNotFoundError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return None


def is_ours(folder):
    """Of this session's cluster; executors have the environment of their worker. `folder`: in
    /proc."""
    session = f"SPILLWAY_TEST_SESSION={os.environ['SPILLWAY_TEST_SESSION']}\0"
    return session.encode() in (folder / "environ").read_bytes()


def writing_workers():
    """Python workers with a write session: no others have that many threads."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            threads = len(list((folder / "task").iterdir()))
            if threads > SESSION_THREADS_MIN and b"pyspark.daemon" in (
                    folder / "cmdline").read_bytes() and is_ours(folder):
                found.append(int(folder.name))
    return found


class ClusterJobs(SparkJobs):
    def speculated(self):
        return self._save(self._through(self._rows(), dawdle), "speculated")

    def executor_killed(self):
        return self._save(self._through(self._rows(), kill_executor), "executor_killed")

    def given_up(self):
        """The host of an attempt of the first batch is paused, while another one writes in its
        place; when the next batch is done, it goes on."""
        known = self.spark.sparkContext._jsc.sc().statusTracker()
        wait_until(lambda: len(known.getExecutorInfos()) == 3, "two executors and the driver")
        pausing = threading.Thread(target=self._pause_an_attempt)
        pausing.start()
        try:
            counts = [self._given_up_batch(version) for version in (1, 2)]
            pausing.join()
            state = state_of(self.paused[0])
            os.kill(self.paused[0], signal.SIGCONT)
            # It has its rows, and needs nobody to write them.
            time.sleep(LAST_SECONDS)
        finally:
            for pid in self.paused:
                os.kill(pid, signal.SIGCONT)
        wait_until(lambda: state_of(self.paused[0]) in (None, "Z"), "the end of the attempt")
        return {"counts": counts, "state": state}

    def _given_up_batch(self, version):
        options = self._options("given_up")
        if version == 1:  # slow enough to be paused half way
            options["spark.cosmos.throughputControl.enabled"] = "true"
            options["spark.cosmos.throughputControl.targetThroughput"] = "250"
        rows = self._rows(GIVEN_UP_ROWS).select(
            "id", "category", F.lit(version).alias("n"), F.lit(version).alias("_commit_version"),
            F.lit("update_postimage").alias("_change_type"))
        return spillway.spark.apply_changes(rows, options).counts

    def _pause_an_attempt(self):
        wait_until(lambda: len(writing_workers()) == 2, "two attempts at work")
        time.sleep(LAST_SECONDS)
        worker = writing_workers()[0]
        daemon = parent_of(worker)
        executor = parent_of(daemon)
        # The last is what would end the executor.
        self.paused = [worker, daemon, executor, parent_of(executor)]
        for pid in self.paused:
            os.kill(pid, signal.SIGSTOP)


def free_port():
    with socket.socket() as taken:
        taken.bind((HOSTS[0], 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def cluster(folder, cores=1):
    """A master and a worker on each host: Spark repeats a task on another host alone. `cores`: of
    each worker."""
    program = pathlib.Path(pyspark.__file__).parent / "bin" / "spark-class"
    port = free_port()
    url = f"spark://{HOSTS[0]}:{port}"
    words = [["Master", "--host", HOSTS[0], "--port", str(port)]]
    words += [["Worker", "--host", host, "--cores", str(cores),
               "--memory", f"{600 * cores}m",
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
        # Two attempts at a time, wherever their rows are.
        "spark.locality.wait": "0s",
        # An executor that is paused is taken for lost.
        "spark.executor.heartbeatInterval": "1s",
        "spark.network.timeout": "8s",
        "spark.network.timeoutInterval": "2s",
        "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"],
    }
    with cluster(folder) as url:
        builder = session_of(folder, url)
        for name, value in settings.items():
            builder = builder.config(name, value)
        run_jobs(ClusterJobs, builder.getOrCreate(), folder, sys.argv[3:])


if __name__ == "__main__":
    main()

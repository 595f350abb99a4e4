"""What the Spark programs have in common: their options, what they took, their result."""

import argparse
import contextlib
import json
import pathlib
import tempfile
import time

import psutil

MEMORY = "4g"  # of the driver


def options_of(description):
    """A parser of the options that every program takes."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("endpoint", "key", "database", "container"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--ca-file", required=True)
    parser.add_argument("table")
    return parser


def seconds_of(process):
    """User and system time, that of its children which have ended too."""
    with contextlib.suppress(psutil.NoSuchProcess):
        t = process.cpu_times()
        return t.user + t.system + t.children_user + t.children_system
    return 0.0


def python_workers():
    found = []
    for process in psutil.Process().children(recursive=True):
        # One that ends meanwhile is counted with those of its parent that have.
        with contextlib.suppress(psutil.NoSuchProcess):
            if "pyspark.daemon" in process.cmdline():
                found.append(process)
    return found


def peak_mib(process):
    """Peak resident memory."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
        for line in lines:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


def taken():
    """CPU of this process, the JVM and the Python workers; of it, what the workers took; and the
    peak memory of the largest of these, which outlive their tasks."""
    me = psutil.Process()
    workers = python_workers()
    return {"cpu_seconds": sum(map(seconds_of, (me, *me.children(recursive=True)))),
            "python_cpu_seconds": sum(map(seconds_of, workers)),
            "worker_peak_mib": max(map(peak_mib, workers), default=0.0)}


def run(peer, options, open_session, load):
    """Opens a session in a folder of its own, loads, and prints what it took."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        spark = open_session(folder)
        load(spark, options, folder)
        wall, of_it = time.perf_counter() - start, taken()
        spark.stop()
    result = {"rows": options.rows, "wall_seconds": wall, "failed": 0, **of_it}
    print(json.dumps({"peer": peer, **result}))

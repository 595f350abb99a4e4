"""What the two Spark programs have in common: their options, their CPU time, their result."""

import argparse
import contextlib
import json
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


def cpu_seconds():
    """User and system time of this process, the JVM and the Python workers, ended ones too."""
    me = psutil.Process()
    total = 0.0
    for process in (me, *me.children(recursive=True)):
        # One that ends meanwhile is counted with those of its parent that have.
        with contextlib.suppress(psutil.NoSuchProcess):
            t = process.cpu_times()
            total += t.user + t.system + t.children_user + t.children_system
    return total


def run(peer, options, open_session, load):
    """Opens a session in a folder of its own, loads, and prints what it took."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        spark = open_session(folder)
        load(spark, options)
        wall, cpu = time.perf_counter() - start, cpu_seconds()
        spark.stop()
    result = {"rows": options.rows, "cpu_seconds": cpu, "wall_seconds": wall, "failed": 0}
    print(json.dumps({"peer": peer, **result}))

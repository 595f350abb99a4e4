"""Measures the local server, and @vercel/cosmosdb-server beside it in the same run.

The figure is documents per second of the server process's CPU time: the machine may be shared, and
one CPU second is what one core gives. Requests are made beforehand by spillway-emulator-load; every
reply's statuses are read.
"""

import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
READY_SECONDS_MAX = 20
STARTS = 20
PACED_READS_A_SECOND = 5_000
PACED_SECONDS = 10
CONNECTIONS = 4
ROWS = 100_000
# What must be reached: documents a second of one core, and milliseconds.
RATES = [
    ("bulk upserts, batches of 100, in memory", "bulk", 100_000),
    ("point upserts, in memory", "point", 25_000),
    ("point reads", "read", None),
    ("bulk upserts, persistent", "persistent", 30_000),
]
P99_MS_MAX = 1
READY_MS_MAX = 50
# The other server is slow: its cost per document does not depend on their number.
SHARE_OF_OTHER = 0.05


class Running:
    """A server process that has said where it listens."""

    def __init__(self, words, folder, environment=None):
        begun = time.perf_counter()
        self.process = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.ready_ms = (time.perf_counter() - begun) * 1000

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(READY_SECONDS_MAX)


class _ServerBench:
    def __init__(self, options, folder):
        self.runs = options.runs
        self.rows = options.rows or ROWS
        self.folder = folder
        self.bin = pathlib.Path(options.bin)

    def ours(self, *words):
        return Running([str(self.bin / "spillway-emulator"), "--port", "0", "--ready-json", *words],
                       self.folder)

    def one_core(self, *words):
        return self.ours("--http", "--threads", "1", "--throughput", "unlimited", *words)

    def other(self):
        modules = {"NODE_PATH": os.environ["SPILLWAY_NODE_MODULES"]}
        return Running(["node", str(HERE / "peers/other_server.js")], self.folder, modules)

    def load(self, server, mode, documents, *words):
        generator = str(self.bin.parent / "emulator/bench/spillway-emulator-load")
        done = subprocess.run(
            [generator, "--port", str(server.port), "--pid", str(server.process.pid),
             "--mode", mode, "--documents", str(documents),
             "--distinct", str(max(2000, min(documents, 50_000))),
             "--connections", str(CONNECTIONS), *words],
            check=True, capture_output=True, text=True)
        result = json.loads(done.stdout)
        if result["failed"]:
            raise SystemExit(f"{result['failed']} requests of '{mode}' failed: this run is void")
        return result

    def rates(self, start, bulk, points, *words):
        """Documents per CPU second: the median of the runs, for bulk, upserts and reads."""
        found = {"bulk": [], "point": [], "read": []}
        for _ in range(self.runs):
            with start() as server:
                for mode in found:
                    documents = bulk if mode == "bulk" else points
                    run = self.load(server, mode, documents, *words)
                    found[mode].append(run["per_cpu_second"])
        return {mode: statistics.median(values) for mode, values in found.items()}

    def persistent(self):
        values = []
        for _ in range(self.runs):
            with tempfile.TemporaryDirectory(dir=self.folder) as data:
                with self.one_core("--data", data) as server:
                    run = self.load(server, "bulk", self.rows * 2)
                    values.append(run["per_cpu_second"])
        return statistics.median(values)

    def paced_reads(self):
        values = []
        for _ in range(self.runs):
            with self.one_core() as server:
                self.load(server, "point", 50_000)
                run = self.load(server, "read", PACED_READS_A_SECOND * PACED_SECONDS, "--rate",
                                str(PACED_READS_A_SECOND))
                values.append((run["p50_ms"], run["p99_ms"]))
        return [statistics.median(column) for column in zip(*values)]

    def starts(self, start):
        values = []
        for _ in range(STARTS):
            with start() as server:
                values.append(server.ready_ms)
        return statistics.median(values)

    def run(self):
        rows = self.rows
        mine = self.rates(self.one_core, rows * 4, rows)
        mine["persistent"] = self.persistent()
        few = int(rows * SHARE_OF_OTHER)
        theirs = self.rates(self.other, few * 4, few, "--ranges", "1")
        p50, p99 = self.paced_reads()
        print("\n| documents of 1 KB a second of one core | spillway-emulator "
              "| @vercel/cosmosdb-server | bar |\n|---|---|---|---|")
        for name, mode, bar in RATES:
            other = f"{theirs[mode]:,.0f}" if mode in theirs else "–"
            print(f"| {name} | {mine[mode]:,.0f} | {other} "
                  f"| {verdict(bar and f'≥ {bar:,}', bar and mine[mode] >= bar)} |")
        print("\n| | measured | bar |\n|---|---|---|")
        print(f"| point reads at {PACED_READS_A_SECOND:,}/s, p50 and p99 from when each was due "
              f"| {p50:.2f} ms, {p99:.2f} ms "
              f"| {verdict(f'p99 ≤ {P99_MS_MAX} ms', p99 <= P99_MS_MAX)} |")
        for name, start, bar in [("plain HTTP", self.one_core, READY_MS_MAX),
                                 ("HTTPS with a new certificate", self.ours, READY_MS_MAX),
                                 ("@vercel/cosmosdb-server", self.other, None)]:
            ready = self.starts(start)
            print(f"| start to ready, {name} | {ready:.0f} ms "
                  f"| {verdict(bar and f'≤ {bar} ms', bar and ready <= bar)} |")


def verdict(bar, met):
    """The bar, and that it was missed where it was; empty where there is none."""
    if not bar:
        return ""
    return bar if met else f"{bar}: **missed**"


def run_server_bench(options, folder):
    _ServerBench(options, folder).run()

"""Measures `spillway verify`: verify_bench.py --bin FOLDER [--rows N] [--runs N]
[--sample-rows N].

Loads N and 3 N M documents, compares them, and prints what a document costs in CPU (the slope
between the two, user plus system time of the spillway process), the peak of its memory, and how
near the request units came to the estimate. With --sample-rows it loads so many T documents and
draws 10,000 of them.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

import bench
from programs import Emulator

SAMPLE = 10_000


class VerifyBench(bench.Bench):
    def load(self, rows, shape):
        """A project in a folder of its own whose pipeline has loaded so many rows."""
        folder = self.folder / f"{shape}{rows}"
        folder.mkdir()
        (folder / "lake").symlink_to(self.lake)
        table = bench.make_table(shape, rows, self.lake)
        bench.configure(folder, self.server, table, self.container())
        bench.measured([self.program(), "sync", "cosmos", "--full"], folder, self.environment)
        return folder

    def verify(self, folder, *words):
        command = [self.program(), "verify", "cosmos", *words, "--output", "json"]
        measured = bench.measured(command, folder, self.environment)
        measured |= json.loads(measured["output"])
        assert measured["matches"] is True
        return measured

    def whole(self, rows):
        folders = {n: self.load(n, "M") for n in (rows, 3 * rows)}
        cpu = {n: [] for n in folders}
        memory = 0
        for _ in range(self.options.runs):
            for n, folder in folders.items():
                last = self.verify(folder)
                cpu[n].append(last["cpu"])
                memory = max(memory, last["memory_mib"])
        few, many = (statistics.median(cpu[n]) for n in folders)
        seconds = (many - few) / (2 * rows)
        estimated = last["estimated_request_units"] / last["request_units"]
        print(
            "| documents | per CPU second | peak memory, MiB | RU estimated / taken |\n"
            "|---|---|---|---|\n"
            f"| {3 * rows:,} M | {1 / seconds:,.0f} | {memory:.0f} | {estimated:.3f} |"
        )

    def sampled(self, rows):
        found = self.verify(self.load(rows, "T"), "--sample", str(SAMPLE))
        print(
            "| sample | of | wall s | CPU s | peak memory, MiB | RU |\n|---|---|---|---|---|---|\n"
            f"| {SAMPLE:,} | {rows:,} T | {found['wall']:.2f} | {found['cpu']:.2f} |"
            f" {found['memory_mib']:.0f} | {found['request_units']:,.0f} |"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--rows", type=int, default=150_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sample-rows", type=int)
    options = parser.parse_args()
    options.bin = os.environ["SPILLWAY_BIN"] = str(pathlib.Path(options.bin).resolve())
    with tempfile.TemporaryDirectory(prefix="spillway-bench-") as folder:
        folder = pathlib.Path(folder)
        (folder / "lake").mkdir()
        words = ["--throughput", "unlimited", "--ranges", str(bench.RANGES), "--control-port", "0"]
        with Emulator(folder / "server", *words) as server:
            measuring = VerifyBench(options, folder, server)
            if options.sample_rows:
                measuring.sampled(options.sample_rows)
            else:
                measuring.whole(options.rows)


if __name__ == "__main__":
    sys.exit(main())

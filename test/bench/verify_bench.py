"""Measures `spillway verify`: verify_bench.py --bin FOLDER [--rows N] [--sample-rows N].

Loads N and 3 N M documents, compares them, and prints what a document costs in CPU (the slope
between the two, user plus system time of the spillway process), the peak of its memory, and how
near the request units came to the estimate. With --sample-rows it loads so many T documents and
draws 10,000 of them.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

import bench
from programs import Emulator

SAMPLE = 10_000


class VerifyBench(bench.Bench):
    def verify(self, rows, *words, shape="M"):
        table = bench.make_table(shape, rows, self.folder / "lake")
        container = self.container()
        bench.configure(self.folder, self.server, table, container)
        environment = {"COSMOS_KEY": self.server.key}
        spillway = str(pathlib.Path(self.options.bin) / "spillway")
        bench.measured([spillway, "sync", "cosmos", "--full"], self.folder, environment)
        command = [spillway, "verify", "cosmos", *words, "--output", "json"]
        measured = bench.measured(command, self.folder, environment)
        measured |= json.loads(measured["output"])
        assert measured["matches"] is True
        self.drop(container)
        return measured

    def whole(self, rows):
        few, many = self.verify(rows), self.verify(3 * rows)
        seconds = (many["cpu"] - few["cpu"]) / (2 * rows)
        estimated = many.get("estimated_request_units", 0) / many["request_units"]
        print(
            "| documents | per CPU second | peak memory, MiB | RU estimated / taken |\n"
            "|---|---|---|---|\n"
            f"| {3 * rows:,} M | {1 / seconds:,.0f} | {many['memory_mib']:.0f} | {estimated:.3f} |"
        )

    def sampled(self, rows):
        found = self.verify(rows, "--sample", str(SAMPLE), shape="T")
        print(
            "| sample | of | wall s | CPU s | peak memory, MiB | RU |\n|---|---|---|---|---|---|\n"
            f"| {SAMPLE:,} | {rows:,} T | {found['wall']:.2f} | {found['cpu']:.2f} |"
            f" {found['memory_mib']:.0f} | {found['request_units']:,.0f} |"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("--rows", type=int, default=300_000)
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

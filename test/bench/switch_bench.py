"""What `strategy: switch` adds to a load: switch_bench.py --bin FOLDER [--rows N] [--pairs N].

Loads one table of N M rows into a new container, plainly and by a switch, in turns. Of the switch
the verification is taken off: its wall time as the command's own log has it, its CPU time as a
`verify` of the same container takes it beyond the start of the program, which is a `status`. user
plus system time of the spillway process; requests are what the server counted, of the switch
without those of that `verify`.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile

import bench
from control import Control
from programs import Emulator

PAIRS = 5
WARM_UP_ROWS = 1_000
RUN = re.compile(r"^(\S+) info run: pipeline \S+: run (\d+) (begins: (\w+)|ended)", re.MULTILINE)


def seconds_of(kind: str, log: str) -> float:
    """Of the runs of a kind, by the log's clock."""
    total, begun = 0.0, {}
    for time, run, _, of in RUN.findall(log):
        at = datetime.datetime.fromisoformat(time).timestamp()
        if of == kind:
            begun[run] = at
        elif not of and run in begun:
            total += at - begun.pop(run)
    return total


class SwitchBench(bench.Bench):
    def run(self, *words) -> dict:
        log = self.folder / "spillway.log"
        log.unlink(missing_ok=True)
        command = [self.program(), *words, "--log-level", "info", "--log-file", str(log)]
        before = self.requests()
        run = bench.measured(command, self.folder, {"COSMOS_KEY": self.server.key})
        return run | {"requests": self.requests() - before, "log": log.read_text()}

    def requests(self) -> int:
        return Control(self.server).ask("GET", "/")["requests"]

    def plain(self, table) -> dict:
        container = self.container()
        bench.configure(self.folder, self.server, table, container)
        run = self.run("sync", "cosmos", "--full")
        self.drop(container)
        return run

    def switched(self, table) -> dict:
        name = self.container()  # for its name: the switch makes another one
        bench.configure(self.folder, self.server, table, name)
        file = self.folder / "spillway.yaml"
        project = json.loads(file.read_text())
        pipeline = project["pipelines"]["cosmos"]
        pipeline["sync"] = {"strategy": "switch", "switch": {"pointer": {"id": name}}}
        file.write_text(json.dumps(project))
        run = self.run("sync", "cosmos", "--full")
        verify, start = self.run("verify", "cosmos"), self.run("status")
        self.drop(name, f"{name}-v1")
        return {"cpu": run["cpu"] - (verify["cpu"] - start["cpu"]),
                "requests": run["requests"] - verify["requests"],
                "wall": run["wall"] - seconds_of("verify", run["log"])}

    def compare(self):
        table = bench.make_table("M", self.options.rows, self.folder / "lake")
        few = bench.make_table("M", WARM_UP_ROWS, self.folder / "lake")
        self.switched(few)  # makes the pointers' container, too
        pairs = [(self.plain(table), self.switched(table)) for _ in range(self.options.pairs)]
        print(f"| {self.options.rows:,} M rows, {len(pairs)} pairs | plain | switch | ratio |\n"
              "|---|---|---|---|")
        for name, key, form in (("CPU s", "cpu", ".2f"), ("wall s", "wall", ".2f"),
                                ("requests", "requests", ",.0f")):
            plain, switch = (statistics.median(pair[i][key] for pair in pairs) for i in (0, 1))
            ratio = statistics.median(switch[key] / plain[key] for plain, switch in pairs)
            print(f"| {name} | {plain:{form}} | {switch:{form}} | {ratio:.3f} |")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    options = parser.parse_args()
    os.environ["SPILLWAY_BIN"] = options.bin
    with tempfile.TemporaryDirectory(prefix="spillway-bench-") as root:
        folder = pathlib.Path(root)
        words = ["--throughput", "unlimited", "--ranges", str(bench.RANGES), "--control-port", "0"]
        with Emulator(folder / "server", *words) as server:
            SwitchBench(options, folder, server).compare()


if __name__ == "__main__":
    sys.exit(main())

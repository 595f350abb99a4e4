"""What it costs to keep a limit: the client's CPU while it fills 100,000 RU/s with 1 KB documents.

limit_cpu.py --bin FOLDER [--rows N] [--runs N] [--tls]

Loads N and 3 N documents (100,000 by default) under `throughput: {limit: 100000}` into a container
that admits more, and takes the slope: CPU seconds and wall seconds of the 2 N documents in between,
so that neither starting nor planning counts. Beside it the same load without a limit, whose CPU
per document is what reading, encoding and sending take anyway.

CPU is user plus system time of the process, as the kernel counts it. A run that was throttled, or
that did not reach the limit, is void.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from azure.cosmos import CosmosClient, PartitionKey  # noqa: E402

from bench import DATABASE, make_table, measured  # noqa: E402
from programs import Emulator, cosmos_connection, program  # noqa: E402

LIMIT = 100_000
# Sixteen ranges serve up to 160,000; the limit is that of the client alone.
PROVISIONED, RAISED = 96_000, 150_000
REACHED_MIN = 0.95
BAR_CORES = 0.15


def configure(folder, server, table, container, limit, tls):
    keys = {"id": "id", "partition_key": "/id", "container": container}
    pipeline = {
        "source": {"connection": "lake", "table": table},
        "destination": {"connection": "shop", **keys},
    }
    if limit:
        pipeline["throughput"] = {"limit": limit}
    project = {
        "version": 1,
        "connections": {
            "lake": {"type": "delta", "root": str(folder / "lake")},
            "shop": cosmos_connection(server, DATABASE, tls),
        },
        "pipelines": {"p": pipeline},
    }
    (folder / "spillway.yaml").write_text(json.dumps(project))


class Loads:
    def __init__(self, folder, server, tls):
        self.folder, self.server, self.tls = folder, server, tls
        client = CosmosClient(server.http_endpoint, server.key)
        self.database = client.create_database_if_not_exists(DATABASE)
        self.count = 0

    def load(self, rows, limit):
        """CPU seconds, seconds from the summary, and request units of one load."""
        self.count += 1
        name = f"c{self.count}"
        # Made with few ranges' worth, then raised, as a load is advised to.
        self.database.create_container(name, PartitionKey("/id"), offer_throughput=PROVISIONED)
        self.database.get_container_client(name).replace_throughput(RAISED)
        table = make_table("M", rows, self.folder / "lake")
        configure(self.folder, self.server, table, name, limit, self.tls)
        words = [program("spillway"), "sync", "p", "--full", "--output", "json"]
        run = measured(words, self.folder, {"COSMOS_KEY": self.server.key})
        self.database.delete_container(name)
        summary = json.loads(run["output"])
        if limit and summary["throttled_requests"] > 0:
            raise SystemExit("the load was throttled: this run is void")
        seconds = summary["elapsed_ms"] / 1000
        return run["cpu"], seconds, summary["request_units"]

    def slope(self, rows, limit):
        """CPU seconds, wall seconds and request units of 2 N documents."""
        few, many = self.load(rows, limit), self.load(3 * rows, limit)
        return [more - less for less, more in zip(few, many)]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    os.environ["SPILLWAY_BIN"] = options.bin
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Emulator(folder / "server") as server:
            loads = Loads(folder, server, options.tls)
            limited = [loads.slope(options.rows, LIMIT) for _ in range(options.runs)]
            free = [loads.slope(options.rows, None) for _ in range(options.runs)]
    cores = statistics.median(cpu / seconds for cpu, seconds, _ in limited)
    rate = statistics.median(units / seconds for _, seconds, units in limited)
    million = lambda runs: statistics.median(
        cpu / (2 * options.rows) * 1e6 for cpu, _, _ in runs)
    at_limit = cores * LIMIT / rate
    print(f"| cores at 100,000 RU/s | {at_limit:.3f} | bar {BAR_CORES} |")
    print(f"| RU/s reached under the limit | {rate:,.0f} | |")
    print(f"| CPU s per million documents, limited | {million(limited):.2f} | |")
    print(f"| CPU s per million documents, without a limit | {million(free):.2f} | |")
    if rate < REACHED_MIN * LIMIT:
        raise SystemExit("the limit was not reached: this run is void")


if __name__ == "__main__":
    main()

"""Measures Spillway against its peers, on one local server, in turns, and prints Markdown tables.

bench.py --bin FOLDER [--rows N] [--runs N] [load|memory|start ...]

CPU is user plus system time of the client's process, as the kernel counts it, from Delta files to
acknowledged writes; the peers are fed ready-made objects and do not pay for reading. Every store is
compared with every other at the end: a run whose stores differ is void.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from azure.cosmos import CosmosClient  # noqa: E402
from programs import Emulator  # noqa: E402

DATABASE = "bench"
RANGES = 8
POINT_ROWS_MAX = 5_000  # the point peer is slow; its cost per document does not depend on it


def make_table(shape, rows, lake, files=4):
    folder = lake / f"{shape.lower()}{rows}"
    script = str(HERE / "make_bench_tables.py")
    subprocess.run([sys.executable, script, shape, str(rows), str(folder), str(files)], check=True)
    return folder.name


def configure(folder, server, table, container, partition_key="/id"):
    """A project with two pipelines: `cosmos`, and `files` for the peers' input."""
    source = {"connection": "lake", "table": table}
    keys = {"id": "id", "partition_key": partition_key}
    project = {
        "version": 1,
        "connections": {
            "lake": {"type": "delta", "root": str(folder / "lake")},
            "shop": {"type": "cosmosdb", "endpoint": server.http_endpoint, "database": DATABASE,
                     "auth": {"key": {"env": "COSMOS_KEY"}}},
            "disk": {"type": "file", "root": str(folder / "files")},
        },
        "pipelines": {
            "cosmos": {"source": source,
                       "destination": {"connection": "shop", "container": container, **keys}},
            "files": {"source": source,
                      "destination": {"connection": "disk", "container": container, **keys}},
        },
    }
    (folder / "spillway.yaml").write_text(json.dumps(project))


def measured(words, folder, environment):
    """Runs a command; its CPU seconds, wall seconds, peak memory in MiB, and standard output."""
    begun = time.perf_counter()
    process = subprocess.Popen(words, cwd=folder, env={**os.environ, **environment},
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(map(str, words))} failed with {status}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": time.perf_counter() - begun,
            "memory_mib": usage.ru_maxrss / 1024, "output": output}


class Bench:
    def __init__(self, options, folder, server):
        self.options = options
        self.folder = folder
        self.server = server
        self.environment = {"COSMOS_KEY": server.key}
        self.client = CosmosClient(server.endpoint, server.key)
        self.containers = 0

    def container(self):
        from azure.cosmos import PartitionKey

        database = self.client.create_database_if_not_exists(DATABASE)
        self.containers += 1
        name = f"c{self.containers}"
        database.create_container(name, PartitionKey("/id"))
        return name

    def documents(self, name):
        items = self.client.get_database_client(DATABASE).get_container_client(name)
        return {item["id"]: {key: value for key, value in item.items() if key[0] != "_"}
                for item in items.read_all_items(max_item_count=1000)}

    def spillway(self, table, container):
        configure(self.folder, self.server, table, container)
        subprocess.run(["rm", "-rf", str(self.folder / ".spillway")], check=True)
        return measured([self.program("spillway"), "sync", "cosmos"], self.folder, self.environment)

    def program(self, name):
        return str(pathlib.Path(self.options.bin) / name)

    def input_of_peers(self, table):
        configure(self.folder, self.server, table, "input")
        measured([self.program("spillway"), "sync", "files"], self.folder, self.environment)
        return sorted(str(path) for path in (self.folder / "files").rglob("*.jsonl"))

    def peer(self, words, container, rows, files):
        account = ["--endpoint", self.server.http_endpoint, "--key", self.server.key,
                   "--database", DATABASE, "--container", container, "--rows", str(rows)]
        environment = {"NODE_PATH": os.environ.get("SPILLWAY_NODE_MODULES", "")}
        run = measured([*words, *account, *files], self.folder, environment)
        return json.loads(run["output"].splitlines()[-1])

    def load(self):
        rows = self.options.rows
        table = make_table("M", rows, self.folder / "lake")
        files = self.input_of_peers(table)
        js = ["node", str(HERE / "peers/js_bulk.js"), "--partition-key", "/id"]
        points = [sys.executable, str(HERE / "peers/python_points.py")]
        ours, peers, few = [], [], []
        for _ in range(self.options.runs):
            mine, theirs = self.container(), self.container()
            ours.append(self.spillway(table, mine)["cpu"] / rows * 1e6)
            peers.append(self.peer(js, theirs, rows, files)["cpu_seconds"] / rows * 1e6)
            count = min(rows, POINT_ROWS_MAX)
            few.append(self.peer(points, self.container(), count, files)["cpu_seconds"]
                       / count * 1e6)
            if self.documents(mine) != self.documents(theirs):
                raise SystemExit("the stores differ: this run is void")
        print(f"\n| {rows:,} M documents, {RANGES} ranges, plain HTTP | client CPU s per million "
              "(median of runs) | Spillway is |\n|---|---|---|")
        mine = statistics.median(ours)
        print(f"| Spillway, Delta files to acknowledged writes | {mine:.2f} | |")
        for name, values in (("@azure/cosmos executeBulkOperations", peers),
                             ("azure-cosmos (Python) upsert_item", few)):
            ratios = [theirs / own for theirs, own in zip(values, ours)]
            print(f"| {name} | {statistics.median(values):.1f} | "
                  f"1/{statistics.median(ratios):.0f} |")

    def memory(self):
        print("\n| rows (M documents) | peak resident memory, MiB | wall s |\n|---|---|---|")
        for rows in (self.options.rows, self.options.rows * 10):
            run = self.spillway(make_table("M", rows, self.folder / "lake", 8), self.container())
            print(f"| {rows:,} | {run['memory_mib']:.0f} | {run['wall']:.1f} |")

    def start(self):
        version = [measured([self.program("spillway"), "version"], self.folder, {})["wall"]
                   for _ in range(20)]
        table = make_table("S", 1000, self.folder / "lake", 1)
        whole = [self.spillway(table, self.container())["wall"] for _ in range(self.options.runs)]
        print("\n| start | ms (median) |\n|---|---|")
        print(f"| `spillway version` | {statistics.median(version) * 1000:.1f} |")
        print("| `spillway sync` of 1,000 rows, start to end | "
              f"{statistics.median(whole) * 1000:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("names", nargs="*", default=["load", "memory", "start"])
    options = parser.parse_args()
    os.environ["SPILLWAY_BIN"] = options.bin
    with tempfile.TemporaryDirectory(prefix="spillway-bench-") as folder:
        folder = pathlib.Path(folder)
        (folder / "lake").mkdir()
        words = ["--throughput", "unlimited", "--ranges", str(RANGES)]
        with Emulator(folder / "server", *words) as server:
            bench = Bench(options, folder, server)
            for name in options.names:
                getattr(bench, name)()


if __name__ == "__main__":
    main()

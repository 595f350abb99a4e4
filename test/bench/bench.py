"""Measures Spillway against its peers, on one local server, in turns, and prints Markdown tables.

bench.py --bin FOLDER [--rows N] [--runs N] [load|spark|memory|start|server ...]

  load    client CPU for M documents, against the official JavaScript and Python clients
  spark   the same of Spark's data source and scheduler against the Cosmos DB connector, as the
          slope between N and 3 N rows
  ranges  how both grow from 8 ranges to 512
  memory  peak resident memory of loads: N and 10 N M rows, and N/25 L rows
  start   from the command: `version` to its end, a load of 1,000 rows to its first document
  server  the local server itself, and another one beside it

CPU is user plus system time of the client's processes, as the kernel counts it, from Delta files to
acknowledged writes; the peers of `load` are fed ready-made objects and do not pay for reading. The
stores are compared at the end, document by document: a run whose stores differ is void.
"""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from azure.cosmos import CosmosClient, PartitionKey  # noqa: E402
from control import Control, History  # noqa: E402
from programs import Emulator, cosmos_connection  # noqa: E402
from server_bench import run_server_bench  # noqa: E402
from spark_bench import SPARK_BENCHES  # noqa: E402

DATABASE = "bench"
RANGES = 8
ROWS = {"load": 300_000, "spark": 1_000_000, "ranges": 300_000, "memory": 1_000_000, "start": 1_000}
POINT_ROWS_MAX = 5_000  # the point peer is slow; its cost per document does not depend on it
WIDE_ROWS_SHARE = 25  # an L row is ten M rows, and its row groups are as large as they should get
COMPARED_MAX = 300_000
VERSION_RUNS = 20
START_RUNS = 11
MEMORY_POLL_SECONDS = 0.005
CPU_HEADER = "| client | CPU s per million documents | Spillway is | bar |\n|---|---|---|---|\n"
SERVICE_PROPERTIES = {"_rid", "_self", "_etag", "_ts", "_attachments"}


def make_table(shape, rows, lake, files=4):
    folder = lake / f"{shape.lower()}{rows}"
    if not folder.exists():
        script = str(HERE / "make_bench_tables.py")
        words = [sys.executable, script, shape, str(rows), str(folder), str(files)]
        subprocess.run(words, check=True)
    return folder.name


def configure(folder, server, table, container, tls=False):
    """A project with two pipelines: `cosmos`, and `files` for the peers' input."""
    source = {"connection": "lake", "table": table}
    keys = {"id": "id", "partition_key": "/id", "container": container}
    project = {
        "version": 1,
        "connections": {
            "lake": {"type": "delta", "root": str(folder / "lake")},
            "shop": cosmos_connection(server, DATABASE, tls),
            "disk": {"type": "file", "root": str(folder / "files")},
        },
        "pipelines": {
            "cosmos": {"source": source, "destination": {"connection": "shop", **keys}},
            "files": {"source": source, "destination": {"connection": "disk", **keys}},
        },
    }
    (folder / "spillway.yaml").write_text(json.dumps(project))


def peak_memory_mib(pid):
    """0 once the process has ended. The kernel's ru_maxrss begins at this script's own size."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except ProcessLookupError:
        return 0
    peaks = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(peaks[0]) / 1024 if peaks else 0


def measured(words, folder, environment):
    """Runs a command; its CPU and wall seconds, peak memory in MiB, and standard output."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        process = subprocess.Popen(
            words, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=errors
        )
        memory, ended = 0, 0
        while not ended:
            memory = max(memory, peak_memory_mib(process.pid))
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            time.sleep(0 if ended else MEMORY_POLL_SECONDS)
        wall = time.perf_counter() - begun
        output.seek(0), errors.seek(0)
        if status != 0:
            sys.stderr.write(errors.read().decode())
            raise SystemExit(f"{' '.join(map(str, words))} failed with {status}")
        cpu = usage.ru_utime + usage.ru_stime
        return {"cpu": cpu, "wall": wall, "memory_mib": memory, "output": output.read()}


def wall_ms(words, folder, environment):
    begun = time.perf_counter()
    subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return (time.perf_counter() - begun) * 1000


def plain(value):
    """Numbers as doubles: 5 and 5.0 are one number in JSON, and two in Python."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items() if key not in SERVICE_PROPERTIES}
    return float(value)


def digest_of(documents):
    """How many, and the sum of their hashes: the same in whatever order they come."""
    count, total = 0, 0
    for document in documents:
        text = json.dumps(plain(document), sort_keys=True)
        total += int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
        count += 1
    return count, total % (1 << 128)


def median_ratio(theirs, ours):
    return statistics.median(their / own for their, own in zip(theirs, ours))


class Bench:
    def __init__(self, options, folder, server):
        self.options = options
        self.folder = folder
        self.lake = folder / "lake"
        self.server = server
        self.environment = {"COSMOS_KEY": server.key}
        client = CosmosClient(server.http_endpoint, server.key)
        self.database = client.create_database_if_not_exists(DATABASE)
        self.containers = 0
        self.tls = False

    def rows(self, name):
        return self.options.rows or ROWS[name]

    def container(self):
        self.containers += 1
        name = f"c{self.containers}"
        self.database.create_container(name, PartitionKey("/id"))
        return name

    def drop(self, *names):
        for name in names:
            self.database.delete_container(name)

    def ask(self, name, query):
        client = self.database.get_container_client(name)
        return client.query_items(query, enable_cross_partition_query=True)

    def count(self, name):
        return next(iter(self.ask(name, "SELECT VALUE COUNT(1) FROM c")))

    def every_hundredth(self, name):
        return self.ask(name, "SELECT * FROM c WHERE ENDSWITH(c.id, '37')")

    def documents(self, name):
        client = self.database.get_container_client(name)
        return client.read_all_items(max_item_count=1000)

    def require_equal(self, mine, theirs, converted=lambda document: document):
        """Document by document; of very many, their number and every hundredth."""
        if self.count(mine) != self.count(theirs):
            raise SystemExit("the stores have different numbers of documents: this run is void")
        few = self.count(mine) <= COMPARED_MAX
        documents = self.documents if few else self.every_hundredth
        if digest_of(map(converted, documents(mine))) != digest_of(documents(theirs)):
            raise SystemExit("the stores differ: this run is void")

    def require_part_of(self, mine, part, count):
        ids = {document["id"] for document in self.documents(part)}
        same = (d for d in self.documents(mine) if d["id"] in ids)
        if len(ids) != count or digest_of(same) != digest_of(self.documents(part)):
            raise SystemExit("the stores differ: this run is void")

    def program(self, name="spillway"):
        return str(pathlib.Path(self.options.bin) / name)

    def table(self, shape, rows):
        return make_table(shape, rows, self.lake)

    def prepare(self, table, container):
        configure(self.folder, self.server, table, container, self.tls)
        shutil.rmtree(self.folder / ".spillway", ignore_errors=True)
        return [self.program(), "sync", "cosmos"]

    def spillway(self, table, container):
        return measured(self.prepare(table, container), self.folder, self.environment)

    def input_of_peers(self, table):
        configure(self.folder, self.server, table, "input")
        measured([self.program(), "sync", "files"], self.folder, self.environment)
        return sorted(str(path) for path in (self.folder / "files").rglob("*.jsonl"))

    def peer(self, words, container, rows, files):
        account = ["--endpoint", self.server.http_endpoint, "--key", self.server.key]
        if self.tls:
            account = ["--endpoint", self.server.endpoint, "--key", self.server.key]
            account += ["--ca-file", self.server.certificate]
        place = ["--database", DATABASE, "--container", container, "--rows", str(rows)]
        environment = {
            "NODE_PATH": os.environ.get("SPILLWAY_NODE_MODULES", ""),
            "PYTHONPATH": str(HERE.parent.parent / "python"),
            "SPILLWAY_LIBRARY": str(pathlib.Path(self.options.bin).parent / "lib/libspillway.so"),
        }
        run = measured([*words, *account, *place, *files], self.folder, environment)
        result = json.loads(run["output"].splitlines()[-1])
        if result["failed"] or result["rows"] != rows:
            raise SystemExit(f"the peer did not write all rows: {result}")
        return result

    def load(self):
        rows = self.rows("load")
        table = make_table("M", rows, self.lake)
        files = self.input_of_peers(table)
        js = ["node", str(HERE / "peers/js_bulk.js"), "--partition-key", "/id"]
        python = [sys.executable, str(HERE / "peers/python_points.py")]
        count = min(rows, POINT_ROWS_MAX)
        ours, bulk, points = [], [], []
        for _ in range(self.options.runs):
            mine, theirs, few = self.container(), self.container(), self.container()
            ours.append(self.spillway(table, mine)["cpu"] / rows * 1e6)
            bulk.append(self.peer(js, theirs, rows, files)["cpu_seconds"] / rows * 1e6)
            points.append(self.peer(python, few, count, files)["cpu_seconds"] / count * 1e6)
            self.require_equal(mine, theirs)
            self.require_part_of(mine, few, count)
            self.drop(mine, theirs, few)
        print(
            f"\n{rows:,} M documents, {RANGES} ranges, plain HTTP, median of {self.options.runs} "
            "runs; the stores were equal.\n\n"
            f"{CPU_HEADER}"
            f"| Spillway, Delta files to acknowledged writes | {statistics.median(ours):.2f} |||\n"
            f"| @azure/cosmos executeBulkOperations | {statistics.median(bulk):.1f} | "
            f"1/{median_ratio(bulk, ours):.0f} | 1/20 |\n"
            f"| azure-cosmos (Python) upsert_item | {statistics.median(points):.1f} | "
            f"1/{median_ratio(points, ours):.0f} | 1/200 |"
        )

    def memory(self):
        rows = self.rows("memory")
        wide = max(rows // WIDE_ROWS_SHARE, 2)
        print(
            "\n| table | peak resident memory, MiB | against the first | wall s |\n"
            "|---|---|---|---|"
        )
        first = None
        for shape, count, files in (("M", rows, 8), ("M", rows * 10, 80), ("L", wide, 2)):
            container = self.container()
            run = self.spillway(make_table(shape, count, self.lake, files), container)
            self.drop(container)
            first = first or run["memory_mib"]
            print(
                f"| {count:,} {shape} rows | {run['memory_mib']:.0f} | "
                f"{run['memory_mib'] / first:.2f} | {run['wall']:.1f} |",
                flush=True,
            )
        print("\nBars: 256 MiB, and 1.10 for ten times the rows.")

    def start(self):
        version = [
            wall_ms([self.program(), "version"], self.folder, {}) for _ in range(VERSION_RUNS)
        ]
        table = make_table("S", ROWS["start"], self.lake, 1)
        first, whole = [], []
        for _ in range(START_RUNS):
            container = self.container()
            written = History(Control(self.server), f"{DATABASE}/{container}")
            command = self.prepare(table, container)
            begun_ms = time.time() * 1000  # the server's history has the time of day too
            whole.append(wall_ms(command, self.folder, self.environment))
            first.append(min(write["time_ms"] for write in written.new()) - begun_ms)
        print(
            f"\n| from the command, plain HTTP, median of {START_RUNS} | ms | bar |\n"
            "|---|---|---|\n"
            f"| `spillway version`, to its end | {statistics.median(version):.1f} | 10 |\n"
            f"| `spillway sync` of {ROWS['start']:,} S rows, to the first document | "
            f"{statistics.median(first):.0f} | 100 |\n"
            f"| the same, to its end | {statistics.median(whole):.0f} | |"
        )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--rows", type=int, help="N; default: as each benchmark needs")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join([*ROWS, "server"]))
    options = parser.parse_args()
    os.environ["SPILLWAY_BIN"] = options.bin
    with tempfile.TemporaryDirectory(prefix="spillway-bench-") as folder:
        folder = pathlib.Path(folder)
        (folder / "lake").mkdir()
        words = ["--throughput", "unlimited", "--ranges", str(RANGES), "--control-port", "0"]
        for name in options.names or [*ROWS, "server"]:
            if name == "server":
                run_server_bench(options, folder)
                continue
            if name in SPARK_BENCHES:
                SPARK_BENCHES[name](lambda server: Bench(options, folder, server), folder)
                continue
            # A server for each: what one leaves in memory does not weigh on the next.
            with Emulator(folder / f"server-{name}", *words) as server:
                getattr(Bench(options, folder, server), name)()


if __name__ == "__main__":
    main()

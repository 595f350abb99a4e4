"""How soon a change is in the container, how fast a backlog goes, what waiting costs.

changes_latency.py --bin FOLDER [--full]

  latency  commits of 1 to 1,000 rows, half of them updates, ten per second whatever happens (open
           loop), followed by `sync --continuous`; 30 s, or 5 minutes with --full
  backlog  10,000 commits of 1 to 5 rows, by one `sync`
  idle     what `sync --continuous` and `sync` cost when nothing happens, at several log lengths

Commits are prepared beforehand and renamed into place at their time: that is when they are visible.
A document is visible when the server has applied its write, by the server's clock, which is this
machine's. The container is compared with the table at the end: a run that differs is void.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import pyarrow as pa  # noqa: E402
from azure.cosmos import CosmosClient  # noqa: E402

from control import Control, History  # noqa: E402
from documents import without_service_properties  # noqa: E402
from hand_log import HandTable, show_commit  # noqa: E402
from programs import Emulator, Spillway, cosmos_connection, wait_until  # noqa: E402

COLUMNS = {"id": pa.string(), "v": pa.int64(), "text": pa.string()}
COMMITS_PER_SECOND = 10
ROWS_MAX = 1000
BACKLOG_COMMITS = 10_000
BACKLOG_ROWS_MAX = 5
IDLE_SECONDS = 5
SETTLED_SECONDS_MAX = 120
DATABASE = "bench"


class Pipeline:
    """A table written by hand, and the pipeline that follows it into a container."""

    def __init__(self, name, folder, server):
        self.name = name
        self.server = server
        self.dice = random.Random(1)
        self.table = HandTable(folder / name, COLUMNS, feed=True)
        self.next_id = 0
        self.spillway = Spillway(folder, {"COSMOS_KEY": server.key})
        source = {"connection": "lake", "table": name}
        keys = {"id": "id", "partition_key": "/id", "container": name}
        state = {"store": "sqlite", "path": str(folder / f"{name}.db")}
        project = {
            "version": 1,
            "connections": {
                "lake": {"type": "delta", "root": str(folder)},
                "shop": cosmos_connection(server, DATABASE),
            },
            "state": state,
            "pipelines": {name: {"source": source, "destination": {"connection": "shop", **keys}}},
        }
        (folder / "spillway.yaml").write_text(json.dumps(project))

    def rows(self, count):
        first, self.next_id = self.next_id, self.next_id + count
        return [self.row(f"k{number}") for number in range(first, self.next_id)]

    def row(self, name):
        return {"id": name, "v": self.table.version + 1, "text": "x" * 200}

    def prepare(self, rows_max) -> tuple:
        """A commit that is not visible yet, and how many documents it writes."""
        count = round(rows_max ** self.dice.random())
        updated = self.dice.choice(list(self.table.files)[-50:]) if self.table.files else None
        if updated is None or self.dice.random() < 0.5:
            return self.table.replace([], self.rows(count), show=False), count
        old = self.table.files[updated]
        new = [self.row(row["id"]) for row in old]
        told = [(row, "update_preimage") for row in old]
        told += [(row, "update_postimage") for row in new]
        return self.table.replace([updated], new, [told], "UPDATE", show=False), len(new)

    def version(self):
        [status] = self.spillway.json("status")["pipelines"]
        return status.get("version", -1)

    def check(self):
        client = CosmosClient(self.server.endpoint, self.server.key)
        container = client.get_database_client(DATABASE).get_container_client(self.name)
        found = {d["id"]: without_service_properties(d) for d in container.read_all_items(2000)}
        if found != {row["id"]: row for row in self.table.rows()}:
            raise SystemExit("the container differs from the table: this run is void")


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def latency(folder, server, options):
    pipeline = Pipeline("latency", folder, server)
    pipeline.spillway.run("sync", "latency")
    seconds = 300 if options.full else 30
    commits = [pipeline.prepare(ROWS_MAX) for _ in range(seconds * COMMITS_PER_SECOND)]
    history = History(Control(server), f"{DATABASE}/latency")
    process = pipeline.spillway.start("sync", "latency", "--continuous")
    time.sleep(2)
    visible, late_ms = {}, []
    begun = time.time() + 0.1
    for number, (hidden, _) in enumerate(commits):
        due = begun + number / COMMITS_PER_SECOND
        time.sleep(max(0, due - time.time()))
        show_commit(hidden)
        visible[number + 1] = time.time() * 1000
        late_ms.append(visible[number + 1] - due * 1000)
    newest = pipeline.table.version
    wait_until(lambda: pipeline.version() == newest, "the end", SETTLED_SECONDS_MAX)
    stop(process)
    pipeline.check()
    first_seen, last_of = {}, {}
    for write in history.new():
        version = write["document"]["v"]
        waited = write["time_ms"] - visible[version]
        first_seen.setdefault((write["id"], version), waited)
        last_of[version] = max(last_of.get(version, 0), waited)
    documents, whole = list(first_seen.values()), list(last_of.values())
    print(f"\n| {len(commits):,} commits of 1 to {ROWS_MAX:,} rows, {COMMITS_PER_SECOND} per"
          f" second, open loop, {seconds} s | p50 ms | p99 ms | worst ms |\n|---|---|---|---|")
    for name, values in (("commit visible → document visible", documents),
                         ("commit visible → its last document visible", whole)):
        print(f"| {name} ({len(values):,}) | {percentile(values, 0.5):.0f} |"
              f" {percentile(values, 0.99):.0f} | {max(values):.0f} |")
    print(f"| the writer behind its own schedule | {percentile(late_ms, 0.5):.0f} |"
          f" {percentile(late_ms, 0.99):.0f} | {max(late_ms):.0f} |")
    superseded = sum(count for _, count in commits) - len(documents)
    print(f"\n{superseded:,} documents were superseded by a later commit before they were written.")


def backlog(folder, server, options):
    pipeline = Pipeline("backlog", folder, server)
    pipeline.spillway.run("sync", "backlog")
    hidden = [pipeline.prepare(BACKLOG_ROWS_MAX)[0] for _ in range(options.commits)]
    for commit in hidden:
        show_commit(commit)
    begun = time.perf_counter()
    summary = pipeline.spillway.json("sync", "backlog")
    seconds = time.perf_counter() - begun
    pipeline.check()
    print(f"\n| backlog | s | commits/s | documents written |\n|---|---|---|---|\n| {len(hidden):,}"
          f" commits of 1 to {BACKLOG_ROWS_MAX} rows | {seconds:.1f} |"
          f" {len(hidden) / seconds:,.0f} | {summary['counts']['upserted']:,} |")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def requests_per_second(pid):
    """Calls on the log's folder in a second, as the kernel counts them; None without strace."""
    words = ["timeout", "2", "strace", "-f", "-e", "trace=file,getdents64", "-p", str(pid)]
    try:
        seen = subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return sum("_delta_log" in line for line in seen.stderr.splitlines()) / 2


def idle(folder, server, options):
    print("\n| idle, versions in the log | CPU ms per second of `--continuous` | calls on the log"
          " per second | `sync`, ms (median of 5) |\n|---|---|---|---|")
    for versions in (10, 1_000, 100_000 if options.full else 10_000):
        pipeline = Pipeline(f"idle{versions}", folder, server)
        for _ in range(versions):
            pipeline.table.commit([])
        pipeline.spillway.run("sync", pipeline.name)
        batch = []
        for _ in range(5):
            begun = time.perf_counter()
            pipeline.spillway.run("sync", pipeline.name)
            batch.append((time.perf_counter() - begun) * 1000)
        process = pipeline.spillway.start("sync", pipeline.name, "--continuous")
        time.sleep(2)
        before = cpu_seconds(process.pid)
        time.sleep(IDLE_SECONDS)
        cpu = (cpu_seconds(process.pid) - before) / IDLE_SECONDS * 1000
        calls = requests_per_second(process.pid)
        stop(process)
        print(f"| {versions:,} | {cpu:.1f} | {'' if calls is None else f'{calls:.0f}'} |"
              f" {statistics.median(batch):.0f} |", flush=True)


PARTS = {"latency": latency, "backlog": backlog, "idle": idle}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--full", action="store_true", help="5 minutes; 100,000 versions")
    parser.add_argument("--commits", type=int, default=BACKLOG_COMMITS, help="of the backlog")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    options = parser.parse_args()
    os.environ["SPILLWAY_BIN"] = options.bin
    with tempfile.TemporaryDirectory(prefix="spillway-bench-") as root:
        for part in options.parts or PARTS:
            folder = pathlib.Path(root) / part
            words = ["--throughput", "unlimited", "--control-port", "0"]
            with Emulator(folder / "server", *words) as server:
                PARTS[part](folder, server, options)


if __name__ == "__main__":
    main()

"""Runs the cases of cases.py by the well-known tutorial's way and by Spillway, and compares both
with the table as delta-rs reads it.

tutorial.py [--output FILE]: prints the table of docs/compared.md; exit code 1 when Spillway is
wrong.

The tutorial's way: load the table, keep the version by hand, read the change data feed from there,
and append what it has with the Spark connector. The feed is read by delta-rs, since the connector
that can be had is made for Spark 3.1, and handed over as Parquet files. Needs SPILLWAY_BIN and what
`tools/setup/setup.sh env` prints.
"""

import json
import os
import pathlib
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "e2e"))

from azure.cosmos import CosmosClient, PartitionKey  # noqa: E402
from azure.cosmos.documents import SSLConfiguration  # noqa: E402
from control import Control, history  # noqa: E402
from deltalake import DeltaTable, write_deltalake  # noqa: E402
from programs import Emulator, Spillway, cosmos_connection  # noqa: E402

from cases import CASES, ROWS, rows  # noqa: E402
from table import print_table  # noqa: E402

DATABASE = "compared"
FEED_COLUMNS = ("_change_type", "_commit_version", "_commit_timestamp")
# Spark 3.1 reads neither unsigned integers nor times without a zone.
SPARK_TYPES = {"_commit_version": pa.int64(), "_commit_timestamp": pa.timestamp("us", "UTC")}
FEED_ON = {"delta.enableChangeDataFeed": "true"}
SPARK_SECONDS_MAX = 600


class Comparison:
    """A lake, a server, and two containers for each case: `NAME-tutorial` and `NAME-spillway`."""

    def __init__(self, folder: pathlib.Path, server: Emulator):
        self.folder = folder
        self.server = server
        trust = SSLConfiguration()
        trust.SSLCaCerts = server.certificate
        client = CosmosClient(server.endpoint, server.key, ssl_config=trust)
        self.database = client.create_database(DATABASE)
        for case in CASES:
            for way in ("tutorial", "spillway"):
                self.database.create_container(f"{case.name}-{way}", PartitionKey("/category"))
        self.spillway = Spillway(folder, {"COSMOS_KEY": server.key})
        (folder / "spillway.yaml").write_text(json.dumps(self.project()))

    def project(self) -> dict:
        shop = cosmos_connection(self.server, DATABASE)
        pipelines = {
            case.name: {"source": {"connection": "lake", "table": case.name},
                        "destination": {"connection": "shop", "container": f"{case.name}-spillway",
                                        "id": "id", "partition_key": "/category"},
                        "sync": {"delete_guard": "off"}}
            for case in CASES
        }
        lake = {"type": "delta", "root": str(self.folder / "lake")}
        return {"version": 1, "connections": {"lake": lake, "shop": shop}, "pipelines": pipelines}

    def path(self, case) -> str:
        return str(self.folder / "lake" / case.name)

    def parquet(self, name: str, table) -> str:
        path = self.folder / f"{name}.parquet"
        for at, field in enumerate(table.schema):
            if field.name in SPARK_TYPES:
                cast = table.column(at).cast(SPARK_TYPES[field.name])
                table = table.set_column(at, field.name, cast)
        pq.write_table(table, path)
        return str(path)

    def run_case(self, case) -> list[dict]:
        """Makes and changes the table, with Spillway in step; returns what Spark has to write."""
        path, container = self.path(case), f"{case.name}-tutorial"
        write_deltalake(path, rows(0, ROWS), configuration=FEED_ON)
        loaded = self.parquet(f"{case.name}-load", DeltaTable(path).to_pyarrow_table())
        self.spillway.run("sync", case.name)
        if case.unseen:
            case.unseen(path)
        first = DeltaTable(path).version() + 1  # what DESCRIBE HISTORY says when the load is done
        case.change(path)
        self.spillway.run("sync", case.name)
        feed = pa.table(DeltaTable(path).load_cdf(starting_version=first).read_all())
        changes = self.parquet(f"{case.name}-feed", feed)
        return [{"container": container, "parquet": parquet} for parquet in (loaded, changes)]

    def run_spark(self, writes: list[dict]) -> None:
        job = {"endpoint": self.server.endpoint, "key": self.server.key, "database": DATABASE,
               "certificate": self.server.certificate, "folder": str(self.folder),
               "writes": writes}
        (self.folder / "job.json").write_text(json.dumps(job))
        words = [os.environ["SPILLWAY_CONNECTOR_PYTHON"], str(FOLDER / "spark_job.py"),
                 str(self.folder / "job.json")]
        subprocess.run(words, check=True, timeout=SPARK_SECONDS_MAX, stdout=subprocess.DEVNULL)

    def documents(self, container: str) -> list[dict]:
        return list(self.database.get_container_client(container).read_all_items())

    def truth(self, case) -> dict[tuple, dict]:
        table = DeltaTable(self.path(case)).to_pyarrow_table().to_pylist()
        return {(row["category"], row["id"]): row for row in table}

    def charge(self, container: str) -> float:
        """Of all writes, the load's included."""
        writes = history(Control(self.server), f"{DATABASE}/{container}")
        return sum(write["charge"] for write in writes)


def differences(documents: list[dict], truth: dict[tuple, dict]) -> list[str]:
    """What is wrong with a container, in words; empty when it equals the table."""
    found = {(document["category"], document["id"]): document for document in documents}
    wrong = [key for key in found.keys() & truth.keys()
             if any(found[key].get(name) != value for name, value in truth[key].items())]
    marked = [key for key, document in found.items() if any(c in document for c in FEED_COLUMNS)]
    counts = [(len(truth.keys() - found.keys()), "missing"),
              (len(found.keys() - truth.keys()), "that the table does not have"),
              (len(wrong), "with an old value"),
              (len(marked), "with the feed's own columns in them")]
    return [f"{count} {what}" for count, what in counts if count]


def compare(folder: pathlib.Path) -> tuple[list[str], bool]:
    """The lines of the table, and whether Spillway was right in every case."""
    lines = ["| what happened to the table | documents | the tutorial's way | RU | Spillway | RU |",
             "|---|---|---|---|---|---|"]
    right = True
    with Emulator(folder / "server", "--control-port", "0", "--throughput", "unlimited") as server:
        Control(server).ask("POST", "/history", {"enabled": True})
        comparison = Comparison(folder, server)
        comparison.run_spark([write for case in CASES for write in comparison.run_case(case)])
        for case in CASES:
            truth = comparison.truth(case)
            line = f"| {case.title} | {len(truth)} "
            for way in ("tutorial", "spillway"):
                container = f"{case.name}-{way}"
                wrong = differences(comparison.documents(container), truth)
                right = right and not (wrong and way == "spillway")
                line += f"| {'; '.join(wrong) or 'equal'} | {comparison.charge(container):,.0f} "
            lines.append(line + "|")
    return lines, right


if __name__ == "__main__":
    sys.exit(print_table(__doc__, compare))

"""The tutorial's script on Spark 3.5 in two ways: as it is, and with the official connector in the
places where documents are written, as the well-known tutorial has it. Both containers are compared
with the tables.

tutorial_script.py [--output FILE]: prints a table of docs/compared.md; exit code 1 when Spillway
is wrong. Step 7, which reads back, is left out of both: the connector that can be had is made for
Spark 3.1, writes from 3.5 and does not read there. Needs SPILLWAY_BIN and what
`tools/setup/setup.sh env` prints.
"""

import json
import os
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
ROOT = FOLDER.parent.parent
sys.path.insert(0, str(ROOT / "test/e2e"))

from azure.cosmos import PartitionKey  # noqa: E402
from conftest import official_client  # noqa: E402
from control import Control, history  # noqa: E402
from deltalake import DeltaTable  # noqa: E402
from documents import with_epoch_times  # noqa: E402
from programs import Emulator  # noqa: E402

from table import print_table  # noqa: E402
from tutorial import differences  # noqa: E402

SCRIPT = ROOT / "examples/spark/tutorial.py"
DATABASE, CONTAINER = "cosmicworks", "products"
STEP_7 = "# %% [markdown]\n# ## 7."
SAVE = '.format("cosmos.oltp").mode("append").options(**cosmos_config).save()'
# Ours, and what the well-known tutorial has there.
REPLACED = [
    ("import spillway.spark\n", ""),
    ("print(spillway.spark.write(products, cosmos_config))", f"products.write{SAVE}"),
    ("print(spillway.spark.apply_changes(changes, cosmos_config))", f"changes.write{SAVE}"),
    ("spillway.spark.apply_changes(feed.table(table), cosmos_config)",
     'feed.table(table).writeStream.format("cosmos.oltp").options(**cosmos_config)'),
]
SECONDS_MAX = 900


def our_script() -> str:
    return SCRIPT.read_text(encoding="utf-8").split(STEP_7)[0]


def their_script() -> str:
    text = our_script()
    for ours, theirs in REPLACED:
        if text.count(ours) != 1:
            raise ValueError(f"the tutorial has {text.count(ours)} times: {ours}")
        text = text.replace(ours, theirs)
    return text


class Way:
    """One of the two: a database, a folder and a session of its own."""

    def __init__(self, name: str, script: str, server, folder: pathlib.Path):
        self.name, self.script, self.server, self.folder = name, script, server, folder
        self.database = f"{DATABASE}-{name}"
        self.settings = {"spark.cosmos.database": self.database}
        self.trusted = None  # a certificate, by the JVM
        self.jars = sorted(pathlib.Path(os.environ["SPILLWAY_SPARK_3_5_JARS"]).glob("*.jar"))
        self.session = {
            "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
            "spark.sql.shuffle.partitions": "2", "spark.ui.enabled": "false",
            "spark.databricks.delta.snapshotPartitions": "2",
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.sql.warehouse.dir": str(folder / "spark-warehouse"),
        }
        folder.mkdir()
        client = official_client(server).create_database(self.database)
        self.container = client.create_container(CONTAINER, PartitionKey("/category"))

    def run(self) -> dict:
        job = {"script": self.script, "settings": self.settings, "result": "result.json",
               "trusted": self.trusted,
               "session": {**self.session, "spark.jars": ",".join(map(str, self.jars))}}
        (self.folder / "job.json").write_text(json.dumps(job))
        python = os.environ["SPILLWAY_SPARK_3_5_PYTHON"]
        library = pathlib.Path(os.environ["SPILLWAY_BIN"]).parent / "lib/libspillway.so"
        environment = {**os.environ, "COSMOS_ENDPOINT": self.server.endpoint,
                       "COSMOS_KEY": self.server.key, "PYSPARK_PYTHON": python,
                       "PYTHONPATH": str(ROOT / "python"), "SPILLWAY_LIBRARY": str(library)}
        words = [python, str(FOLDER / "script_run.py"), "job.json"]
        with (self.folder / "log").open("w") as log:
            done = subprocess.run(words, cwd=self.folder, env=environment, stdout=log, stderr=log,
                                  timeout=SECONDS_MAX, check=False)
        if done.returncode != 0:
            raise RuntimeError((self.folder / "log").read_text()[-4_000:])
        return json.loads((self.folder / "result.json").read_text())

    def wrong(self) -> list[str]:
        return differences(list(self.container.read_all_items()), self.truth())

    def truth(self) -> dict[tuple, dict]:
        table = DeltaTable(str(self.folder / "spark-warehouse" / CONTAINER)).to_pyarrow_table()
        return {(row["category"], row["id"]): with_epoch_times(row) for row in table.to_pylist()}

    def line(self, title: str, took: dict) -> str:
        writes = history(Control(self.server), f"{self.database}/{CONTAINER}")
        charge = sum(write["charge"] for write in writes)
        documents = len(list(self.container.read_all_items()))
        return (f"| {title} | {len(self.truth()):,} | {documents:,} | "
                f"{'; '.join(self.wrong()) or 'equal'} | {charge:,.0f} | "
                f"{took['cpu_seconds']:.0f} s |")


def connectors_way(server, folder: pathlib.Path) -> Way:
    way = Way("connector", their_script(), server, folder)
    way.settings["spark.cosmos.useGatewayMode"] = "true"
    way.jars += pathlib.Path(os.environ["SPILLWAY_CONNECTOR_JARS"]).glob("azure-cosmos-spark*.jar")
    way.trusted = server.certificate
    return way


def our_way(server, folder: pathlib.Path) -> Way:
    way = Way("spillway", our_script(), server, folder)
    way.settings["spillway.caFile"] = server.certificate
    return way


def compare(folder: pathlib.Path) -> tuple[list[str], bool]:
    """The lines of the table, and whether Spillway was right."""
    lines = ["| | rows | documents | wrong | RU | CPU |", "|---|---|---|---|---|---|"]
    with Emulator(folder / "server", "--control-port", "0", "--throughput", "unlimited") as server:
        Control(server).ask("POST", "/history", {"enabled": True})
        theirs = connectors_way(server, folder / "connector")
        lines.append(theirs.line("the connector", theirs.run()))
        ours = our_way(server, folder / "spillway")
        lines.append(ours.line("Spillway", ours.run()))
        return lines, not ours.wrong()


if __name__ == "__main__":
    sys.exit(print_table(__doc__, compare))

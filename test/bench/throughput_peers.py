"""How clients keep a limit of 30 % of a container's throughput: one server, the same documents.

throughput_peers.py --bin FOLDER [--seconds N] [spillway|java|spark ...]

  spillway  a load with `limit: 30%`
  java      azure-cosmos 4.81.0: upserts in a global throughput control group, gateway mode
  spark     PySpark 3.1 and the Cosmos DB connector 4.11.1, gateway mode, bulk, a global group

What they spent is what the server charged, second by second of its own clock (test/e2e/meter.py);
from the first write to the last. Of the control containers nothing is counted.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from azure.cosmos import PartitionKey  # noqa: E402
from bench import make_table  # noqa: E402
from conftest import official_client  # noqa: E402
from control import Control, History  # noqa: E402
from meter import Meter, Ticker, Void  # noqa: E402
from programs import Emulator, Spillway, cosmos_connection  # noqa: E402

DATABASE = "bench"
CONTROL = "control"
PROVISIONED = 20_000
SHARE = 0.30
LIMIT = PROVISIONED * SHARE
UNITS_OF_DOCUMENT = 8.0  # of an M document, about
WRITERS = 32
TRUST = "-DCOSMOS.EMULATOR_SERVER_CERTIFICATE_VALIDATION_DISABLED=true"
SECONDS_MAX = 600


class Clients:
    def __init__(self, server, folder, seconds):
        self.server = server
        self.folder = folder
        self.seconds = seconds
        self.table = make_table("M", int(LIMIT * seconds / UNITS_OF_DOCUMENT), folder / "lake")
        self.database = official_client(server).create_database(DATABASE)
        self.database.create_container(
            CONTROL, PartitionKey("/groupId"), default_ttl=-1, offer_throughput=1_000
        )

    def spillway(self, container):
        project = {
            "version": 1,
            "connections": {
                "lake": {"type": "delta", "root": str(self.folder / "lake")},
                "shop": cosmos_connection(self.server, DATABASE),
            },
            "pipelines": {
                "p": {
                    "source": {"connection": "lake", "table": self.table},
                    "destination": {"connection": "shop", "container": container, "id": "id",
                                    "partition_key": "/id"},
                    "throughput": {"limit": "30%"},
                }
            },
        }
        (self.folder / "spillway.yaml").write_text(json.dumps(project))
        spillway = Spillway(self.folder, {"COSMOS_KEY": self.server.key})
        spillway.run("sync", "p", seconds_max=SECONDS_MAX)

    def java(self, container):
        jars = os.environ["SPILLWAY_CLIENT_JARS"] + "/*"
        source = HERE.parent / "clients/java"
        classes = self.folder / "classes"
        sources = [str(source / "GroupMember.java"), str(source / "Checks.java")]
        subprocess.run(["javac", "-nowarn", "-d", str(classes), "-cp", jars, *sources], check=True)
        words = ["java", TRUST, "-cp", f"{classes}:{jars}", "GroupMember", self.server.endpoint,
                 self.server.key, DATABASE, container, CONTROL, "java", str(int(LIMIT)),
                 str(WRITERS)]
        client = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.seconds + 10)  # its start included
        client.kill()
        client.wait()

    def spark(self, container):
        words = [os.environ["SPILLWAY_CONNECTOR_PYTHON"], str(HERE / "peers/spark_connector.py")]
        words += ["--endpoint", self.server.endpoint, "--key", self.server.key]
        words += ["--database", DATABASE, "--container", container, "--rows", "100000000"]
        words += ["--ca-file", self.server.certificate, "--threshold", str(SHARE)]
        words += ["--control-container", CONTROL, str(self.folder / "lake" / self.table)]
        environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"}
        subprocess.run(words, check=True, capture_output=True, env=environment,
                       timeout=SECONDS_MAX)


def measured(name, clients, control):
    container = f"of-{name}"
    clients.database.create_container(container, PartitionKey("/id"), offer_throughput=PROVISIONED)
    history = History(control, f"{DATABASE}/{container}")
    before = control.ask("GET", "/")["throttled"]
    with Ticker() as ticker:
        getattr(clients, name)(container)
    meter = Meter(history.new(), ticker)
    throttled = control.ask("GET", "/")["throttled"] - before
    try:
        dearest = meter.dearest_second()
    except Void:
        meter.late_ms = []
        dearest = meter.dearest_second()
    seconds = [meter.spent(at, at + 1) for at in range(2, int(meter.seconds) - 1)]
    over = sum(second > 1.02 * LIMIT for second in seconds) / max(len(seconds), 1)
    used = sum(seconds) / max(len(seconds), 1)
    print(f"| {name} | {dearest:,.0f} | {dearest / LIMIT:.2f} | {used:,.0f} | {used / LIMIT:.2f} "
          f"| {over:.0%} | {throttled} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("clients", nargs="*", default=["spillway", "java", "spark"])
    options = parser.parse_args()
    os.environ["SPILLWAY_BIN"] = options.bin
    print(f"{PROVISIONED:,} RU/s provisioned, {SHARE:.0%} of it allowed: {LIMIT:,.0f} RU/s.\n\n"
          "| client | dearest second, RU/s | of the limit | used after 2 s, RU/s | of the limit "
          "| seconds over 1.02 of it | throttled requests |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="spillway-bench-") as work:
        folder = pathlib.Path(work)
        with Emulator(folder / "server", "--control-port", "0") as server:
            clients = Clients(server, folder, options.seconds)
            for name in options.clients:
                measured(name, clients, Control(server))


if __name__ == "__main__":
    main()

"""A throughput control group of Spillway and azure-cosmos for Java, on one container.

Spillway begins alone, the Java client joins, both go on, the Java client is killed. Judged by the
server's history and the items of the control container: Spillway never spends more than the share
that the group's protocol allots to it (its load factor by the sum of all), and has everything again
within the group's expiry.
"""

import os
import pathlib
import subprocess
import time

import pyarrow as pa
import yaml
from deltalake import write_deltalake

from conftest import official_client
from control import Control, History
from harness import Context, Emulator, Score, run_program
from meter import Meter, Ticker
from programs import Spillway, cosmos_connection, wait_until

JAVA = pathlib.Path(__file__).resolve().parent.parent / "java"
TRUST = "-DCOSMOS.EMULATOR_SERVER_CERTIFICATE_VALIDATION_DISABLED=true"
COMPILE_SECONDS_MAX = 300
JOIN_SECONDS_MAX = 120
STOP_SECONDS_MAX = 60
CHECKS = 5
LIMIT = 2_000
PROVISIONED = 20_000
WRITERS = 16
EXPIRY_SECONDS = 11  # of a client item, from its last renewal
LOOK_SECONDS = 1.5  # until an expired item is missed, and one second of full use is over
OVERSHOOT = 1.05  # a limit below 5,000 RU/s: one document of each lane that is charged late
UNDER = 0.93
ROWS = 60_000


class Group:
    def __init__(self, context: Context, server: Emulator):
        self.server = server
        self.folder = context.work
        self.control = Control(server)
        self.database = official_client(server).create_database("shop")
        from azure.cosmos import PartitionKey

        self.database.create_container("orders", PartitionKey("/id"), offer_throughput=PROVISIONED)
        self.database.create_container("control", PartitionKey("/groupId"), default_ttl=-1,
                                       offer_throughput=400)
        self.history = History(self.control, "shop/orders")
        self.writes = []
        self.samples = []  # (time, load factors of ours, of theirs)

    def configure(self) -> Spillway:
        ids = [f"s{n:07}" for n in range(ROWS)]
        write_deltalake(str(self.folder / "orders"), pa.table({"id": ids, "n": list(range(ROWS))}))
        group = {"name": "loaders", "connection": "shop", "container": "control"}
        project = {
            "version": 1,
            "connections": {
                "lake": {"type": "delta", "root": str(self.folder)},
                "shop": cosmos_connection(self.server, "shop"),
            },
            "pipelines": {
                "p": {
                    "source": {"connection": "lake", "table": "orders"},
                    "destination": {"connection": "shop", "container": "orders", "id": "id",
                                    "partition_key": "/id"},
                    "throughput": {"limit": LIMIT, "group": group},
                }
            },
        }
        (self.folder / "spillway.yaml").write_text(yaml.safe_dump(project))
        return Spillway(self.folder, {"COSMOS_KEY": self.server.key})

    def start_java(self, classes: pathlib.Path, jars: str) -> subprocess.Popen:
        words = ["java", TRUST, "-cp", f"{classes}:{jars}", "GroupMember", self.server.endpoint,
                 self.server.key, "shop", "orders", "control", "loaders", str(LIMIT), str(WRITERS)]
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)

    def look(self):
        """The load factors in the control container, and what was charged so far."""
        control = self.database.get_container_client("control")
        items = control.query_items("SELECT * FROM c", partition_key="shop/orders/loaders.client")
        ours, theirs = [], []
        for item in items:
            (ours if "spillway" in item else theirs).append(item["loadFactor"])
        self.writes += self.history.new()
        if self.writes:
            self.samples.append((self.writes[-1]["time_ms"], sum(ours), sum(theirs)))
        return ours, theirs

    def look_for(self, seconds: float):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.1)

    def of(self, prefix: str) -> list:
        return [write for write in self.writes if write["id"].startswith(prefix)]


def java_began(group: Group) -> bool:
    group.look()
    return bool(group.of("java"))


def measure(group: Group, spillway: Spillway, classes, jars) -> dict:
    """What happened, as moments (ms of the server) and meters."""
    loader = spillway.start("sync", "p")
    try:
        return follow(group, loader, classes, jars)
    finally:
        loader.terminate()
        loader.communicate(timeout=STOP_SECONDS_MAX)


def follow(group: Group, loader, classes, jars) -> dict:
    with Ticker() as ticker:
        wait_until(lambda: group.look() and group.of("s"), "Spillway's first writes", 60)
        group.look_for(4)
        java = group.start_java(classes, jars)
        try:
            wait_until(lambda: java_began(group), "the Java client's first writes",
                       JOIN_SECONDS_MAX)
            joined_ms = group.writes[-1]["time_ms"]
            group.look_for(12)  # two renewals of theirs
        finally:
            java.kill()
            java.wait()
        group.look()
        killed_ms = group.writes[-1]["time_ms"]
        group.look_for(EXPIRY_SECONDS + 6)
        assert loader.poll() is None, "Spillway has ended too early"
    return {"joined_ms": joined_ms, "killed_ms": killed_ms,
            "meter": Meter(group.of("s"), ticker), "writes": group.writes}


def checks(group: Group, seen: dict) -> dict:
    """Name -> None, or why not."""
    meter = seen["meter"]
    at = lambda ms: (ms - meter.start_ms) / 1000
    joined, killed, end = at(seen["joined_ms"]), at(seen["killed_ms"]), meter.seconds
    loads = [(ours, theirs) for ms, ours, theirs in group.samples
             if seen["joined_ms"] < ms < seen["killed_ms"] and theirs]
    share = max(ours / (ours + theirs) for ours, theirs in loads) if loads else 0
    short = [s / 100 for s in range(int(killed * 100), int((end - 1) * 100))
             if meter.spent(s / 100, s / 100 + 1) < UNDER * LIMIT and not meter.disturbed(s)]
    back = short[-1] - killed if short else 0
    settled = joined + LOOK_SECONDS
    java = sum(w["charge"] for w in group.of("java"))
    held = meter.dearest_second(settled, killed - 1)
    used = meter.rate(settled, killed)
    alone = meter.rate(1, at(group.samples[0][0]) + 4)
    print(f"alone {alone:.0f} RU/s; beside the Java client allotted {share:.3f}, "
          f"used {used:.0f} RU/s, dearest second {held:.0f}; {java:.0f} RU of theirs; "
          f"all back {back:.1f} s after the kill")
    good = lambda holds, text: None if holds else text
    return {
        "alone, Spillway has the whole limit": good(alone >= UNDER * LIMIT, f"{alone:.0f} RU/s"),
        "the clients see each other": good(0.3 < share < 0.95 and java > 0, f"{loads[-3:]}"),
        "Spillway stays within its share": good(held <= OVERSHOOT * share * LIMIT,
                                                f"{held:.0f} of {share:.3f} x {LIMIT}"),
        "Spillway uses its share": good(used >= 0.85 * share * LIMIT, f"{used:.0f} RU/s"),
        "a dead client's share is back within the expiry": good(
            back <= EXPIRY_SECONDS + LOOK_SECONDS, f"{back:.1f} s"),
    }


def run(context: Context) -> list[Score]:
    jars = os.environ["SPILLWAY_CLIENT_JARS"] + "/*"
    classes = context.work / "classes"
    sources = [str(JAVA / "GroupMember.java"), str(JAVA / "Checks.java")]
    compiled = run_program(["javac", "-nowarn", "-d", str(classes), "-cp", jars, *sources],
                           COMPILE_SECONDS_MAX)
    if compiled.returncode != 0:
        return [Score("group with java", 0, CHECKS, failures=[compiled.stderr])]
    with Emulator(context.work / "server", "--control-port", "0") as server:
        group = Group(context, server)
        found = checks(group, measure(group, group.configure(), classes, jars))
    failures = [f"{name}: {why}" for name, why in found.items() if why]
    return [Score("group with java", len(found) - len(failures), CHECKS, failures=failures)]

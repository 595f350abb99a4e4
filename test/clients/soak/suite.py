"""A long day for the server: bulk and point writes, reads, queries, the change feed, deletes,
containers that come and go. The documents stay as many as they are, so its memory must stay flat.

20 seconds in the smaller run; 40 minutes with --full, or SPILLWAY_SOAK_SECONDS.
"""

import itertools
import json
import os
import pathlib
import time

from azure.cosmos import CosmosClient, PartitionKey

from harness import Context, Emulator, Score, run_program

SECONDS = 20
SECONDS_FULL = 2400
WARM_UP_SHARE = 0.2
# The allocator's own ups and downs; a leak of one document of a thousand is above them in minutes.
GROWTH_MAX = 1.05
GROWTH_MIB = 6
DOCUMENTS = 20_000
WRITES_PER_ROUND = {"bulk": 40_000, "point": 4_000, "read": 4_000}
ITEMS = 200
LOAD_SECONDS_MAX = 120


def memory_mib(pid: int) -> float:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def generate(server: Emulator, mode: str) -> None:
    """The load generator's part of a round; every answer must be a success."""
    build = pathlib.Path(os.environ["SPILLWAY_BIN"]).parent
    port = server.http_endpoint.rstrip("/").rsplit(":", 1)[1]
    words = [str(build / "emulator/bench/spillway-emulator-load"), "--mode", mode, "--port", port,
             "--pid", str(server.process.pid), "--documents", str(WRITES_PER_ROUND[mode]),
             "--distinct", str(DOCUMENTS)]
    done = run_program(words, LOAD_SECONDS_MAX)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failed"] == 0, done.stdout


def use_items(database, number: int) -> None:
    """A container of its own that is written, asked, followed, emptied in part, and dropped."""
    container = database.create_container(f"round{number}", PartitionKey("/pk"))
    for item in range(ITEMS):
        container.upsert_item({"id": str(item), "pk": str(item % 7), "v": number, "ttl": 3600})
    asked = container.query_items("SELECT VALUE COUNT(1) FROM c WHERE c.v = @v", partition_key="1",
                                  parameters=[{"name": "@v", "value": number}])
    assert list(asked) == [len(range(1, ITEMS, 7))]
    assert len(list(container.query_items_change_feed(start_time="Beginning"))) == ITEMS
    for item in range(0, ITEMS, 3):
        container.delete_item(str(item), str(item % 7))
    assert len(list(container.read_all_items())) == ITEMS - len(range(0, ITEMS, 3))
    database.delete_container(container)


def grown(memory: list[float], warm_up: float) -> bool:
    settled = memory[: max(1, int(len(memory) * warm_up))]
    return max(memory) > max(settled) * GROWTH_MAX + GROWTH_MIB


def run(context: Context) -> list[Score]:
    seconds = float(os.environ.get("SPILLWAY_SOAK_SECONDS")
                    or (SECONDS_FULL if context.full else SECONDS))
    memory = []
    with Emulator(context.work / "server", "--throughput", "unlimited", "--ranges", "4") as server:
        client = CosmosClient(server.http_endpoint, server.key)
        database = client.create_database("soak")
        end = time.monotonic() + seconds
        for number in itertools.count():
            for mode in WRITES_PER_ROUND:
                generate(server, mode)
            use_items(database, number)
            memory.append(memory_mib(server.process.pid))
            if time.monotonic() > end and len(memory) >= 5:
                break
    print(f"soak: {len(memory)} rounds in {seconds:.0f} s, {memory[0]:.0f} MiB after the first, "
          f"{max(memory):.0f} at most, {memory[-1]:.0f} at the end")
    failures = ["the server's memory grows"] if grown(memory, WARM_UP_SHARE) else []
    return [Score("soak", int(not failures), 1, failures=failures)]

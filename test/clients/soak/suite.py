"""A long day for the server: bulk and point writes, reads, queries, the change feed, deletes,
containers that come and go. The documents stay as many as they are, so its memory must stay flat.

20 seconds in the smaller run; an hour with --full, or SPILLWAY_SOAK_SECONDS. When it breaks off, it
says how the server is: alive or how it ended, its memory, its last words.
"""

import itertools
import json
import os
import pathlib
import signal
import time

from azure.cosmos import CosmosClient, PartitionKey

from harness import Context, Emulator, Score, run_program

SECONDS = 20
SECONDS_FULL = 3600
WARM_UP_SHARE = 0.2
# The allocator's own ups and downs; a leak of one document of a thousand is above them in minutes.
GROWTH_MAX = 1.05
GROWTH_MIB = 6
DOCUMENTS = 20_000
WRITES_PER_ROUND = {"bulk": 40_000, "point": 4_000, "read": 4_000}
ITEMS = 200
LOAD_SECONDS_MAX = 120
ROUNDS_MIN = 5
SECONDS_BETWEEN_REPORTS = 300
LOG_SHOWN = 2000


def status_number(pid: int, name: str) -> int:
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def memory_mib(pid: int) -> float:
    return status_number(pid, "VmRSS") / 1024


def state_of(server: Emulator) -> str:
    """Whether the server lives, or what ended it; and its last words."""
    code = server.process.poll()
    if code is None:
        pid = server.process.pid
        files = len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))
        state = (f"the server is alive: {memory_mib(pid):.0f} MiB, "
                 f"{status_number(pid, 'VmHWM') / 1024:.0f} at most, {files} files open, "
                 f"{status_number(pid, 'Threads')} threads")
    else:
        ended = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        state = f"the server has ended with {ended}"
    return f"{state}; its log: {server.log.read_text()[-LOG_SHOWN:].strip() or 'empty'}"


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


def live(server: Emulator, seconds: float, memory: list[float]) -> None:
    """Round after round; `memory` gets the server's after each."""
    client = CosmosClient(server.http_endpoint, server.key)
    database = client.create_database("soak")
    begun = reported = time.monotonic()
    for number in itertools.count():
        for mode in WRITES_PER_ROUND:
            generate(server, mode)
        use_items(database, number)
        memory.append(memory_mib(server.process.pid))
        now = time.monotonic()
        if now - reported > SECONDS_BETWEEN_REPORTS:
            print(f"soak: round {number}, {now - begun:.0f} s, {memory[-1]:.0f} MiB", flush=True)
            reported = now
        if now - begun > seconds and len(memory) >= ROUNDS_MIN:
            return


def run(context: Context) -> list[Score]:
    seconds = float(os.environ.get("SPILLWAY_SOAK_SECONDS")
                    or (SECONDS_FULL if context.full else SECONDS))
    memory: list[float] = []
    failures = []
    begun = time.monotonic()
    with Emulator(context.work / "server", "--throughput", "unlimited", "--ranges", "4") as server:
        try:
            live(server, seconds, memory)
        # Whatever broke it off, the server's state is what tells why.
        except Exception as error:  # pylint: disable=broad-except
            lasted = time.monotonic() - begun
            failures.append(f"broke off in round {len(memory)}, after {lasted:.0f} s: {error}; "
                            f"{state_of(server)}")
    if memory:
        print(f"soak: {len(memory)} rounds in {time.monotonic() - begun:.0f} s, "
              f"{memory[0]:.0f} MiB after the first, {max(memory):.0f} at most, "
              f"{memory[-1]:.0f} at the end")
    if not failures and grown(memory, WARM_UP_SHARE):
        failures.append("the server's memory grows")
    return [Score("soak", int(not failures), 1, failures=failures)]

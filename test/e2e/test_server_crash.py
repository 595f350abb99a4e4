"""The persistent server is killed while it writes: nothing that it acknowledged may be lost."""

import http.client
import json
import random
import signal
import threading
import time

import pytest

from lake import FULL
from programs import Emulator
from signed_http import SignedConnection

KILLS = 100 if FULL else 8
WRITERS = 4
KEYS_OF_WRITER = 40
SECONDS_MAX = 0.4
SEED = 20_261
LINK = "dbs/d/colls/c"
THROUGHPUT = ("--throughput", "unlimited", "--ranges", "1")
BROKEN = (OSError, http.client.HTTPException, json.JSONDecodeError)


class Writer:
    """Writes its own documents, one request after the other, until the connection breaks.

    `known` is what was acknowledged: id -> value, None where there is no document. `unsure` is what
    the request that was never answered may have made of it.
    """

    def __init__(self, number: int, rng: random.Random):
        self.number = number
        self.rng = rng
        self.ids = [f"w{number}-{i}" for i in range(KEYS_OF_WRITER)]
        self.known = dict.fromkeys(self.ids)
        self.unsure = {}
        self.atomic = False
        self.acknowledged = 0
        self.refusal = None  # an answer that was no success
        self.value = 0

    @property
    def pk(self) -> str:
        return f"pk{self.number}"

    def document(self, item_id: str) -> dict:
        self.value += 1
        text = "x" * self.rng.randrange(300)
        return {"id": item_id, "pk": self.pk, "value": self.value, "text": text}

    def run(self, endpoint: str, key: str) -> None:
        connection = SignedConnection(endpoint, key)
        try:
            while True:
                self.step(connection)
        except BROKEN:
            connection.close()
        except AssertionError as refusal:
            self.refusal = refusal

    def step(self, connection) -> None:
        chosen = self.rng.sample(self.ids, self.rng.choice((1, 1, 8, 30)))
        if len(chosen) == 1:
            self.one(connection, chosen[0])
        else:
            self.many(connection, chosen, self.rng.random() < 0.5)
        self.known.update(self.unsure)
        self.unsure = {}
        self.acknowledged += 1

    def one(self, connection, item_id: str) -> None:
        self.atomic = False
        if self.known[item_id] is not None and self.rng.random() < 0.4:
            self.unsure = {item_id: None}
            status, _ = connection.delete(LINK, item_id, self.pk)
            assert status == 204
            return
        document = self.document(item_id)
        self.unsure = {item_id: document["value"]}
        status, _ = connection.upsert(LINK, document)
        assert status in (200, 201)

    def many(self, connection, ids: list, atomic: bool) -> None:
        operations = []
        self.unsure = {}
        self.atomic = atomic
        key = {} if atomic else {"partitionKey": json.dumps([self.pk])}
        for item_id in ids:
            if self.known[item_id] is not None and self.rng.random() < 0.3:
                operations.append({"operationType": "Delete", "id": item_id, **key})
                self.unsure[item_id] = None
            else:
                document = self.document(item_id)
                operations.append(
                    {"operationType": "Upsert", "resourceBody": document, **key}
                )
                self.unsure[item_id] = document["value"]
        if atomic:
            status, results = connection.atomic(LINK, self.pk, operations)
        else:
            status, results = connection.bulk(LINK, "0", operations)
        assert status == 200, results

    def check(self, stored: dict) -> None:
        """`stored`: id -> value. What was acknowledged is there; what was unsure is old or new."""
        for item_id in self.ids:
            found = stored.get(item_id)
            allowed = [self.known[item_id]]
            if item_id in self.unsure:
                allowed.append(self.unsure[item_id])
            assert found in allowed, f"{item_id}: {found} is none of {allowed}"
        if self.atomic and len(self.unsure) > 1:
            changed = [i for i, value in self.unsure.items() if self.known[i] != value]
            new = [i for i in changed if stored.get(i) == self.unsure[i]]
            assert new in ([], changed), f"half of an atomic batch is there: {new} of {changed}"
        self.known = {item_id: stored.get(item_id) for item_id in self.ids}
        self.unsure = {}


def read_all(server) -> dict:
    connection = SignedConnection(server.http_endpoint, server.key)
    rows = connection.query(LINK, "SELECT c.id, c['value'] AS n FROM c")
    connection.close()
    return {row["id"]: row["n"] for row in rows}


@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path):
    rng = random.Random(SEED)
    writers = [Writer(number, random.Random(SEED + number)) for number in range(WRITERS)]
    data = str(tmp_path / "data")
    with Emulator(tmp_path / "first", "--data", data, *THROUGHPUT) as server:
        connection = SignedConnection(server.http_endpoint, server.key)
        connection.create("d", "c")
        connection.close()
    for _ in range(KILLS):
        with Emulator(tmp_path / "server", "--data", data, *THROUGHPUT) as server:
            stored = read_all(server)
            for writer in writers:
                writer.check(stored)
            threads = [
                threading.Thread(target=writer.run, args=(server.http_endpoint, server.key))
                for writer in writers
            ]
            for thread in threads:
                thread.start()
            time.sleep(rng.random() * SECONDS_MAX)
            server.process.send_signal(signal.SIGKILL)
            for thread in threads:
                thread.join()
            assert [writer.refusal for writer in writers] == [None] * WRITERS
            server.process.wait()
    with Emulator(tmp_path / "last", "--data", data, *THROUGHPUT) as server:
        stored = read_all(server)
        for writer in writers:
            writer.check(stored)
    assert min(writer.acknowledged for writer in writers) > KILLS, "the writers had time to write"

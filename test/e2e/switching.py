"""A pipeline that switches, and readers that follow its pointer all the time."""

import threading
import time

import pyarrow as pa
from azure.cosmos import exceptions
from deltalake import write_deltalake

from conftest import official_client

POINTERS, ID = "spillway-pointers", "items"
OWNER_GONE = 1003  # substatus of 404: the container itself is not there


def rows(stamp: int, count: int) -> pa.Table:
    """Every row of a snapshot has the same stamp: two stamps in one read are a mixture."""
    return pa.table(
        {
            "id": [f"r{n:05}" for n in range(count)],
            "stamp": pa.array([stamp] * count, pa.int32()),
        }
    )


def overwrite(path, stamp: int, count: int, files: int = 1) -> None:
    """One commit; `files` makes it several files, so that a load has several splits."""
    write_deltalake(str(path), rows(stamp, count), mode="overwrite",
                    configuration={"delta.enableChangeDataFeed": "true"},
                    target_file_size=None if files == 1 else 1)


class Reader:
    """The first half of the documented pattern: read the pointer, then its container."""

    def __init__(self, server, database: str):
        self.database = official_client(server).get_database_client(database)

    def pointer(self) -> dict | None:
        try:
            container = self.database.get_container_client(POINTERS)
            return container.read_item(ID, partition_key=ID)
        except exceptions.CosmosResourceNotFoundError:
            return None

    def read(self, container: str) -> list:
        client = self.database.get_container_client(container)
        return list(client.read_all_items(max_item_count=1000))


class Poller(threading.Thread):
    """Reads through the pointer all the time, and notes what it saw."""

    def __init__(self, server, database: str, sizes: dict):
        super().__init__(daemon=True)
        self.reader = Reader(server, database)
        self.sizes = sizes  # by stamp: how many rows a whole snapshot has
        self.seen = []  # stamps, in order, each once in a row
        self.reads = 0
        self.problem = None
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            try:
                self.look()
            except Exception as problem:  # noqa: BLE001: told by `stop`
                self.problem = problem
                return

    def look(self):
        pointer = self.reader.pointer()
        if pointer is None:
            assert not self.seen, "there was a pointer, and now there is none"
            time.sleep(0.01)
            return
        documents = self.reader.read(pointer["container"])
        stamps = {document["stamp"] for document in documents}
        assert len(stamps) == 1, f"{pointer['container']} is a mixture of {stamps}"
        [stamp] = stamps
        ids = {document["id"] for document in documents}
        assert len(ids) == self.sizes[stamp], f"{len(ids)} of {self.sizes[stamp]} of {stamp}"
        self.reads += 1
        if not self.seen or self.seen[-1] != stamp:
            self.seen.append(stamp)

    def stop(self) -> list:
        self.ended.set()
        self.join(60)
        if self.problem:
            raise AssertionError(f"a reader saw: {self.problem}") from self.problem
        assert self.reads > 0, "the reader has read nothing"
        return self.seen

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            self.ended.set()
            self.join(60)


class Switched:
    """A workspace whose pipeline `p` switches between containers of `items`."""

    def __init__(self, workspace, folder, count=400, state=None, keep="1h", throughput=None,
                 **switch):
        self.workspace = workspace
        self.table = folder / "table"
        self.count = count
        self.sizes = {}
        self.write(1)
        project = workspace.project(
            folder,
            sync={"strategy": "switch", "switch": {"keep": keep, **switch}, "delete_guard": "off"},
            **({"throughput": throughput} if throughput else {}),
        )
        workspace.configure(project | ({"state": state} if state else {}))

    def write(self, stamp: int, count: int | None = None) -> None:
        self.sizes[stamp] = count or self.count
        overwrite(self.table, stamp, self.sizes[stamp])

    def poller(self) -> Poller:
        return Poller(self.workspace.server, self.workspace.database, self.sizes)

    def reader(self) -> Reader:
        return Reader(self.workspace.server, self.workspace.database)

    def containers(self) -> set:
        database = self.workspace.cosmos.get_database_client(self.workspace.database)
        return {container["id"] for container in database.list_containers()}

    def stamps(self) -> set:
        """What readers see now."""
        pointer = self.reader().pointer()
        return {document["stamp"] for document in self.reader().read(pointer["container"])}

    def status(self) -> dict:
        return self.workspace.json("switch", "p", "--status")

"""The tutorial's notebook, cell by cell in a process of its own, on each Spark that it is for.

After the load, the batch and the stream, delta-rs reads the table, the official client the
container, and both are compared as sets.
"""

import json
import os
import pathlib
import socket
import subprocess

import pytest
from deltalake import DeltaTable

from documents import with_epoch_times
from mirror import assert_same, by_identity
from spark_session import HERE, PACKAGE, SPARKS, make_database, native_library

NOTEBOOK = HERE.parent.parent / "examples/spark/tutorial.ipynb"
CELL_SECONDS_MAX = 600
KEY = "category"

pytestmark = pytest.mark.spark


class Notebook:
    """A run of it. `cells()` tells of each cell that is done, and goes on with the next then."""

    def __init__(self, spark: str, server, folder: pathlib.Path, settings: dict):
        self.log = folder / "notebook.log"
        (folder / "settings.json").write_text(json.dumps(settings))
        ours, theirs = socket.socketpair()
        ours.settimeout(CELL_SECONDS_MAX)
        self._socket, self._channel = ours, ours.makefile("rw")
        python, jars = SPARKS[spark]
        words = [os.environ[python], str(HERE / "notebook_cells.py"), str(NOTEBOOK),
                 str(folder / "settings.json"), str(theirs.fileno())]
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                words, cwd=folder, env=environment(server, os.environ[python], os.environ[jars]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[theirs.fileno()])
        theirs.close()

    def cells(self):
        while line := self._channel.readline():
            yield json.loads(line)
            self._channel.write("go on\n")
            self._channel.flush()
        code = self._process.wait(CELL_SECONDS_MAX)
        assert code == 0, self.log.read_text()[-4_000:]

    def stop(self):
        self._channel.close()
        self._socket.close()
        self._process.kill()
        self._process.wait()


def environment(server, python: str, jars: str) -> dict:
    """As docs/spark.md has it for this machine, with what keeps Spark small and on the loopback."""
    delta = ",".join(str(jar) for jar in sorted(pathlib.Path(jars).glob("*.jar")))
    settings = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
                "spark.sql.shuffle.partitions": "2", "spark.ui.enabled": "false",
                "spark.databricks.delta.snapshotPartitions": "2",
                # A minute's session gains nothing from what the second compiler does.
                "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1"}
    words = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    submitted = ["--master", "local[2]", "--jars", delta, *words, "pyspark-shell"]
    return {**os.environ, "PYSPARK_SUBMIT_ARGS": " ".join(submitted), "PYSPARK_PYTHON": python,
            "PYTHONPATH": str(PACKAGE), "SPILLWAY_LIBRARY": str(native_library()),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "COSMOS_ENDPOINT": server.endpoint, "COSMOS_KEY": server.key}


def table(folder) -> dict:
    rows = DeltaTable(str(folder / "spark-warehouse" / "products")).to_pyarrow_table().to_pylist()
    return {(row[KEY], row["id"]): with_epoch_times(row) for row in rows}


def assert_every_kind_of_change(before: dict, after: dict) -> None:
    """Rows were updated, deleted, moved to another partition key, and inserted."""
    keys = {name: category for category, name in after}
    gone = before.keys() - after.keys()
    moved = {name for _, name in gone if name in keys}
    assert moved, "no key change"
    assert len(gone) > len(moved), "no delete"
    assert any(before[key] != after[key] for key in before.keys() & after.keys()), "no update"
    assert keys.keys() - {name for _, name in before}, "no insert"


@pytest.mark.timeout(2 * CELL_SECONDS_MAX)
@pytest.mark.parametrize("spark", SPARKS)
def test_after_every_step_the_container_equals_the_table(spark, emulator, tmp_path):
    database = make_database(emulator, f"tutorial-{spark}", {"products": None})
    container = database.get_container_client("products")
    # A server on this machine answers at once.
    settings = {"spark.cosmos.database": database.id, "spillway.settle": "200ms",
                "spillway.caFile": emulator.certificate}
    notebook, states = Notebook(spark, emulator, tmp_path, settings), []
    try:
        for cell in notebook.cells():
            if cell["last"] and cell["heading"][0] in "356":
                states.append(table(tmp_path))
                found = by_identity(list(container.read_all_items(max_item_count=1_000)), KEY)
                assert_same(found, states[-1], f"after {cell['heading']}")
    finally:
        notebook.stop()
    loaded, batch, stream = states
    assert len(loaded) == 1_000
    assert_every_kind_of_change(loaded, batch)
    assert_every_kind_of_change(batch, stream)
    assert "missing: 0, unexpected: 0" in notebook.log.read_text()

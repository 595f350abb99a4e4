"""Runs a script of Spark jobs (spark_jobs.py) and tells what became of each."""

import json
import os
import pathlib
import subprocess

from azure.cosmos import PartitionKey

from conftest import THROUGHPUT, official_client
from mirror import by_identity

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent.parent / "python"
SPARK_SECONDS_MAX = 900
#: By version: the variables that name its Python and the folder of its Delta's jars.
SPARKS = {"4": ("SPILLWAY_SPARK_PYTHON", "SPILLWAY_SPARK_JARS"),
          "3.5": ("SPILLWAY_SPARK_3_5_PYTHON", "SPILLWAY_SPARK_3_5_JARS")}


def native_library() -> pathlib.Path:
    return pathlib.Path(os.environ["SPILLWAY_BIN"]).parent / "lib" / "libspillway.so"


class Outcomes:
    """Of a script's jobs, by name, and the containers that they wrote."""

    def __init__(self, database, outcomes, folder):
        self.database = database
        self.folder = folder
        self.outcomes = outcomes

    def result(self, name):
        assert "result" in self.outcomes[name], self.outcomes[name]["trace"]
        return self.outcomes[name]["result"]

    def failure(self, name) -> str:
        assert "error" in self.outcomes[name], self.outcomes[name]
        return self.outcomes[name]["error"]

    def error(self, name) -> str:
        """The message, as the notebook sees it, whose frames are Spark's own alone."""
        text = self.failure(name)
        assert "spillway.SpillwayError: " in text
        assert "Traceback" not in text
        return text

    def documents(self, name) -> dict:
        items = self.database.get_container_client(name).read_all_items(max_item_count=1000)
        return by_identity(list(items), "category")


def make_database(emulator, name, containers: dict):
    """`containers`: name to throughput, None for plenty."""
    database = official_client(emulator).create_database_if_not_exists(name)
    for container, throughput in containers.items():
        database.create_container(container, PartitionKey("/category"),
                                  offer_throughput=throughput or THROUGHPUT)
    return database


def run_script(script, emulator, database, folder, spark="4", **variables) -> Outcomes:
    account = {"endpoint": emulator.endpoint, "key": emulator.key,
               "certificate": emulator.certificate, "database": database.id}
    (folder / "account.json").write_text(json.dumps(account))
    python = os.environ[SPARKS[spark][0]]
    words = [python, str(HERE / script), str(folder / "account.json"), str(folder)]
    path = os.pathsep.join([str(PACKAGE), str(HERE)])
    environment = {**os.environ, "PYTHONPATH": path, "SPARK_LOCAL_IP": "127.0.0.1",
                   "SPILLWAY_LIBRARY": str(native_library()),
                   "PYSPARK_PYTHON": python, "SPILLWAY_TEST_SESSION": str(folder), **variables}
    with (folder / "spark.log").open("w") as log:
        done = subprocess.run(words, env=environment, stdout=log, stderr=log, check=False,
                              timeout=SPARK_SECONDS_MAX)
    assert done.returncode == 0, (folder / "spark.log").read_text()[-4000:]
    return Outcomes(database, json.loads((folder / "outcomes.json").read_text()), folder)

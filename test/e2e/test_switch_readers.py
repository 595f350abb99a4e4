"""The readers of samples/readers, as they stand, while the pointer is flipped under them."""

import importlib.util
import os
import pathlib
import subprocess

import pytest

from control import Control
from conftest import Workspace, official_client
from programs import Emulator, wait_until
from switching import ID, POINTERS, Switched

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples" / "readers"
DRIVERS = pathlib.Path(__file__).resolve().parent / "readers"
CACHE_MS = 20
LINE_SECONDS_MAX = 60


@pytest.fixture
def s(tmp_path):
    """On a server of its own: its clock is moved."""
    with Emulator(tmp_path / "server", "--control-port", "0") as server:
        folder = tmp_path / "work"
        folder.mkdir()
        yield Switched(Workspace(folder, server), tmp_path / "lake", keep="1m")


class PythonReader:
    def __init__(self, s, _):
        path = SAMPLES / "python" / "reader.py"
        spec = importlib.util.spec_from_file_location("reader", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        database = official_client(s.workspace.server).get_database_client(s.workspace.database)
        self.switched = module.SwitchedContainer(database, ID, POINTERS, CACHE_MS / 1000)

    def stamp(self, item: str) -> str:
        from azure.cosmos import exceptions

        try:
            read = self.switched.read(lambda c: c.read_item(item, partition_key=item))
            return str(read["stamp"])
        except exceptions.CosmosResourceNotFoundError:
            return "none"

    def close(self):
        pass


class Process:
    """A program that answers one line, `stamp` or `none`, to each line with an id."""

    def __init__(self, words, environment=None):
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})})

    def stamp(self, item: str) -> str:
        self.process.stdin.write(item + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def close(self):
        self.process.stdin.close()
        self.process.wait(LINE_SECONDS_MAX)


def JsReader(s, _):
    server = s.workspace.server
    return Process(
        ["node", str(DRIVERS / "reader_driver.js"), server.endpoint, server.key,
         s.workspace.database, POINTERS, ID, str(CACHE_MS)],
        {"NODE_EXTRA_CA_CERTS": server.certificate,
         "NODE_PATH": os.environ["SPILLWAY_NODE_MODULES"]})


def JavaReader(s, folder):
    server = s.workspace.server
    jars = os.environ["SPILLWAY_CLIENT_JARS"] + "/*"
    sources = [str(SAMPLES / "java" / "SwitchedContainer.java"),
               str(DRIVERS / "ReaderDriver.java")]
    subprocess.run(["javac", "-nowarn", "-d", str(folder), "-cp", jars, *sources], check=True,
                   timeout=120)
    trust = "-DCOSMOS.EMULATOR_SERVER_CERTIFICATE_VALIDATION_DISABLED=true"
    return Process(["java", trust, "-cp", f"{folder}:{jars}", "ReaderDriver", server.endpoint,
                    server.key, s.workspace.database, POINTERS, ID, str(CACHE_MS)])


@pytest.mark.parametrize("make", [PythonReader, JsReader, JavaReader])
def test_a_reader_follows_flips_and_outlives_the_container_it_knew(make, s, tmp_path):
    s.workspace.run("sync", "p")
    reader = make(s, tmp_path / "classes")
    try:
        assert reader.stamp("r00003") == "1"
        assert reader.stamp("no such row") == "none"
        s.write(2, count=s.count + 1)
        s.workspace.run("sync", "p", "--full")
        # Not in the container that it knows: the pointer says where it is.
        assert reader.stamp(f"r{s.count:05}") == "2"
        s.write(3)
        s.workspace.run("sync", "p", "--full")
        wait_until(lambda: reader.stamp("r00003") == "3", "the flip, once the name is old")
        s.write(4)
        s.workspace.run("sync", "p", "--full")
        # The container that it may know is deleted before it asks again.
        Control(s.workspace.server).ask("POST", "/clock", {"advance_ms": 61_000})
        s.workspace.run("sync", "p")
        assert s.containers() == {"items-v4", POINTERS}
        assert reader.stamp("r00003") == "4"
    finally:
        reader.close()

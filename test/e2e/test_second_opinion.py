"""A server that is not ours: `@vercel/cosmosdb-server`, by point writes (`bulk: false`)."""

import os
import pathlib
import subprocess
import types

import pytest

from documents import check_documents
from stores import Store
from conftest import Workspace

# The account key that the documentation of Microsoft's emulator prints; this server checks none.
WELL_KNOWN_KEY = (
    "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="
)


class OtherServer(Store):
    def command(self, folder):
        self.certificate, key = make_certificate(folder)
        script = pathlib.Path(__file__).with_name("other_server.js")
        return ["node", str(script), str(self.port), str(self.certificate), str(key)]

    def environment(self):
        return {**os.environ, "NODE_PATH": os.environ["SPILLWAY_NODE_MODULES"]}


def make_certificate(folder):
    """A certificate of its own issuer for this machine: it is trusted by file."""
    certificate, key = folder / "server.pem", folder / "server.key"
    words = [
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *words, *names, *files], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def other_server(tmp_path_factory):
    with OtherServer(tmp_path_factory.mktemp("other")) as server:
        yield types.SimpleNamespace(
            endpoint=f"https://127.0.0.1:{server.port}/",
            key=WELL_KNOWN_KEY,
            certificate=str(server.certificate),
            signed=None,
            credentials={"COSMOS_KEY": WELL_KNOWN_KEY},
        )


@pytest.mark.parametrize("name", ["append", "nested", "strings", "rs_types"])
def test_points_load_and_verify_a_table_on_another_server(name, other_server, lake, tmp_path):
    about = lake.about(name)
    workspace = Workspace(tmp_path, other_server)
    destination = {"id": about.key, "partition_key": about.partition_key, "bulk": False}
    project = workspace.project(
        lake.path(name).parent, destination=destination, documents=about.documents
    )
    workspace.configure(project)
    summary = workspace.json("sync", "p")
    assert summary["counts"]["upserted"] == len(lake.rows(name))
    check_documents(about, lake.rows(name), workspace.documents())
    assert workspace.json("verify", "p")["equal"] == len(lake.rows(name))

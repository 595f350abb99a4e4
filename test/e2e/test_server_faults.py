"""The server throttles and splits while a load runs; the container ends equal."""

import json
import random
import urllib.request

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from documents import without_service_properties

ROWS = 4_000
LITTLE_THROUGHPUT = 6_000


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    root = tmp_path_factory.mktemp("faults")
    for first in range(0, ROWS, 1000):
        numbers = range(first, first + 1000)
        rows = pa.table(
            {
                "id": [f"r{n}" for n in numbers],
                "n": pa.array(numbers, pa.int32()),
                "text": ["x" * 300] * 1000,
            }
        )
        write_deltalake(str(root / "rows"), rows, mode="append")
    return root


@pytest.fixture
def prepared(workspace, table):
    def prepare(throughput):
        destination = {"create": {"throughput": {"manual": throughput}}}
        workspace.configure(workspace.project(table, table="rows", destination=destination))
        return workspace

    return prepare


def control(emulator, path, body):
    """Asks the control port for something (`spillway emulator --help` lists what there is)."""
    request = urllib.request.Request(
        emulator.control_endpoint.rstrip("/") + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.loads(reply.read() or b"{}")


def assert_complete(workspace):
    documents = [without_service_properties(d) for d in workspace.documents()]
    assert {d["id"]: d["n"] for d in documents} == {f"r{n}": n for n in range(ROWS)}
    assert len(documents) == ROWS


def test_a_load_over_its_budget_is_throttled_and_completes(prepared):
    workspace = prepared(LITTLE_THROUGHPUT)
    summary = workspace.json("sync", "p")
    assert_complete(workspace)
    assert summary["throttled_requests"] > 0
    assert summary["counts"]["rejected"] == 0

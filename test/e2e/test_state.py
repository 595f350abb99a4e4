"""State between runs: looked at, carried to another machine, damaged, kept beside the data."""

import json
import shutil
import stat

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from conftest import Workspace
from mirror import assert_equal
from programs import wait_until

USAGE, LOCKED, DECISION, FAILED = 2, 8, 9, 1
ROWS = 60


def rows(numbers, stock=0) -> pa.Table:
    return pa.table(
        {
            "id": [f"p{n:04}" for n in numbers],
            "category": [f"c{n % 3}" for n in numbers],
            "stock": pa.array([n + stock for n in numbers], pa.int32()),
        }
    )


@pytest.fixture
def table(tmp_path):
    root = tmp_path / "lake"
    path = root / "table"
    write_deltalake(
        str(path), rows(range(ROWS)), configuration={"delta.enableChangeDataFeed": "true"}
    )
    return path


def append(table, first, count):
    write_deltalake(str(table), rows(range(first, first + count)), mode="append")


@pytest.fixture
def machines(tmp_path, emulator, table):
    """A function that makes a machine: a work folder of its own with the same configuration."""
    made = []

    def machine(**sections) -> Workspace:
        folder = tmp_path / f"machine-{len(made)}"
        folder.mkdir()
        workspace = Workspace(folder, emulator)
        if made:
            workspace.database = made[0].database
        workspace.configure(workspace.project(table.parent) | sections)
        made.append(workspace)
        return workspace

    return machine


def pipeline_of(workspace) -> dict:
    [pipeline] = workspace.json("state", "show")["pipelines"]
    return pipeline


def test_a_state_that_moves_goes_on_with_the_changes_alone(machines, table):
    here, there = machines(), machines()
    here.run("sync", "p")
    append(table, ROWS, 5)
    file = here.folder / "p.json"
    out = here.run("state", "export", "p", "--file", str(file))
    assert "spillway state import p" in out.text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shutil.rmtree(here.folder / ".spillway")

    assert there.json("state", "import", "p", "--file", str(file)) == {
        "pipeline": "p",
        "imported": True,
        "version": 0,
    }
    summary = there.json("sync", "p")
    assert "load" not in summary
    assert summary["counts"]["read"] == 5
    assert_equal(there, table)


def test_show_says_where_a_pipeline_stands(machines, table):
    here = machines()
    assert "nothing was ever run" in here.run("state", "show").stdout
    assert not (here.folder / ".spillway").exists(), "looking leaves nothing behind"
    here.run("sync", "p")
    shown = here.json("state", "show")
    assert shown["store"]["kind"] == "sqlite" and shown["store"]["schema"] >= 2
    [pipeline] = shown["pipelines"]
    assert pipeline["checkpoint"]["state"] == "loaded"
    assert pipeline["checkpoint"]["version"] == 0
    assert pipeline["checkpoint"]["begun_through"] == 0
    assert pipeline["rejected"] == 0 and "lease" not in pipeline
    text = here.run("state", "show", "p").stdout
    assert "version 0 loaded" in text and "schema" in text


def test_a_damaged_export_is_refused(machines):
    here, there = machines(), machines()
    here.run("sync", "p")
    text = here.run("state", "export", "p").stdout
    file = there.folder / "p.json"
    for damaged in (text.replace('"documents": 60', '"documents": 61'), text[:-20], "{}", ""):
        file.write_text(damaged)
        assert str(file) in there.run("state", "import", "p", "--file", str(file), code=FAILED).text
    assert pipeline_of(there).get("checkpoint") is None


def test_a_newer_position_is_replaced_by_force_alone(machines, table):
    here = machines()
    here.run("sync", "p")
    old = here.folder / "old.json"
    here.run("state", "export", "p", "--file", str(old))
    append(table, ROWS, 5)
    here.run("sync", "p")
    refused = here.run("state", "import", "p", "--file", str(old), code=DECISION)
    assert "--force" in refused.text
    assert pipeline_of(here)["checkpoint"]["version"] == 1
    here.run("state", "import", "p", "--file", str(old), "--force")
    assert pipeline_of(here)["checkpoint"]["version"] == 0
    here.run("sync", "p")
    assert_equal(here, table)


def test_a_state_does_not_move_while_its_pipeline_runs(machines):
    here, there = machines(), machines()
    here.run("sync", "p")
    file = here.folder / "p.json"
    here.run("state", "export", "p", "--file", str(file))
    process = here.spillway.start("sync", "p", "--continuous")
    try:
        wait_until(lambda: pipeline_of(here).get("lease", {}).get("held"), "the lease")
        here.run("state", "import", "p", "--file", str(file), code=LOCKED)
        here.run("state", "export", "p", code=LOCKED)
    finally:
        process.terminate()
        process.communicate(timeout=30)
    there.run("state", "import", "p", "--file", str(file))


def test_an_export_never_replaces_a_file_and_holds_no_secret(machines):
    here = machines()
    here.run("sync", "p")
    file = here.folder / "p.json"
    file.write_text("mine")
    assert "File exists" in here.run("state", "export", "p", "--file", str(file), code=USAGE).text
    assert file.read_text() == "mine"
    text = here.run("state", "export", "p").stdout
    assert here.server.key not in text
    assert json.loads(text)["pipeline"] == "p"

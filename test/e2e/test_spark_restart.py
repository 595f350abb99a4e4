"""The driver is killed in the middle, its JVM and its Python, and another one goes on: a load that
Spark schedules, and a stream of changes with a checkpoint. Jobs: spark_restart_jobs.py."""

import collections
import json

import deltalake
import pyarrow as pa
import pytest
import yaml

from control import Control, history
from lake import FULL
from mirror import assert_same
from programs import Spillway, cosmos_connection
from spark_session import make_database, run_script
from timeline import Judge, Timeline

DATABASE = "spark-restart"
KILLS = 5 if FULL else 1
# Slow enough to be killed in the middle, every time.
LIMIT = 800
FILES, ROWS_PER_FILE = 8, 150 * KILLS
ROWS = FILES * ROWS_PER_FILE
VERSIONS = 2 * KILLS + 1
ROWS_OF_A_VERSION = 300
JOB_SECONDS_MAX = 900

pytestmark = [pytest.mark.spark, pytest.mark.timeout(JOB_SECONDS_MAX)]


def loaded():
    return [{"id": str(n), "category": f"c{n % 7}", "n": n} for n in range(ROWS)]


def make_table(folder):
    rows = loaded()
    for begin in range(0, ROWS, ROWS_PER_FILE):
        part = rows[begin:begin + ROWS_PER_FILE]
        deltalake.write_deltalake(str(folder), pa.Table.from_pylist(part), mode="append")


def changes_of(version):
    """Every row of a version is written; in the next one some are gone, and come back after it."""
    for n in range(ROWS_OF_A_VERSION):
        gone = version % 2 == 0 and n % 10 == 3
        yield {"id": str(n), "category": f"c{n % 7}", "v": version, "_commit_version": version,
               "_change_type": "delete" if gone else "update_postimage"}


def make_feed(folder):
    folder.mkdir()
    for version in range(1, VERSIONS + 1):
        lines = [json.dumps(row) for row in changes_of(version)]
        (folder / f"{version:04}.json").write_text("\n".join(lines))


def after_changes(version=VERSIONS):
    return {(row["category"], row["id"]): {name: row[name] for name in ("id", "category", "v")}
            for row in changes_of(version) if row["_change_type"] != "delete"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="module")
def jobs(emulator, folder):
    database = make_database(emulator, DATABASE, {"synced": None, "streamed": None})
    make_table(folder / "synced")
    make_feed(folder / "feed")
    project = {
        "version": 1,
        "connections": {"lake": {"type": "delta", "root": str(folder)},
                        "shop": cosmos_connection(emulator, DATABASE)},
        "pipelines": {"synced": {
            "source": {"connection": "lake", "table": "synced"},
            "destination": {"connection": "shop", "container": "synced", "id": "id",
                            "partition_key": "/category"},
            "throughput": {"limit": LIMIT}, "sync": {"settle": "200ms"}}}}
    (folder / "spillway.yaml").write_text(yaml.safe_dump(project))
    control = Control(emulator)
    control.tidy()
    control.ask("POST", "/history", {"enabled": True})
    yield run_script("spark_restart_jobs.py", emulator, database, folder,
                     COSMOS_KEY=emulator.key, SPILLWAY_DRIVER_KILLS=str(KILLS),
                     SPILLWAY_STREAM_LIMIT=str(LIMIT))
    control.tidy()


@pytest.fixture
def writes(emulator, jobs):
    return lambda name: history(Control(emulator), f"{DATABASE}/{name}")


def test_a_load_goes_on_with_another_driver(jobs, writes, folder, emulator):
    assert jobs.result("killed") == KILLS
    assert_same(jobs.documents("synced"),
                {(row["category"], row["id"]): row for row in loaded()})
    # What was done before the kill is not done again, but for the parts that were under way.
    times = collections.Counter(write["id"] for write in writes("synced"))
    assert len(times) == ROWS and sum(times.values()) < (KILLS + 1) * ROWS
    runs = Spillway(folder, emulator.credentials).json("runs", "synced")["runs"]
    loads = [run for run in runs if run["kind"] == "load"]
    assert len(loads) == KILLS + 1
    assert sum(run["counts"]["upserted"] for run in loads) == ROWS, loads


def test_a_stream_of_changes_goes_on_from_its_checkpoint_and_nothing_moves_backwards(jobs, writes):
    found = jobs.result("both")["streamed"]
    assert "error" not in found, found
    assert_same(jobs.documents("streamed"), after_changes())
    timeline = Timeline()
    timeline.note(0, {})
    for version in range(1, VERSIONS + 1):
        timeline.note(version, {key: row["v"] for key, row in after_changes(version).items()})
    judge = Judge(timeline)
    judge.see(writes("streamed"))
    judge.expect_through(VERSIONS)

"""Pipelines that Spark only schedules: planned by the driver, read and written in executors,
without a row in Spark; the official client judges. The jobs are in spark_sync_jobs.py."""

import collections
import json

import deltalake
import pyarrow as pa
import pytest
import yaml

from control import Control, history
from mirror import assert_same, by_identity
from programs import Spillway, cosmos_connection
from spark_session import make_database, run_script

DATABASE = "spark-sync"
FILES, ROWS_PER_FILE = 12, 500
ROWS = FILES * ROWS_PER_FILE
REFUSED = 1_235  # the row whose id no document can have
LIMIT = 4_000
NAMES = ["synced", "executor_killed", "given_up"]

pytestmark = pytest.mark.spark

COMMIT = """
import deltalake, pyarrow as pa
table = deltalake.DeltaTable({path!r})
table.delete("n % 20 = 3")
table.update(updates={{"n": "-n"}}, predicate="n % 10 = 4")
deltalake.write_deltalake({path!r}, pa.table({{"id": ["new"], "category": ["c0"], "n": [7]}}),
                          mode="append")
"""


def table_of(rows):
    return pa.table({"id": ["a/b" if n == REFUSED else str(n) for n in rows],
                     "category": [f"c{n % 7}" for n in rows],
                     "n": pa.array(rows, pa.int64())})


def make_table(folder):
    for file in range(FILES):
        begin = file * ROWS_PER_FILE
        deltalake.write_deltalake(str(folder), table_of(range(begin, begin + ROWS_PER_FILE)),
                                  mode="append")


def project(folder, emulator):
    def pipeline(name, connection="shop", **more):
        return {"source": {"connection": "lake", "table": name},
                "destination": {"connection": connection, "container": name, "id": "id",
                                "partition_key": "/category"},
                "sync": {"settle": "200ms", "max_rejected": "100"}, **more}

    shop = cosmos_connection(emulator, DATABASE)
    return {"version": 1,
            "connections": {"lake": {"type": "delta", "root": str(folder)}, "shop": shop,
                            "drivers": {**shop, "auth": {"key": {"env": "DRIVERS_KEY"}}}},
            "pipelines": {"synced": pipeline("synced"),
                          "executor_killed": pipeline("executor_killed",
                                                      throughput={"limit": LIMIT}),
                          "given_up": pipeline("given_up", "drivers")}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="module")
def jobs(emulator, folder):
    database = make_database(emulator, DATABASE, dict.fromkeys(NAMES))
    for name in NAMES:
        make_table(folder / name)
    (folder / "spillway.yaml").write_text(yaml.safe_dump(project(folder, emulator)))
    (folder / "commit.py").write_text(COMMIT.format(path=str(folder / "synced")))
    control = Control(emulator)
    control.tidy()
    control.ask("POST", "/history", {"enabled": True})
    yield run_script("spark_sync_jobs.py", emulator, database, folder,
                     COSMOS_KEY=emulator.key)
    control.tidy()


@pytest.fixture
def spillway(folder, emulator):
    return Spillway(folder, emulator.credentials)


def loaded():
    return {(f"c{n % 7}", str(n)): {"id": str(n), "category": f"c{n % 7}", "n": n}
            for n in range(ROWS) if n != REFUSED}


def counts_of(part):
    return {name: count for name, count in part["counts"].items()
            if count and name not in ("inserted", "replaced", "adds_up")}


def test_the_executors_load_the_table_and_the_driver_keeps_the_books(jobs, folder, spillway):
    first = jobs.result("synced")[0]["load"]
    assert counts_of(first) == {"read": ROWS, "upserted": ROWS - 1, "rejected": 1}
    assert first["requests"] > 0 and first["cost"] > 0
    runs = spillway.json("runs", "synced")["runs"]
    assert [run["kind"] for run in runs][-1] == "load"
    rejected = spillway.json("rejects", "synced")
    assert json.dumps(rejected).count("a/b") >= 1
    log = (folder / "spark.log").read_text()
    assert "Traceback" not in log.split("DRIVERS_KEY")[0]


def test_what_changes_is_brought_by_the_next_sync_and_then_there_is_nothing(jobs):
    _, second, third = jobs.result("synced")
    assert second["changes"]["version"] == second["changes"]["from_version"] + 3
    assert "load" not in second or second["load"]["loaded_already"]
    assert third["changes"]["version"] == third["changes"]["from_version"]
    rows = {key: row for key, row in loaded().items() if row["n"] % 20 != 3}
    for row in rows.values():
        row["n"] = -row["n"] if row["n"] % 10 == 4 else row["n"]
    rows[("c0", "new")] = {"id": "new", "category": "c0", "n": 7}
    assert_same(jobs.documents("synced"), rows)


def test_the_command_goes_on_where_spark_has_stopped(jobs, spillway):
    done = spillway.json("sync", "synced")
    assert done["outcome"] == "up to date"


def test_an_executor_that_is_killed_costs_its_part_alone(jobs, emulator):
    part = jobs.result("executor_killed")["load"]
    assert counts_of(part) == {"read": ROWS, "upserted": ROWS - 1, "rejected": 1}
    assert_same(jobs.documents("executor_killed"), loaded())
    writes = history(Control(emulator), f"{DATABASE}/executor_killed")
    times = collections.Counter(write["id"] for write in writes)
    assert len(times) == ROWS - 1
    assert max(times.values()) > 1, "no row was written twice: nothing was repeated"


def test_a_secret_that_executors_do_not_have_is_named_in_one_message(jobs, spillway, emulator):
    text = jobs.result("given_up")
    assert "DRIVERS_KEY" in text
    assert "Traceback" not in text and len(text.splitlines()) <= 3, text
    Spillway(spillway.folder, {"DRIVERS_KEY": emulator.key}).run("sync", "given_up")
    assert_same(by_identity(list(jobs.database.get_container_client("given_up").read_all_items()),
                            "category"), loaded())

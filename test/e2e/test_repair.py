"""verify finds every difference that somebody planted, and repair takes it away with as few writes
as that needs: judged by the server's own history and the official client."""

import datetime
import decimal
import random
import signal
import subprocess

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from control import History
from lake import FULL
from meddler import Meddler, found_by
from mirror import assert_adds_up, assert_same, by_identity
from programs import wait_until

CASES = 1000 if FULL else 50
CASES_OF_ROUND = 50  # with the same table; then another one
KILLS = 40 if FULL else 4
SEED = 61
ROWS = 120
DECISION, LOCKED, MISMATCH, USAGE = 9, 8, 5, 2
FEED = {"delta.enableChangeDataFeed": "true"}


def random_text(dice):
    return "".join(dice.choice("abc é\"\\\n😀") for _ in range(dice.randrange(8)))


def row(dice, number):
    """One of every type that a table and a document share."""
    maybe = lambda value: None if dice.random() < 0.1 else value
    day = datetime.date(2020, 1, 1) + datetime.timedelta(days=dice.randrange(3000))
    return {
        "id": f"p{number:04}",
        "category": f"c{number % 5}",
        "byte": maybe(dice.randrange(-128, 128)),
        "long": maybe(dice.randrange(-(2**53), 2**53)),
        "float": maybe(dice.randrange(1000) / 8),
        "double": maybe(dice.uniform(-1e9, 1e9)),
        "decimal": maybe(decimal.Decimal(dice.randrange(10**6)) / 100),
        "flag": maybe(dice.random() < 0.5),
        "text": maybe(random_text(dice)),
        "bytes": maybe(dice.randbytes(dice.randrange(6))),
        "day": maybe(day),
        "at": maybe(datetime.datetime.combine(day, datetime.time(1, 2, 3, 456))),
        "list": maybe([dice.randrange(5) for _ in range(dice.randrange(3))]),
        "struct": maybe({"a": maybe(dice.randrange(9)), "b": {"c": random_text(dice)}}),
        "map": maybe([(f"k{n}", dice.randrange(9)) for n in range(dice.randrange(3))]),
    }


SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "category": pa.string(),
        "byte": pa.int8(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "decimal": pa.decimal128(10, 2),
        "flag": pa.bool_(),
        "text": pa.string(),
        "bytes": pa.binary(),
        "day": pa.date32(),
        "at": pa.timestamp("us", tz="UTC"),
        "list": pa.list_(pa.int32()),
        "struct": pa.struct({"a": pa.int32(), "b": pa.struct({"c": pa.string()})}),
        "map": pa.map_(pa.string(), pa.int32()),
    }
)


def rows(dice, numbers):
    return pa.Table.from_pylist([row(dice, number) for number in numbers], SCHEMA)


class Shop:
    """A table of two versions, its container at the second, and who meddles with it."""

    def __init__(self, workspace, control, folder, seed, **sync):
        dice = random.Random(seed)
        self.workspace = workspace
        self.table = folder / f"rows-{seed}"
        self.name = f"items-{seed}"
        write_deltalake(str(self.table), rows(dice, range(ROWS)), configuration=FEED)
        write_deltalake(str(self.table), rows(dice, range(20, ROWS + 20)), mode="overwrite")
        workspace.configure(
            workspace.project(
                folder,
                table=self.table.name,
                destination={"container": self.name, "partition_key": "/category"},
                sync={"delete_guard": "off", **sync},
            )
        )
        workspace.run("sync", "p", "--full", "--version", "0")
        stale = self.documents()
        workspace.run("sync", "p")
        self.right = by_identity(self.documents(), "category")
        self.meddler = Meddler(workspace.container(self.name), self.documents(), stale)
        self.history = History(control, f"{workspace.database}/{self.name}")

    def documents(self):
        return self.workspace.documents(self.name)

    def assert_right(self, where=""):
        assert_same(by_identity(self.documents(), "category"), self.right, where)


@pytest.fixture
def shop(workspace, control, tmp_path):
    return Shop(workspace, control, tmp_path, SEED)


@pytest.mark.timeout(7200 if FULL else 300)
def test_every_planted_difference_is_found_and_repaired_with_as_few_writes(
    workspace, control, tmp_path
):
    kinds = {}
    for case in range(CASES):
        if case % CASES_OF_ROUND == 0:
            shop = Shop(workspace, control, tmp_path, SEED + case)
            shop.meddler.kinds = kinds
        dice = random.Random(SEED * 100_000 + case)
        planted = shop.meddler.plant(dice, dice.randrange(1, 12))
        shop.history.new()
        report = workspace.json("verify", "p", code=MISMATCH)
        where = f"case {case}"
        assert found_by(report) == planted, where
        assert report["equal"] == len(shop.right) - sum(
            kind != "extra" for kind in planted.values()
        ), where
        assert shop.history.new() == [], f"{where}: verify writes nothing"
        repair = workspace.json("repair", "p", "--yes")
        assert_adds_up(repair)
        writes = shop.history.new()
        assert len(writes) == len(planted), f"{where}: {planted}, {writes}"
        assert repair["still_different"] == 0 and repair["checked"] == len(planted)
        shop.assert_right(where)
        assert workspace.json("verify", "p")["matches"] is True, f"{where}: equal stores"
    assert {"miss", "add", "change", "drop_field", "move", "go_back"} <= kinds.keys()
    assert {"int", "float", "str", "bool", "NoneType", "list", "dict"} <= kinds.keys()
    columns = {f"column {name}" for name in SCHEMA.names if name not in ("id", "category")}
    assert columns <= kinds.keys() or not FULL, "a column that never changed"
    print(f"{CASES} cases: {kinds}")


def test_a_repair_of_equal_stores_writes_nothing(shop):
    shop.history.new()
    summary = shop.workspace.json("repair", "p", "--yes")
    assert summary["carried_out"] is False and summary["to_write"] == summary["to_delete"] == 0
    assert shop.history.new() == []


def test_a_plan_comes_first_and_nobody_is_surprised(shop):
    workspace = shop.workspace
    planted = shop.meddler.plant(random.Random(1), 8)
    shop.history.new()
    plan = workspace.json("repair", "p", "--dry-run")
    assert found_by(plan) == planted and plan["carried_out"] is False
    assert plan["to_write"] + plan["to_delete"] == len(planted)
    text = workspace.run("repair", "p", code=USAGE).text
    assert "--dry-run" in text and "--yes" in text
    assert shop.history.new() == []
    [run] = workspace.json("runs", "p", "--count", "1")["runs"]
    assert run["kind"] != "repair", "a plan is no run"


def test_the_delete_guard_holds_for_documents_that_have_no_row(workspace, control, tmp_path):
    shop = Shop(workspace, control, tmp_path, SEED, delete_guard="10%")
    for number in range(110):
        shop.meddler.add(random.Random(number), next(iter(shop.right)))
    shop.history.new()
    refused = workspace.run("repair", "p", "--yes", code=DECISION)
    assert "spillway repair p --allow-deletes" in refused.text
    assert shop.history.new() == []
    workspace.run("repair", "p", "--yes", "--allow-deletes")
    shop.assert_right()


def test_the_checkpoint_stays_and_the_next_sync_goes_on(shop):
    workspace = shop.workspace
    shop.meddler.plant(random.Random(2), 5)
    [before] = workspace.json("status")["pipelines"]
    workspace.run("repair", "p", "--yes")
    [after] = workspace.json("status")["pipelines"]
    assert after["version"] == before["version"]
    [run] = workspace.json("runs", "p", "--count", "1")["runs"]
    assert run["kind"] == "repair" and run["state"] == "succeeded"
    write_deltalake(str(shop.table), rows(random.Random(3), range(900, 905)), mode="append")
    assert workspace.json("sync", "p")["version"] == before["version"] + 1
    assert workspace.json("verify", "p")["matches"] is True


def test_while_a_stream_runs_the_pipeline_is_its_own(shop):
    workspace = shop.workspace
    process = workspace.spillway.start("sync", "p", "--continuous")
    try:
        wait_until(
            lambda: workspace.json("status")["pipelines"][0]["last_run"]["state"] == "running",
            "a stream",
        )
        assert "spillway" in workspace.run("repair", "p", "--yes", code=LOCKED).text
    finally:
        process.send_signal(signal.SIGTERM)
        workspace.spillway.end_of(process, code=143)


@pytest.mark.timeout(3600 if FULL else 120)
def test_a_repair_killed_at_random_moments_is_finished_by_the_next(workspace, control, tmp_path):
    shop = Shop(workspace, control, tmp_path, SEED)
    dice = random.Random(SEED)
    control.add_fault(
        SEED,
        operation="bulk",
        container=f"{workspace.database}/{shop.name}",
        effect="none",
        delay_ms=30,
    )
    kills = 0
    seconds_max = 0.6
    while kills < KILLS:
        shop.meddler.plant(dice, 60)
        process = workspace.spillway.start("repair", "p", "--yes")
        try:
            process.communicate(timeout=dice.uniform(0, seconds_max))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            kills += 1
        workspace.run("repair", "p", "--yes")
        shop.assert_right(f"after kill {kills}")

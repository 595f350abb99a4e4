"""Random tables, random cuts, random memory: after each sync the container equals the table.

A sequence is a seed. It makes a table by hand (hand_log.py, model.py), or has delta-rs or Spark
write one, syncs it now and then, and compares each time with what an independent reader sees.
SPILLWAY_FULL=1 raises the counts; SPILLWAY_MODEL_SEED=N replays one sequence.
"""

import json
import os
import pathlib
import random
import shutil
import subprocess

import pytest

from lake import FULL
from mirror import assert_adds_up, assert_same, by_identity, rows_of, version_of
from model import LATE_COLUMNS, RandomTable
from random_plan import DeltaRs, Plan

BY_HAND = 2_000 if FULL else 40
BY_DELTA_RS = 60 if FULL else 4
BY_SPARK = 15 if FULL else 2
FIRST_SEED = 20_260_000
SEQUENCES_OF_TEST = 50 if FULL else 10  # sequences that one test runs
STEPS_MAX = 12
MEMORY = ["64MiB", "96MiB", "256MiB"]
KILLED_SHARE = 0.1  # of the syncs; the sync after it must finish what it left
KILLED_SECONDS_MAX = 0.25
REPLAY = os.environ.get("SPILLWAY_MODEL_SEED")


def seeds(count: int) -> list:
    """One list of seeds for each test."""
    if REPLAY:
        return [[int(REPLAY)]]
    last = FIRST_SEED + count
    return [
        list(range(first, min(first + SEQUENCES_OF_TEST, last)))
        for first in range(FIRST_SEED, last, SEQUENCES_OF_TEST)
    ]


def name_of(numbers: list) -> str:
    return f"from-{numbers[0]}"


def without_late_nulls(rows: dict) -> dict:
    """Documents leave out nulls of columns that came after the load, and only of those."""
    return {
        key: {k: v for k, v in row.items() if v is not None or k not in LATE_COLUMNS}
        for key, row in rows.items()
    }


class Sequence:
    """One pipeline that follows one random table."""

    def __init__(self, workspace, folder, dice, container):
        self.workspace = workspace
        self.folder = folder
        self.dice = dice
        self.container = container
        self.synced = -1
        self.more_to_come = False  # versions above the newest that is asked for

    def configure(self):
        project = self.workspace.project(
            self.folder,
            table="rows",
            destination={"container": self.container, "partition_key": "/category"},
            sync={"delete_guard": "off", "settle": "100ms", "changes": self.changes_policy()},
        )
        project["memory"] = self.dice.choice(MEMORY)
        state = self.folder / "state.db"
        self.workspace.configure({**project, "state": {"store": "sqlite", "path": str(state)}})

    def changes_policy(self) -> str:
        return self.dice.choices(["auto", "files", "diff"], [8, 1, 1])[0]

    def sync(self, newest: int) -> None:
        """Syncs to some version between the last one and the newest."""
        self.configure()
        version = newest
        if self.dice.random() < 0.4:
            version = self.dice.randint(max(self.synced, 0), newest)
        is_last = version == newest and not self.more_to_come
        words = ["sync", "p", *([] if is_last else ["--until", str(version)])]
        while self.dice.random() < KILLED_SHARE:
            self.kill(words)
        summary = self.workspace.json(*words)
        assert_adds_up(summary)
        # A window that a killed run had begun may end later than this one was to.
        assert version <= summary["version"] <= newest
        self.synced = summary["version"]

    def kill(self, words) -> None:
        process = self.workspace.spillway.start(*words)
        try:
            process.communicate(timeout=self.dice.uniform(0, KILLED_SECONDS_MAX))
        except Exception:  # noqa: BLE001: still running
            process.kill()
            process.communicate()

    def follow(self, newest: int, rows_at) -> None:
        """Syncs, compares with `rows_at(version)`, and goes on."""
        self.sync(newest)
        self.compare(rows_at(self.synced), f"at version {self.synced}")

    def compare(self, expected: list, where: str) -> None:
        documents = by_identity(self.workspace.documents(self.container), "category")
        rows = by_identity(expected, "category")
        assert_same(without_late_nulls(documents), without_late_nulls(rows), where)


def run_by_hand(seed: int, workspace, folder) -> None:
    dice = random.Random(seed)
    table = RandomTable(folder / "rows", dice)
    sequence = Sequence(workspace, folder, dice, f"s{seed}")

    def rows_at(version):
        found = rows_of(table.table.path, version)
        if version == table.table.version:
            columns = table.table.columns
            model = [{name: row.get(name) for name in columns} for row in table.table.rows()]
            same = by_identity(model, "category") == by_identity(found, "category")
            assert same, "delta-rs reads another table than was written"
        return found

    for _ in range(dice.randrange(3)):
        table.step()
    for _ in range(dice.randint(3, STEPS_MAX)):
        table.step()
        if dice.random() < 0.4:
            sequence.follow(table.table.version, rows_at)
    finish(sequence, table.table.version, rows_at)


def finish(sequence, newest: int, rows_at) -> None:
    sequence.follow(newest, rows_at)
    while sequence.synced < newest:
        sequence.follow(newest, rows_at)


def run_by_delta_rs(seed: int, workspace, folder) -> None:
    dice = random.Random(seed)
    plan = Plan(dice, dice.randint(5, STEPS_MAX))
    table = folder / "rows"
    writer = DeltaRs(table, plan.about)
    sequence = Sequence(workspace, folder, dice, f"s{seed}")
    for step in plan.steps:
        writer.step(step)
        if dice.random() < 0.3:
            sequence.follow(version_of(table), lambda version: rows_of(table, version))
    finish(sequence, version_of(table), lambda version: rows_of(table, version))


def run_by_spark(seed: int, workspace, folder) -> None:
    """Spark has written everything before; the table's newer commits are still to be seen."""
    dice = random.Random(seed + 1)
    rows_at = lambda version: json.loads((folder / f"rows.{version}.json").read_text())
    newest = max(int(file.name.split(".")[1]) for file in folder.glob("rows.*.json"))
    sequence = Sequence(workspace, folder, dice, f"s{seed}")
    for seen in sorted(dice.sample(range(newest + 1), min(4, newest + 1))):
        sequence.more_to_come = seen < newest
        sequence.follow(max(seen, sequence.synced), rows_at)
    sequence.more_to_come = False
    finish(sequence, newest, rows_at)


def run(runner, seed: int, workspace, folder) -> None:
    folder.mkdir(exist_ok=True)
    try:
        runner(seed, workspace, folder)
    except Exception as problem:
        name = runner.__name__.removeprefix("run_")
        raise AssertionError(
            f"{problem}\nto replay: SPILLWAY_MODEL_SEED={seed} with pytest"
            f" test/e2e/test_changes_model.py -k {name}"
        ) from problem
    shutil.rmtree(folder)
    database = workspace.cosmos.get_database_client(workspace.database)
    database.delete_container(f"s{seed}")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("numbers", seeds(BY_HAND), ids=name_of)
def test_random_tables_written_by_hand(numbers, workspace, tmp_path):
    for seed in numbers:
        run(run_by_hand, seed, workspace, tmp_path / str(seed))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("numbers", seeds(BY_DELTA_RS), ids=name_of)
def test_random_tables_written_by_delta_rs(numbers, workspace, tmp_path):
    for seed in numbers:
        run(run_by_delta_rs, seed, workspace, tmp_path / str(seed))


@pytest.fixture(scope="module")
def spark_tables(tmp_path_factory):
    """One session of Spark writes the tables of all seeds."""
    folder = tmp_path_factory.mktemp("spark")
    for seed in (seed for numbers in seeds(BY_SPARK) for seed in numbers):
        dice = random.Random(seed)
        plan = Plan(dice, dice.randint(5, STEPS_MAX))
        (folder / str(seed)).mkdir()
        text = json.dumps({"about": plan.about, "steps": plan.steps})
        (folder / str(seed) / "plan.json").write_text(text)
    script = pathlib.Path(__file__).resolve().parent / "write_random_spark.py"
    subprocess.run([os.environ["SPILLWAY_SPARK_PYTHON"], str(script), str(folder)], check=True)
    return folder


@pytest.mark.spark
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("numbers", seeds(BY_SPARK), ids=name_of)
def test_random_tables_written_by_spark(numbers, workspace, spark_tables):
    for seed in numbers:
        run(run_by_spark, seed, workspace, spark_tables / str(seed))

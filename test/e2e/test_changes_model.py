"""Random tables, random cuts, random memory: after each sync the container equals the table.

A sequence is a seed. It makes a table by hand (hand_log.py, model.py), or has delta-rs or Spark
write one, syncs it now and then, and compares each time with what an independent reader sees.
SPILLWAY_FULL=1 raises the counts; SPILLWAY_MODEL_SEED=N replays one sequence.
"""

import os
import random
import shutil

import pytest

from lake import FULL
from mirror import assert_adds_up, assert_same, by_identity, rows_of
from model import LATE_COLUMNS, RandomTable

BY_HAND = 2_000 if FULL else 40
FIRST_SEED = 20_260_000
SEQUENCES_OF_TEST = 50 if FULL else 10  # sequences that one test runs
STEPS_MAX = 12
MEMORY = ["64MiB", "96MiB", "256MiB"]
KILLED_SHARE = 0.1  # of the syncs; the sync after it must finish what it left
KILLED_SECONDS_MAX = 0.25
REPLAY = os.environ.get("SPILLWAY_MODEL_SEED")


def seeds() -> list:
    """One list of seeds for each test."""
    if REPLAY:
        return [[int(REPLAY)]]
    last = FIRST_SEED + BY_HAND
    return [
        list(range(first, min(first + SEQUENCES_OF_TEST, last)))
        for first in range(FIRST_SEED, last, SEQUENCES_OF_TEST)
    ]


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
        self.kills = 0
        self.synced = -1

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
        words = ["sync", "p", *(["--until", str(version)] if version < newest else [])]
        while self.dice.random() < KILLED_SHARE:
            self.kill(words)
        summary = self.workspace.json(*words)
        assert_adds_up(summary)
        # A window that a killed run had begun may end later than this one was to.
        assert version <= summary["version"] <= newest
        self.synced = summary["version"]

    def kill(self, words) -> None:
        self.kills += 1
        process = self.workspace.spillway.start(*words)
        try:
            process.communicate(timeout=self.dice.uniform(0, KILLED_SECONDS_MAX))
        except Exception:  # noqa: BLE001: still running
            process.kill()
            process.communicate()

    def compare(self, expected: list, where: str) -> None:
        documents = by_identity(self.workspace.documents(self.container), "category")
        rows = by_identity(expected, "category")
        assert_same(without_late_nulls(documents), without_late_nulls(rows), where)


def run_by_hand(seed: int, workspace, folder) -> None:
    dice = random.Random(seed)
    table = RandomTable(folder / "rows", dice)
    sequence = Sequence(workspace, folder, dice, f"s{seed}")
    for _ in range(dice.randrange(3)):
        table.step()
    for _ in range(dice.randint(3, STEPS_MAX)):
        table.step()
        if dice.random() < 0.4:
            check(sequence, table)
    check(sequence, table)
    if sequence.synced < table.table.version:
        check(sequence, table, to_the_end=True)


def check(sequence, table, to_the_end=False) -> None:
    newest = table.table.version
    if to_the_end:
        sequence.synced = newest
    sequence.sync(newest)
    expected = rows_of(table.table.path, sequence.synced)
    if sequence.synced == newest:
        columns = table.table.columns
        model = [{name: row.get(name) for name in columns} for row in table.table.rows()]
        same = by_identity(model, "category") == by_identity(expected, "category")
        assert same, "delta-rs reads another table than was written"
    sequence.compare(expected, f"at version {sequence.synced}")


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("numbers", seeds(), ids=lambda numbers: f"from-{numbers[0]}")
def test_random_tables_written_by_hand(numbers, workspace, tmp_path):
    for seed in numbers:
        folder = tmp_path / str(seed)
        try:
            run_by_hand(seed, workspace, folder)
        except Exception as problem:
            raise AssertionError(
                f"{problem}\nto replay: SPILLWAY_MODEL_SEED={seed} ./dev test e2e, or pytest"
                " test/e2e/test_changes_model.py -k by_hand"
            ) from problem
        shutil.rmtree(folder)
        database = workspace.cosmos.get_database_client(workspace.database)
        database.delete_container(f"s{seed}")

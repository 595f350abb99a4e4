"""rollback makes the destination what the table was, and holds it there; killed at any moment, the
same command finishes it."""

import random
import signal
import subprocess
import time

import pytest

from control import History
from followed import DECISION, MISMATCH, USAGE, stored
from lake import FULL
from mirror import assert_adds_up, assert_equal, rows_of, version_of

KILLS = 40 if FULL else 4
SEED = 63
ROWS = 200


@pytest.fixture
def shop(followed):
    """A table of six versions, and the container at the last."""
    followed.create(count=ROWS)
    workspace = followed.workspace
    workspace.run("sync", "p")
    followed.table.update(updates={"stock": "stock + 1000"}, predicate="stock % 3 = 0")
    followed.table.delete("stock % 7 = 1")
    followed.append(range(ROWS, ROWS + 40))
    followed.table.update(updates={"category": "'c9'"}, predicate="category = 'c1'")
    followed.sync()
    return followed


def status(shop) -> dict:
    [pipeline] = shop.workspace.json("status")["pipelines"]
    return pipeline


def assert_at(shop, version):
    assert_equal(shop.workspace, shop.path, version, "category", where=f"at {version}")
    assert shop.workspace.json("verify", "p")["matches"] is True


def test_every_version_can_be_gone_back_to_and_on_from(shop):
    latest = version_of(shop.path)
    for version in range(latest, 0, -1):
        summary = shop.workspace.json("rollback", "p", "--to", str(version), "--yes")
        assert summary["version"] == version and summary["still_different"] == 0
        assert_adds_up(summary)
        assert_at(shop, version)
        assert status(shop)["state"] == "held" and status(shop)["version"] == version
    shop.sync("--resume")
    assert status(shop)["state"] == "loaded"


def test_only_what_differs_is_written(shop, control):
    latest = version_of(shop.path)
    history = History(control, f"{shop.workspace.database}/items")
    history.new()
    now, then = (
        {(r["category"], r["id"]): r for r in rows_of(shop.path, v)} for v in (latest, latest - 2)
    )
    differ = sum(now.get(key) != then.get(key) for key in now.keys() | then.keys())
    summary = shop.workspace.json("rollback", "p", "--to", str(latest - 2), "--yes")
    assert len(history.new()) == differ == summary["to_write"] + summary["to_delete"]


def test_held_means_that_no_sync_undoes_it(shop):
    workspace = shop.workspace
    workspace.run("rollback", "p", "--to", "2", "--yes")
    for words in ((), ("--continuous",), ("--until", "4")):
        refused = workspace.run("sync", "p", *words, code=DECISION)
        assert "held at version 2" in refused.text
        assert "spillway sync p --resume" in refused.text
    assert_at(shop, 2)
    assert "spillway sync p --resume" in workspace.run("status").stdout
    # While it is held, it can be repaired like any other.
    container = workspace.container()
    document = next(iter(stored(shop).values()))
    container.upsert_item({**document, "stock": -1})
    assert workspace.json("verify", "p", code=MISMATCH)["different"] == 1
    workspace.run("repair", "p", "--yes")
    assert_at(shop, 2)
    shop.sync("--resume")


def test_a_new_load_ends_the_hold(shop):
    shop.workspace.run("rollback", "p", "--to", "1", "--yes")
    shop.sync("--resync")
    assert status(shop)["state"] == "loaded"


def test_a_time_and_a_run_name_a_version_too(shop):
    workspace = shop.workspace
    runs = workspace.json("runs", "p")["runs"]
    load = next(run for run in runs if run["kind"] == "load")
    summary = workspace.json("rollback", "p", "--to", f"run:{load['id']}", "--yes")
    assert summary["version"] == load["version"]
    assert_at(shop, load["version"])
    shop.sync("--resume")
    summary = workspace.json("rollback", "p", "--to", "2100-01-01", "--yes")
    assert summary["version"] == version_of(shop.path)
    refused = workspace.run("rollback", "p", "--to", "run:99", "--yes", code=1)
    assert "spillway runs p" in refused.text


def test_what_cannot_be_is_refused_before_anything_is_written(shop, control):
    workspace = shop.workspace
    history = History(control, f"{workspace.database}/items")
    history.new()
    shop.append(range(5_000, 5_010))
    ahead = workspace.run("rollback", "p", "--to", str(version_of(shop.path)), "--yes", code=USAGE)
    assert "spillway sync p --until" in ahead.text
    workspace.run("rollback", "p", "--to", "99", "--yes", code=1)
    assert "--yes" in workspace.run("rollback", "p", "--to", "1", code=USAGE).text
    plan = workspace.json("rollback", "p", "--to", "1", "--dry-run")
    assert plan["carried_out"] is False and plan["to_write"] > 0
    assert history.new() == [] and status(shop)["state"] == "loaded"


def test_the_guard_asks_before_many_documents_go(followed):
    followed.create(count=20, sync={"delete_guard": "10%"})
    followed.workspace.run("sync", "p")
    followed.append(range(1_000, 1_200))
    followed.sync()
    refused = followed.workspace.run("rollback", "p", "--to", "1", "--yes", code=DECISION)
    assert "spillway rollback p --to 1 --allow-deletes" in refused.text
    followed.workspace.run("rollback", "p", "--to", "1", "--yes", "--allow-deletes")
    assert_at(followed, 1)


@pytest.mark.timeout(3600 if FULL else 120)
def test_killed_at_random_moments_the_same_command_finishes_it(shop, control):
    workspace = shop.workspace
    dice = random.Random(SEED)
    latest = version_of(shop.path)
    kills = begun = 0
    # Each write takes its time, so that the middle can be hit.
    control.add_fault(
        SEED,
        operation="bulk",
        container=f"{workspace.database}/items",
        effect="none",
        delay_ms=150,
    )
    start = time.monotonic()
    workspace.run("rollback", "p", "--to", "1", "--yes")
    whole_seconds = time.monotonic() - start
    shop.sync("--resume")
    while kills < KILLS or begun == 0:
        assert kills < 20 * KILLS, "no kill hits a rollback that has begun"
        version = dice.randrange(1, latest - 1)
        process = workspace.spillway.start("rollback", "p", "--to", str(version), "--yes")
        try:
            process.communicate(timeout=dice.uniform(0.2, 1) * whole_seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
        if status(shop)["state"] == "rolling back":
            begun += 1
            refused = workspace.run("sync", "p", code=DECISION)
            assert f"spillway rollback p --to {version}" in refused.text
            assert workspace.run("sync", "p", "--resume", code=DECISION)
            assert workspace.run("repair", "p", "--yes", code=DECISION)
        workspace.run("rollback", "p", "--to", str(version), "--yes")
        assert_at(shop, version)
        shop.sync("--resume")

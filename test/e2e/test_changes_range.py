"""Where a sync starts and stops: from and until a version, anew, and while it is left running."""

import datetime
import shutil
import signal
import time

import pytest

from followed import INTERRUPTED, LOCKED, ROWS, TERMINATED, USAGE
from mirror import assert_equal, version_of
from programs import wait_until


def test_until_a_version_stops_there(followed):
    followed.create()
    followed.sync("--until", "0", version=0)
    for n in range(3):
        followed.append([100 + n])
    for version in (1, 3, 4):
        followed.sync("--until", str(version), version=version)
    assert followed.sync("--until", "2", version=4)["outcome"] == "up to date"


def test_until_a_time_stops_there(followed):
    followed.create()
    followed.sync()
    followed.append([100])
    time.sleep(0.05)
    moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
    time.sleep(0.05)
    followed.append([101])
    followed.sync("--until", moment, version=2)
    followed.sync(version=3)


def test_from_a_version_takes_the_container_as_it_is(followed):
    followed.create()
    followed.sync()
    for document in followed.workspace.documents():
        if document["id"] < "p0010":
            followed.workspace.container().delete_item(document["id"], document["category"])
    followed.append([100])
    summary = followed.workspace.json("sync", "p", "--from", "1")
    assert summary["from_version"] == 1 and summary["counts"]["upserted"] == 1
    assert len(followed.workspace.documents()) == ROWS - 10 + 1, "--from loaded the table"


def test_from_needs_a_container(followed):
    followed.create()
    stopped = followed.workspace.run("sync", "p", "--from", "1", code=None)
    assert stopped.code == 1 and "missing" in stopped.stderr


def test_full_loads_again(followed):
    followed.create()
    followed.sync()
    followed.append([100])
    followed.workspace.container().delete_item("p0001", "c1")
    assert followed.sync("--full")["counts"]["upserted"] == ROWS + 1


def test_resync_takes_away_what_the_table_does_not_have(followed):
    followed.create()
    followed.sync()
    container = followed.workspace.container()
    container.upsert_item({"id": "stranger", "category": "c1"})
    container.delete_item("p0001", "c1")
    assert followed.sync("--resync")["swept"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--full", "--from", "1"),
        ("--resync", "--from", "1"),
        ("--continuous", "--version", "1"),
        ("--until", "yesterday"),
        ("--until",),
    ],
)
def test_arguments_that_contradict_each_other_are_refused(words, followed):
    followed.create()
    followed.workspace.run("sync", "p", *words, code=USAGE)
    assert followed.workspace.json("status")["pipelines"][0]["state"] == "not loaded"


def test_a_table_that_was_created_anew_stops_until_it_is_resynced(followed):
    followed.create()
    followed.sync()
    shutil.rmtree(followed.path)
    for n in range(4):
        followed.append(range(n * 5, n * 5 + 5), stock=3)
    stopped = followed.workspace.run("sync", "p", code=None)
    assert stopped.code == 1 and "--resync" in stopped.stderr
    assert len(followed.workspace.documents()) == ROWS
    followed.sync("--resync")


def test_changes_whose_files_were_vacuumed_stop_until_resynced(followed):
    followed.create(feed=False)
    followed.sync()
    followed.table.update(updates={"stock": "stock + 1"})
    followed.vacuum()
    stopped = followed.workspace.run("sync", "p", code=None)
    assert stopped.code == 1 and "--resync" in stopped.stderr
    followed.sync("--resync")


# Continuous.


def documents_equal(followed):
    def condition():
        try:
            assert_equal(followed.workspace, followed.path, None, "category")
        except Exception:  # noqa: BLE001: not yet; the container may not be there either
            return False
        return True

    return condition


@pytest.mark.parametrize(
    "kind, code", [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)]
)
def test_a_continuous_sync_follows_until_stopped_and_goes_on(kind, code, followed):
    followed.create()
    for batch in range(2):
        process = followed.workspace.spillway.start("sync", "p", "--continuous")
        try:
            wait_until(documents_equal(followed), "the container equal, at the start")
            for n in range(3):
                followed.append([200 + 10 * batch + n])
                followed.table.update(updates={"stock": "stock + 1"}, predicate=f"stock = {n + 9}")
                followed.table.delete(f"stock = {30 + 3 * batch + n}")
                wait_until(documents_equal(followed), "the container equal, while following")
            second = followed.workspace.run("sync", "p", code=LOCKED)
            assert "p" in second.stderr
        finally:
            process.send_signal(kind)
            stdout, stderr = process.communicate(timeout=30)
        assert process.returncode == code, stdout + stderr
        assert "spillway sync p" in stdout + stderr, "the next command is not named"
        status = followed.workspace.json("status")["pipelines"][0]
        assert status["version"] == version_of(followed.path)
        followed.append([300 + batch])  # while nobody follows
    followed.sync()

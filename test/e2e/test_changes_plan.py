"""What `plan`, `status` and `sync` say of pending changes, and of those that will soon be gone."""

import os
import time

import pytest

from followed import FEED, FEED_WAS_OFF, ROWS, do_merge, rows
from mirror import assert_adds_up, assert_equal, version_of

PENDING = 4
HOUR_SECONDS = 3600
LOG, FILES = "delta.logRetentionDuration", "delta.deletedFileRetentionDuration"


def plan(followed, code=PENDING) -> dict:
    return followed.workspace.json("plan", "p", "--exit-code", code=code)


def everything(followed) -> tuple:
    """What a plan must leave as it is."""
    status = followed.workspace.json("status")
    runs = followed.workspace.json("runs")
    documents = sorted((d["id"], d["_etag"]) for d in followed.workspace.documents())
    return status, runs, documents


def test_a_plan_of_changes_is_what_the_sync_then_does(followed):
    followed.create(feed=False)
    followed.sync()
    done = plan(followed, code=0)
    assert (done["pending"], done["behind"], done["versions"]) == (False, 0, [])
    followed.append(range(100, 107))
    followed.table.alter.set_table_properties(FEED)
    followed.table.delete("stock < 4")
    followed.table.update(updates={"stock": "stock + 1"}, predicate="stock > 105")
    before = everything(followed)
    pending = plan(followed)
    assert everything(followed) == before, "the plan wrote something"
    assert (pending["run"], pending["behind"], pending["version"]) == ("changes", 4, 5)
    told = [
        (r["method"], r["reason"], r["first_version"], r["last_version"])
        for r in pending["versions"]
    ]
    assert told == [("files", FEED_WAS_OFF, 2, 2), ("feed", "", 3, 5)]
    assert pending["bytes"] == sum(r["bytes"] for r in pending["versions"]) > 0
    assert pending["exact"] is True
    counts = followed.sync()["counts"]
    assert (pending["upserts"], pending["deletes"]) == (counts["upserted"], counts["deleted"])
    assert (counts["upserted"], counts["deleted"]) == (7, 4)


def test_a_plan_says_what_changes_cost(followed):
    followed.create()
    followed.sync()
    do_merge(followed)
    pending = plan(followed)
    assert pending["request_units"] > 0 and pending["seconds"] > 0
    spent = followed.sync()["request_units"]
    assert spent / 3 < pending["request_units"] < spent * 3
    text = followed.workspace.run("plan", "p").stdout
    assert "nothing to apply" in text


def test_a_plan_is_read_by_people(followed):
    followed.create()
    followed.sync()
    followed.append(range(100, 107))
    text = followed.workspace.run("plan", "p").stdout
    for words in ("1 version by the change data feed", "upserts", "next: spillway sync p"):
        assert words in text, text


def test_a_plan_of_files_on_request_and_of_one_difference(followed):
    followed.create(sync={"changes": "diff"})
    followed.sync()
    do_merge(followed)
    followed.append([200])
    [told] = plan(followed)["versions"]
    assert (told["method"], told["first_version"], told["last_version"]) == ("diff", 2, 3)


def test_a_plan_after_the_mapping_changed_is_of_a_load(followed):
    followed.create()
    followed.sync()
    followed.append([200])
    sync = {"delete_guard": "off", "mode": "upsert"}
    followed.workspace.configure(
        followed.workspace.project(
            followed.folder, destination={"partition_key": "/category"}, sync=sync
        )
    )
    pending = plan(followed)
    assert pending["run"] == "load" and "mode" in pending["reload_reason"]
    assert pending["rows"] == ROWS + 1


def test_a_plan_of_changes_that_are_lost_says_so(followed):
    followed.create(feed=False)
    followed.sync()
    followed.table.update(updates={"stock": "stock + 1"})
    followed.vacuum()
    stopped = followed.workspace.run("plan", "p", code=None)
    assert stopped.code == 1 and "--resync" in stopped.stderr


def test_status_says_how_far_behind_a_pipeline_is(followed):
    followed.create()
    followed.sync()
    assert followed.workspace.json("status")["pipelines"][0]["behind"] == 0
    followed.append([100])
    followed.append([101])
    status = followed.workspace.json("status")["pipelines"][0]
    assert (status["version"], status["behind"]) == (1, 2)


def test_status_works_without_the_table(followed):
    followed.create()
    followed.sync()
    followed.path.rename(followed.path.with_name("away"))
    status = followed.workspace.json("status")["pipelines"][0]
    assert status["version"] == 1 and "behind" not in status
    assert "?" in followed.workspace.run("status").stdout


# What the table is about to let go of. The time of a commit is that of its file.


def age(followed, version: int, hours: float) -> None:
    log = followed.path / "_delta_log" / f"{version:020}.json"
    moment = time.time() - hours * HOUR_SECONDS
    os.utime(log, (moment, moment))


def aged(followed, setting, interval, hours, change) -> None:
    """One pending version, which is so old."""
    followed.create()
    followed.table.alter.set_table_properties({setting: interval})
    followed.sync()
    change()
    age(followed, version_of(followed.path), hours)


def warnings(followed) -> dict:
    """Of every command, before the changes are applied and when they are."""
    status = followed.workspace.json("status")["pipelines"][0]
    texts = followed.workspace.run("status"), followed.workspace.run("plan", "p")
    planned = plan(followed)
    outcome = followed.workspace.run("sync", "p")
    assert_equal(followed.workspace, followed.path, None, "category")
    found = {
        "status": status.get("warning"),
        "status as text": texts[0].stderr,
        "plan": planned.get("warning"),
        "plan as text": texts[1].stderr,
        "sync": outcome.stderr,
    }
    return {where: text or "" for where, text in found.items()}


CASES = {
    "a log that is cleaned soon": (LOG, "interval 10 days", 9 * 24, "in "),
    "a log that may be clean": (LOG, "interval 10 days", 11 * 24, "at any time"),
    "files that are vacuumed soon": (FILES, "interval 100 hours", 90, "in "),
    "files that may be gone": (FILES, "interval 100 hours", 120, "at any time"),
}


@pytest.mark.parametrize("case", CASES)
def test_every_command_warns_before_the_table_lets_go(case, followed):
    setting, interval, hours, when = CASES[case]
    # Files are only at stake where some were removed; the log always is.
    if setting == FILES:
        change = lambda: followed.table.delete("stock < 4")
    else:
        change = lambda: followed.append([100])
    aged(followed, setting, interval, hours, change)
    for where, text in warnings(followed).items():
        assert "version 3 of the table is" in text, (where, text)
        assert f"it may go {when}" in text and f"raise {setting}" in text, (where, text)
    calm = followed.workspace.run("sync", "p")
    assert "warning" not in calm.stderr, "nothing is pending any more"


def test_nobody_is_warned_while_there_is_time(followed):
    aged(followed, LOG, "interval 10 days", 5 * 24, lambda: followed.append([100]))
    for where, text in warnings(followed).items():
        assert "may go" not in text, (where, text)


def test_rows_that_were_only_added_need_no_removed_files(followed):
    aged(followed, FILES, "interval 1 hours", 30, lambda: followed.append([100]))
    for where, text in warnings(followed).items():
        assert "may go" not in text, (where, text)


def test_a_continuous_sync_warns_too(followed):
    aged(followed, LOG, "interval 10 days", 9 * 24, lambda: followed.append([100]))
    process = followed.workspace.spillway.start("sync", "p", "--continuous")
    try:
        lines = iter(process.stderr.readline, "")
        warning = next((line for line in lines if "warning" in line), "")
    finally:
        process.terminate()
        process.communicate(timeout=30)
    assert "version 3 of the table is" in warning and f"raise {LOG}" in warning


def test_the_json_of_a_sync_has_the_warning(followed):
    aged(followed, LOG, "interval 10 days", 9 * 24, lambda: followed.append([100]))
    summary = followed.workspace.json("sync", "p")
    assert_adds_up(summary)
    assert "version 3 of the table is" in summary["warning"]
    followed.append(rows([101])["stock"].to_pylist())
    assert "warning" not in followed.workspace.json("sync", "p")

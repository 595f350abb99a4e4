"""What tells the changes: the feed, which comes and goes, the files, or two lists of them."""

import pytest

from followed import DECISION, FEED, FEED_WAS_OFF, do_merge, methods
from mirror import assert_equal


def test_a_feed_that_was_on_tells_every_version(followed):
    followed.create()
    followed.sync()
    followed.table.delete("stock = 1")
    followed.append(range(100, 103))
    assert methods(followed.sync()) == {("feed", ""): 2}


def test_a_feed_enabled_right_after_the_load_tells_what_follows(followed):
    followed.create(feed=False)
    followed.sync()
    followed.table.alter.set_table_properties(FEED)
    followed.table.update(updates={"stock": "stock + 1"}, predicate="stock < 5")
    assert methods(followed.sync()) == {("feed", ""): 2}


def test_versions_before_the_feed_was_enabled_are_told_by_files(followed):
    followed.create(feed=False)
    followed.sync()
    followed.table.update(updates={"stock": "stock + 100"}, predicate="stock < 5")
    followed.table.delete("stock = 7")
    followed.table.alter.set_table_properties(FEED)
    followed.table.update(updates={"stock": "stock + 1"}, predicate="stock > 30")
    assert methods(followed.sync()) == {("files", FEED_WAS_OFF): 2, ("feed", ""): 2}


def test_a_feed_that_is_switched_off_and_on_again_loses_nothing(followed):
    followed.create()
    followed.sync()
    for state in ("true", "false", "true"):
        followed.table.alter.set_table_properties({"delta.enableChangeDataFeed": state})
        followed.table.update(updates={"stock": "stock + 1"}, predicate="stock < 20")
        followed.table.delete("stock % 10 = 5")
    assert methods(followed.sync()) == {("feed", ""): 6, ("files", FEED_WAS_OFF): 3}


@pytest.mark.parametrize("policy", ["files", "diff"])
def test_changes_can_be_told_by_files_on_request(policy, followed):
    followed.create(sync={"changes": policy})
    followed.sync()
    do_merge(followed)
    followed.table.delete("stock < 4")
    [(method, reason)] = methods(followed.sync())
    assert (method, reason) == (policy, f"`changes: {policy}` asks for it")


def test_a_feed_that_is_asked_for_and_off_needs_a_decision(followed):
    followed.create(feed=False, sync={"changes": "feed"})
    followed.sync()
    followed.append(range(100, 103))
    stopped = followed.workspace.run("sync", "p", code=DECISION)
    assert "delta.enableChangeDataFeed" in stopped.stderr
    assert_equal(followed.workspace, followed.path, 1, "category")

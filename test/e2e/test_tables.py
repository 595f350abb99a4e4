"""Every table, loaded and read back by the official client: the full sets are compared."""

import pytest

from documents import check_documents
from lake import ALL_TABLES


@pytest.mark.parametrize("name", ALL_TABLES)
def test_the_container_holds_what_the_table_holds(name, configured, lake):
    about, rows = lake.about(name), lake.rows(name)
    workspace = configured(name)
    summary = workspace.json("sync", "p")
    check_documents(about, rows, workspace.documents())
    assert summary["counts"]["read"] == len(rows)
    assert summary["counts"]["upserted"] == len(rows)


@pytest.mark.parametrize("name", ALL_TABLES)
def test_verify_finds_no_difference(name, configured, lake):
    workspace = configured(name)
    workspace.run("sync", "p")
    report = workspace.json("verify", "p")
    assert report["equal"] == len(lake.rows(name))
    assert report["request_units"] > 0


VERSIONS = [
    (name, version)
    for name, version in (
        ("append", 1),
        ("append", 2),
        ("delete_deletion_vector", 1),
        ("in_commit_timestamps", 1),
        ("rs_append", 0),
        ("rs_append", 1),
    )
]


@pytest.mark.parametrize("name, version", VERSIONS)
def test_an_older_version_is_loaded_when_asked_for(name, version, configured, lake):
    workspace = configured(name)
    summary = workspace.json("sync", "p", "--version", str(version))
    check_documents(lake.about(name), lake.rows(name, version), workspace.documents())
    assert summary["version"] == version


def test_a_projection_leaves_the_other_columns_out(configured, lake):
    columns = ["id", "price"]
    workspace = configured("append", source={"columns": columns})
    workspace.run("sync", "p")
    check_documents(lake.about("append"), lake.rows("append"), workspace.documents(), columns)


def test_a_filter_drops_rows_and_counts_them(configured, lake):
    workspace = configured("append", source={"filter": "price > 20"})
    summary = workspace.json("sync", "p")
    rows = lake.rows("append")
    kept = [row for row in rows if row["price"] > 20]
    assert 0 < len(kept) < len(rows)
    check_documents(lake.about("append"), kept, workspace.documents())
    assert summary["counts"]["filtered"] == len(rows) - len(kept)


def test_inspect_describes_a_table(configured, lake):
    workspace = configured("change_data_feed")
    table = workspace.json("inspect", str(lake.path("change_data_feed")))
    assert table["version"] == 3
    assert table["rows"] == len(lake.rows("change_data_feed"))


def test_plan_says_what_would_be_done_and_does_nothing(configured, lake):
    workspace = configured("append")
    plan = workspace.json("plan", "p")
    assert plan["rows"] == len(lake.rows("append"))
    assert workspace.database not in [d["id"] for d in workspace.cosmos.list_databases()]


def test_a_second_sync_has_nothing_to_do(configured, lake):
    workspace = configured("append")
    workspace.run("sync", "p")
    again = workspace.json("sync", "p")
    assert again["counts"]["read"] == again["requests"] == 0
    assert again["outcome"] == "up to date"

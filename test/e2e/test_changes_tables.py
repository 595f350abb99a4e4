"""Every table of the lake, as real writers wrote it, is followed from its first version on."""

import json

import pytest

from documents import check_documents
from followed import DONE
from lake import ALL_TABLES
from mirror import assert_adds_up

# Changes that need a decision: the command that the error names.
DECISIONS = {
    "replace_table": "--resync",
    "vacuum": "--resync",
    "type_widening": "--resync",
    "column_mapping_id": "--resync",
    "column_mapping_name": "--resync",
    "rs_overwrite_schema": "--resync",
}


def load_earliest(workspace, versions: range) -> int:
    """Loads the first version that can be read and mapped, and returns it."""
    for version in versions:
        if workspace.run("sync", "p", "--until", str(version), code=None).code == DONE:
            return version
    raise AssertionError("no version of the table can be loaded")


def versions_of(table) -> range:
    """Those that the log has commits of: an older log is cleaned behind its checkpoint."""
    commits = sorted(file for file in (table / "_delta_log").glob("*.json") if file.stem.isdigit())
    return range(int(commits[0].stem), int(commits[-1].stem) + 1)


def columns_of(table, about, version: int) -> set:
    versions = versions_of(table)
    # What a cleaned log does not tell is as it is now.
    names = {field["name"] for field in about.schema["fields"]} if versions[0] else set()
    for number in range(versions[0], version + 1):
        for line in (table / "_delta_log" / f"{number:020}.json").read_text().splitlines():
            if "metaData" in (action := json.loads(line)):
                schema = json.loads(action["metaData"]["schemaString"])
                names = {field["name"] for field in schema["fields"]}
    return names


def with_late_nulls(documents, about, columns: set) -> list:
    """Documents leave out the nulls of columns that the table got after the load."""
    names = about.columns or [field["name"] for field in about.schema["fields"]]
    late = dict.fromkeys(set(names) - columns)
    return [{**late, **document} for document in documents]


@pytest.mark.parametrize("name", ALL_TABLES)
def test_a_table_that_is_followed_from_its_first_version_ends_equal(name, configured, lake):
    """Every table of the lake: load the first version that can be, then apply all the others."""
    table = lake.path(name)
    versions = versions_of(table)
    about = lake.about(name)
    workspace = configured(name, sync={"delete_guard": "off"})
    loaded = columns_of(table, about, load_earliest(workspace, versions))
    outcome = workspace.run("sync", "p", "--output", "json", code=None)
    if outcome.code != DONE:
        assert name in DECISIONS, outcome.text
        assert DECISIONS[name] in outcome.stderr
        outcome = workspace.run("sync", "p", DECISIONS[name], "--output", "json")
        loaded = columns_of(table, about, versions[-1])
    else:
        assert name not in DECISIONS, "the table is followed now: take it off the list"
    assert_adds_up(outcome.result)
    documents = with_late_nulls(workspace.documents(), about, loaded)
    check_documents(about, lake.rows(name), documents, about.columns)

"""Tables whose log was changed by hand: what Spark 4.0 and delta-rs do not write, and others do."""

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from delta_log import edit_commits, with_type

DECISION = 9
INTERVALS = {
    "interval day to second": (
        pa.int64(),
        [93_784_500_000, -1, None],
        ["P1DT2H3M4.5S", "-PT0.000001S"],
    ),
    "interval hour to minute": (pa.int64(), [7_260_000_000, 0, None], ["PT2H1M", "PT0S"]),
    "interval year to month": (pa.int32(), [14, -12, None], ["P1Y2M", "-P1Y"]),
}


@pytest.mark.parametrize("kind", INTERVALS)
def test_intervals_are_iso_durations(kind, workspace, tmp_path):
    physical, values, texts = INTERVALS[kind]
    table = tmp_path / "lake" / "rows"
    write_deltalake(
        str(table), pa.table({"id": ["a", "b", "c"], "lasts": pa.array(values, physical)})
    )
    with_type(table, "lasts", kind)
    workspace.configure(workspace.project(tmp_path / "lake", table="rows"))
    workspace.run("sync", "p")
    found = {document["id"]: document["lasts"] for document in workspace.documents()}
    assert found == dict(zip("abc", [*texts, None]))


def test_intervals_inside_other_values_are_iso_durations(workspace, tmp_path):
    table = tmp_path / "lake" / "rows"
    pairs = pa.array([[("k", 14)]], pa.map_(pa.string(), pa.int32()))
    rows = {"id": ["a"], "all": pa.array([[-1, None]], pa.list_(pa.int64())), "pairs": pairs}
    write_deltalake(str(table), pa.table(rows))
    list_of = {"type": "array", "elementType": "interval day to second", "containsNull": True}
    map_of = {"type": "map", "keyType": "string", "valueType": "interval year to month"}
    with_type(table, "all", list_of)
    with_type(table, "pairs", {**map_of, "valueContainsNull": True})
    workspace.configure(workspace.project(tmp_path / "lake", table="rows"))
    workspace.run("sync", "p")
    [document] = workspace.documents()
    assert (document["all"], document["pairs"]) == (["-PT0.000001S", None], {"k": "P1Y2M"})


@pytest.fixture
def rows(workspace, tmp_path):
    """Three commits of one row each, and the workspace configured for them."""
    table = tmp_path / "lake" / "rows"
    for key in "abc":
        write_deltalake(str(table), pa.table({"id": [key]}), mode="append")
    workspace.configure(workspace.project(tmp_path / "lake", table="rows"))
    return table


def ids(workspace):
    return sorted(document["id"] for document in workspace.documents())


def test_commits_with_actions_of_tomorrow_and_blank_members_are_read(rows, workspace):
    def edit(action):
        if "add" in action:
            action["add"]["unheardOf"] = {"deep": [1]}
            action["add"].pop("stats", None)
        return action

    edit_commits(rows, edit)
    commit = rows / "_delta_log" / f"{1:020}.json"
    commit.write_text(commit.read_text() + '{"unheardOfAction":{"x":1}}\n')
    workspace.run("sync", "p")
    assert ids(workspace) == ["a", "b", "c"]


def test_a_gap_in_the_log_stops(rows, workspace):
    (rows / "_delta_log" / f"{1:020}.json").unlink()
    assert workspace.run("sync", "p", code=None).code == 1
    assert workspace.database not in [d["id"] for d in workspace.cosmos.list_databases()]


def test_an_absolute_path_is_refused_and_named(rows, workspace):
    """Absolute paths are how a shallow clone names files of another table: none is followed."""

    def edit(action):
        if "add" in action:
            action["add"]["path"] = (rows / action["add"]["path"]).as_uri()
        return action

    edit_commits(rows, edit)
    outcome = workspace.run("sync", "p", code=DECISION)
    assert "file:///" in outcome.text and ".parquet" in outcome.text
    assert workspace.database not in [d["id"] for d in workspace.cosmos.list_databases()]


def test_a_percent_encoded_path_is_decoded(rows, workspace):
    first = next(iter(sorted(rows.glob("*.parquet"))))
    first.rename(rows / "with space and %.parquet")

    def edit(action):
        if "add" in action and action["add"]["path"] == first.name:
            action["add"]["path"] = "with%20space%20and%20%25.parquet"
        return action

    edit_commits(rows, edit)
    workspace.run("sync", "p")
    assert ids(workspace) == ["a", "b", "c"]


def test_a_checkpoint_that_is_cut_short_is_not_believed(rows, workspace):
    """The commits are all there: they are read, or the run stops; never half a table."""
    from deltalake import DeltaTable

    DeltaTable(str(rows)).create_checkpoint()
    checkpoint = next((rows / "_delta_log").glob("*.checkpoint.parquet"))
    checkpoint.write_bytes(checkpoint.read_bytes()[:-50])
    outcome = workspace.run("sync", "p", code=None)
    assert outcome.code in (0, 1)
    if outcome.code == 0:
        assert ids(workspace) == ["a", "b", "c"]

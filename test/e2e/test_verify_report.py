"""Reports of verify as files: what other programs read in the Parquet one is what the JSON lines
say, and a report is there whole or not at all."""

import json
import signal
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from parquet_files import read_as_a_table, read_by_duckdb, read_by_pyarrow
from programs import wait_until

MISMATCH = 5
ROWS = 80_000  # missing: more than one row group of a report


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def as_difference(row):
    """A row of a Parquet report as the JSON lines have it."""
    row = {**row, "partition_key": json.loads(row["partition_key"])}
    if row["written_by"] is None:
        del row["written_by"]
    return row


@pytest.fixture
def meddled(configured):
    """Differences of every kind, with and without fields and stamps."""
    workspace = configured("append", stamp={"field": "_spillway"})
    workspace.run("sync", "p")
    container = workspace.container()
    for number in range(1, 4):
        container.delete_item(f"p000{number}", f"p000{number}")
    stamped = container.read_item("p0005", "p0005")
    container.upsert_item({**stamped, "price": -1, "stock": None, "ü \"quoted\"": [1]})
    other = container.read_item("p0006", "p0006")
    del other["_spillway"]
    container.upsert_item({**other, "category": "elsewhere"})
    container.upsert_item({"id": "strange ✓", "n": 1})
    return workspace


def test_a_report_as_parquet_says_what_the_json_lines_say(meddled):
    for name in ("out.jsonl", "out.parquet"):
        meddled.json("verify", "p", "--report", name, code=MISMATCH)
    expected = lines_of(meddled.folder / "out.jsonl")
    assert {line["kind"] for line in expected} == {"missing", "extra", "different"}
    path = meddled.folder / "out.parquet"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    schema = pq.read_schema(path)
    assert schema.names == ["kind", "partition_key", "id", "fields", "written_by"]
    assert schema.field("fields").type.value_type == pa.string()
    for read in (read_by_pyarrow, read_by_duckdb):
        assert [as_difference(row) for row in read(path)] == expected
    assert sorted(len(line["fields"]) for line in expected) == [0, 0, 0, 0, 1, 3]


def test_the_programs_own_reader_reads_a_report(meddled):
    meddled.json("verify", "p", "--report", "out.parquet", code=MISMATCH)
    path = meddled.folder / "out.parquet"
    fields = {"type": "array", "elementType": "string", "containsNull": True}
    names = ("kind", "partition_key", "id", "written_by")
    columns = {**{name: "string" for name in names}, "fields": fields}
    documents = read_as_a_table(meddled, path, columns, "id")
    found = {d["id"]: {name: d[name] for name in columns} for d in documents}
    assert found == {row["id"]: row for row in read_by_pyarrow(path)}


def test_a_report_of_equal_stores_has_its_columns(configured):
    workspace = configured("append")
    workspace.run("sync", "p")
    workspace.json("verify", "p", "--report", "out.parquet")
    found = pq.read_table(workspace.folder / "out.parquet")
    assert found.num_rows == 0 and found.num_columns == 5
    assert read_by_duckdb(workspace.folder / "out.parquet") == []


@pytest.fixture
def empty_container(workspace, tmp_path):
    """A container that has nothing of what the table has."""
    rows = pa.table({"id": [f"row number {n:07}" for n in range(ROWS)], "n": range(ROWS)})
    write_deltalake(str(tmp_path / "rows"), rows)
    workspace.configure(workspace.project(tmp_path, table="rows"))
    workspace.create_container()
    return workspace


def test_a_large_report_has_every_row_in_several_groups(empty_container):
    workspace = empty_container
    report = workspace.json("verify", "p", "--report", "out.parquet", code=MISMATCH)
    assert report["missing"] == ROWS
    path = workspace.folder / "out.parquet"
    assert pq.ParquetFile(path).num_row_groups > 1
    wanted = {f"row number {n:07}" for n in range(ROWS)}
    for read in (read_by_pyarrow, read_by_duckdb):
        rows = read(path)
        assert len(rows) == ROWS and {row["id"] for row in rows} == wanted
        assert all(row["kind"] == "missing" and row["fields"] == [] for row in rows)


@pytest.mark.parametrize("name", ["out.parquet", "out.jsonl"])
def test_a_report_that_is_killed_leaves_the_one_before(empty_container, name):
    workspace = empty_container
    path = workspace.folder / name
    path.write_text("the one before")
    process = workspace.spillway.start("verify", "p", "--report", name)
    part = workspace.folder / f"{name}.part"
    wait_until(lambda: part.exists() or process.poll() is not None, "a report that is begun")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    if process.returncode == -signal.SIGKILL:
        assert path.read_text() == "the one before"
    workspace.json("verify", "p", "--report", name, code=MISMATCH)
    assert path.stat().st_size > ROWS and not part.exists()

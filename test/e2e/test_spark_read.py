"""Reading with the data source: queries, fields alone, and filters that the service does, against
the local server. The jobs run in one session of Spark (spark_read_jobs.py)."""

import deltalake
import pyarrow as pa
import pytest
import yaml

import random_filters
from mirror import assert_same
from programs import Spillway, cosmos_connection
from spark_rows import ROWS, expected, row
from spark_session import make_database, run_script

DATABASE = "spark-read"
AWKWARD = 300
PLENTY = 100_000

pytestmark = pytest.mark.spark


# More rows in the first file than a part of a verification has, and more files than parts.
FILES = [30_000, *[300] * 9]


def make_table(folder):
    first = 0
    for count in FILES:
        rows = range(first, first + count)
        deltalake.write_deltalake(str(folder), pa.table({
            "id": ["a/b" if n == 7 else str(n) for n in rows],  # no document can have this id
            "category": [f"c{n % 7}" for n in rows], "n": pa.array(rows, pa.int64())}),
            mode="append")
        first += count


def make_project(folder, emulator):
    def pipeline(name):
        return {"source": {"connection": "lake", "table": "table"},
                "destination": {"connection": "shop", "container": name, "id": "id",
                                "partition_key": "/category"},
                "sync": {"max_rejected": "1"}}

    return {"version": 1,
            "connections": {"lake": {"type": "delta", "root": str(folder)},
                            "shop": cosmos_connection(emulator, DATABASE)},
            "pipelines": {name: pipeline(name) for name in ("equal", "broken")}}


def break_documents(container):
    container.delete_item("100", "c2")
    container.upsert_item({"id": "29999", "category": "c4", "n": -1})
    container.upsert_item({"id": "30001", "category": "c6", "n": 30001, "more": None})
    container.upsert_item({"id": "new", "category": "c1", "n": 1})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="module")
def spillway(folder, emulator):
    return Spillway(folder, emulator.credentials)


@pytest.fixture(scope="module")
def jobs(emulator, folder, spillway):
    database = make_database(emulator, DATABASE, {
        **dict.fromkeys(["awkward", "fitting", "streamed"]),
        **dict.fromkeys(["rows", "equal", "broken"], PLENTY)})
    make_table(folder / "table")
    (folder / "spillway.yaml").write_text(yaml.safe_dump(make_project(folder, emulator)))
    for name in ("equal", "broken"):
        spillway.json("sync", name)
    break_documents(database.get_container_client("broken"))
    for name, fitting in (("awkward", False), ("fitting", True)):
        container = database.get_container_client(name)
        for document in random_filters.documents(1, AWKWARD, fitting):
            container.upsert_item(document)
    return run_script("spark_read_jobs.py", emulator, database, folder, COSMOS_KEY=emulator.key)


def test_the_results_of_a_query_are_read_part_by_part(jobs):
    found = jobs.result("queried")
    assert found["parts"] == 5
    assert found["rows"] == sorted([str(n), 2 * n] for n in range(3, ROWS, 7))


def test_a_querys_schema_is_made_from_its_results(jobs):
    assert jobs.result("queried_inferred") == ["struct<id:string,entry:bigint>", 20]


def test_a_query_that_no_part_can_answer_is_one_readable_message(jobs):
    text = jobs.error("refused_query")
    assert "unsupported: the container is read in parts, and this query has ORDER BY" in text
    assert "in Spark: orderBy" in text


def test_fields_alone_are_asked_for(jobs):
    assert jobs.result("columns") == ["struct<quarter:double,id:string>", ROWS, row(6)["quarter"]]


@pytest.mark.parametrize("name", ["pushed_relaxed", "pushed_strict"])
def test_filters_that_are_pushed_leave_the_same_rows(jobs, name):
    found = jobs.result(name)
    assert found["wrong"] == []
    assert found["rows"] > 2 * AWKWARD, "the filters keep next to nothing"


def test_the_service_reads_less_for_filters_that_are_pushed(jobs):
    read = jobs.result("pushed_less")
    assert read.pop("none")[1] == ROWS
    expected = {"category": len(range(3, ROWS, 7)), "number": 99,
                "text": sum(1 for n in range(ROWS)
                            if n % 3 and f"nämé {n}".startswith("nämé 1999"))}
    for name, documents in expected.items():
        assert read[name][1] == documents
    # What is said exactly Spark does not look at again.
    assert [read[name][0] for name in expected] == [0, 1, 0]


def test_filters_are_not_asked_for_where_spark_pushes_none(jobs):
    assert "spark.sql.python.filterPushdown.enabled" in jobs.failure("push_without_spark")


def as_told(found):
    """Without what is of the way there."""
    return {name: value for name, value in found.items()
            if name not in ("request_units", "estimated_request_units", "matches")}


def test_a_table_is_verified_across_the_cluster_as_on_one_machine(jobs, spillway):
    for name, code in (("equal", 0), ("broken", 5)):
        found, matches, _ = jobs.result("verified")[name]
        alone = spillway.json("verify", name, code=code)
        assert matches == alone["matches"] == (name == "equal")
        for difference in (*found["differences"], *alone["differences"]):
            difference.pop("written_by", None)
        assert as_told(found) == as_told(alone)
        assert found["request_units"] > 0
    assert found["source_documents"] == sum(FILES) - 1 and found["rejected"] == 1


def test_what_differs_is_told_by_key_and_field(jobs):
    found, _, text = jobs.result("verified")["broken"]
    told = {(one["kind"], one["partition_key"][0], one["id"], *one["fields"])
            for one in found["differences"]}
    assert told == {("missing", "c2", "100"), ("different", "c4", "29999", "n"),
                    ("different", "c6", "30001", "more"), ("extra", "c1", "new")}
    assert "missing 1, extra 1, different 2" in text and "different ['c6'] 30001: more" in text


def test_a_verification_whose_parts_fail_says_why(jobs):
    text = jobs.failure("verified_in_vain")
    assert "a part of the verification failed in Spark" in text and "DRIVERS_KEY" in text


def test_a_stream_goes_on_where_it_was_after_a_restart(jobs):
    assert jobs.result("streamed") == [200, 200]
    assert_same(jobs.documents("streamed"), expected(400))

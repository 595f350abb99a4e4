"""What does without data sources in Python, on Spark 3.5: writing, streams, changes, reading back
and pipelines, against the local server; the official client judges. The jobs are in
spark_helper_jobs.py."""

import deltalake
import pyarrow as pa
import pytest
import yaml

from mirror import assert_same, by_identity
from programs import cosmos_connection
from spark_rows import assert_counts, expected
from spark_session import make_database, run_script

DATABASE = "spark-helpers"
CONTAINERS = ["written", "failing", "mapped", "each_batch", "changes", "synced", "denied"]

pytestmark = pytest.mark.spark


def project(folder, emulator):
    shop = cosmos_connection(emulator, DATABASE)
    wrong = {**shop, "auth": {"key": {"env": "WRONG_KEY"}}}

    def pipeline(connection):
        return {"source": {"connection": "lake", "table": "table"},
                "destination": {"connection": connection, "container": "synced", "id": "id",
                                "partition_key": "/category"}}

    return {"version": 1,
            "connections": {"lake": {"type": "delta", "root": str(folder)}, "shop": shop,
                            "wrong": wrong},
            "pipelines": {"synced": pipeline("shop"), "denied": pipeline("wrong")}}


TABLE = pa.table({"id": [str(n) for n in range(700)],
                  "category": [f"c{n % 7}" for n in range(700)]})


@pytest.fixture(scope="module")
def jobs(emulator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spark")
    database = make_database(emulator, DATABASE, dict.fromkeys(CONTAINERS))
    deltalake.write_deltalake(str(folder / "table"), TABLE)
    (folder / "spillway.yaml").write_text(yaml.safe_dump(project(folder, emulator)))
    return run_script("spark_helper_jobs.py", emulator, database, folder, spark="3.5",
                      COSMOS_KEY=emulator.key)


def one_message(text: str) -> str:
    """With no frame in it."""
    assert "Traceback" not in text and "\tat " not in text, text
    return text


def test_rows_are_written_and_those_that_cannot_be_are_listed(jobs):
    summary = jobs.result("written")
    assert_counts(summary, upserted=1_999, rejected=1)
    assert '"a/b"' in summary["rejected"][0]["message"]
    others = expected(2_000)
    del others[("c0", "77")]
    assert_same(jobs.documents("written"), others)


def test_too_many_rejected_rows_are_one_message(jobs):
    text = one_message(jobs.failure("over_budget"))
    assert text.startswith("rejected rows over budget: 100 of 200 rows were rejected")


def test_what_the_engine_says_in_a_task_is_one_message_here(jobs):
    text = one_message(jobs.failure("no_id"))
    assert text.startswith("invalid argument: ") and "id" in text
    assert "raise ours from None" in jobs.outcomes["no_id"]["trace"]


def test_a_failure_that_is_not_ours_stays_as_spark_says_it(jobs):
    assert "this function always fails" in jobs.failure("not_ours")


def test_tasks_tell_what_they_did(jobs):
    assert sum(jobs.result("mapped")) == 300
    assert_same(jobs.documents("mapped"), expected(300))


def test_a_stream_writes_every_batch_in_order(jobs):
    assert jobs.result("each_batch")["batches"] == 2
    rows = expected(300)
    for n in range(250, 300):
        rows[(f"c{n % 7}", str(n))]["n"] = -n
    assert_same(jobs.documents("each_batch"), rows)


def test_a_stream_that_fails_says_why(jobs):
    assert "not found: there is no container" in jobs.failure("stream_of_bad_rows")


def test_changes_leave_what_the_table_has(jobs):
    assert_counts(jobs.result("changes"), upserted=90, delete_found_nothing=30, superseded=30)
    rows = {}
    for (category, name), row in expected(90).items():
        row["category"] = "moved" if row["n"] < 20 else category
        rows[(row["category"], name)] = row
    assert_same(jobs.documents("changes"), rows)


def test_a_change_that_is_not_known_is_one_message(jobs):
    text = one_message(jobs.failure("changes_unknown"))
    assert text.startswith("invalid argument: _change_type has upsertish, which is none of")


def test_what_was_written_is_read_back(jobs):
    found = jobs.result("read_back")
    assert found["parts"] > 1
    assert (found["missing"], found["more"]) == (0, 0)
    assert found["sum"] == 299 * 300 // 2
    assert "n:bigint,quarter:double,name:string" in found["schema"]
    assert found["names"] == 200
    assert found["raw"] == [3, ["_rawBody", "id"], 300]


def test_a_value_that_does_not_fit_is_named(jobs):
    assert "column name: \"nämé " in jobs.failure("read_misfit")


def test_reading_a_missing_container_is_one_message(jobs):
    text = one_message(jobs.failure("read_missing"))
    assert text.startswith("not found: there is no container")


def test_a_pipeline_is_loaded_by_the_executors(jobs):
    first, second = jobs.result("synced")
    assert first["load"]["counts"]["upserted"] == 700
    assert second["changes"]["version"] == second["changes"]["from_version"]
    assert_same(jobs.documents("synced"), by_identity(TABLE.to_pylist(), "category"))


def test_a_pipeline_that_cannot_be_done_is_one_message(jobs):
    assert one_message(jobs.failure("sync_fails")).startswith("unauthenticated: ")

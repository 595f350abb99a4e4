"""Writing and reading with the data source, against the local server; the official client judges.

The jobs run in one session of Spark (spark_write_jobs.py), which takes a while to come up.
"""

import pytest

from control import Control, history
from meter import Meter, Ticker
from mirror import assert_same, by_identity
from spark_rows import ROWS, assert_counts, expected
from spark_session import make_database, run_script
from test_throughput import OVERSHOOT

DATABASE = "spark"
LIMIT = 2_000
CONTAINERS = {
    **dict.fromkeys(["written", "small_batches", "empty", "rejected", "over_budget",
                     "within_budget", "grouped", "deleted", "tried_again", "aborted",
                     "connectors_name", "mapped", "streamed", "each_batch",
                     "changes_at_once", "changes_streamed", "delta_feed"]),
    "limited": 5 * LIMIT,
    "throttled": 800,
}

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def ticker():
    with Ticker() as ticker:
        yield ticker


@pytest.fixture(scope="module")
def jobs(emulator, ticker, tmp_path_factory):
    database = make_database(emulator, DATABASE, CONTAINERS)
    control = Control(emulator)
    control.tidy()
    control.ask("POST", "/history", {"enabled": True})
    yield run_script("spark_write_jobs.py", emulator, database, tmp_path_factory.mktemp("spark"))
    control.tidy()


@pytest.fixture
def writes(emulator, jobs):
    return lambda name: history(Control(emulator), f"{DATABASE}/{name}")


def test_a_data_frame_becomes_the_connectors_documents(jobs):
    assert_counts(jobs.result("written"), upserted=ROWS)
    assert_same(jobs.documents("written"), expected(ROWS))


def test_small_batches_are_written_like_large_ones(jobs):
    assert_counts(jobs.result("small_batches"), upserted=500)
    assert_same(jobs.documents("small_batches"), expected(500))


def test_an_empty_data_frame_writes_nothing(jobs):
    assert_counts(jobs.result("empty"))
    assert jobs.documents("empty") == {}


def test_a_row_that_cannot_be_written_is_listed_and_the_others_are_written(jobs):
    summary = jobs.result("rejected")
    assert_counts(summary, upserted=1_999, rejected=1)
    assert [row["row"] for row in summary["rejected"]] == [77]
    assert '"a/b"' in summary["rejected"][0]["message"], summary["rejected"]
    others = expected(2_000)
    del others[("c0", "77")]
    assert_same(jobs.documents("rejected"), others)


def odd_rows(count: int) -> dict:
    return {key: row for key, row in expected(count).items() if row["n"] % 2 == 1}


def test_too_many_rejected_rows_fail_the_job_and_say_why(jobs):
    text = jobs.error("over_budget")
    assert "rejected rows over budget: 100 of 200 rows were rejected" in text
    assert "a/b" in text
    assert_same(jobs.documents("over_budget"), odd_rows(200))


def test_as_many_rejected_rows_as_are_allowed_do_not_fail_the_job(jobs):
    summary = jobs.result("within_budget")
    assert_counts(summary, upserted=100, rejected=100)
    assert sum(summary["rejected_by_reason"].values()) == 100
    assert_same(jobs.documents("within_budget"), odd_rows(200))


def test_a_wrong_key_is_one_readable_message(jobs):
    assert "unauthenticated" in jobs.error("wrong_key")


def test_a_missing_container_is_one_readable_message(jobs):
    assert "not found: there is no container" in jobs.error("missing_container")


def test_a_misspelt_option_names_the_nearest(jobs):
    assert "did you mean `spark.cosmos.write.strategy`?" in jobs.error("misspelt")


def test_what_is_not_done_says_what_to_do(jobs):
    assert 'write .mode("append")' in jobs.error("overwrite")


@pytest.mark.parametrize("name", ["limited", "grouped"])
def test_a_limit_holds_in_every_second_for_all_tasks_together(name, jobs, writes, ticker):
    assert_counts(jobs.result(name), upserted=2_000)
    assert_same(jobs.documents(name), expected(2_000))
    meter = Meter(writes(name), ticker)
    assert meter.seconds >= 3
    assert meter.dearest_second() <= OVERSHOOT * LIMIT


def test_a_container_that_throttles_gets_every_row(jobs):
    summary = jobs.result("throttled")
    assert_counts(summary, upserted=600)
    assert_same(jobs.documents("throttled"), expected(600))


def test_rows_can_be_deleted(jobs):
    assert_counts(jobs.result("deleted"), deleted=200)
    assert_same(jobs.documents("deleted"), expected(100))


def test_a_task_that_is_tried_again_writes_the_same_documents(jobs, writes):
    """And is counted once: the summary is of the attempts that Spark took."""
    assert_counts(jobs.result("tried_again"), upserted=ROWS)
    assert_same(jobs.documents("tried_again"), expected(ROWS))
    assert len(writes("tried_again")) > ROWS, "no attempt had written anything before it failed"


def test_of_a_job_that_fails_what_was_written_stays_and_is_right(jobs):
    assert "this partition always fails" in jobs.failure("aborted")
    found, rows = jobs.documents("aborted"), expected(ROWS)
    assert 0 < len(found) < ROWS
    assert_same(found, {key: rows[key] for key in found})


def test_the_connectors_name_can_be_taken(jobs):
    assert_counts(jobs.result("connectors_name"), upserted=100)
    assert_same(jobs.documents("connectors_name"), expected(100))


def test_rows_are_written_without_a_data_source(jobs):
    assert_counts(jobs.result("mapped"), upserted=1_000)
    assert_same(jobs.documents("mapped"), expected(1_000))


def test_what_the_engine_says_in_a_task_is_one_message_on_the_driver(jobs):
    text = jobs.failure("mapped_without_id")
    assert text == 'invalid argument: destination.id: the table has no column "id"'


@pytest.mark.parametrize("name", ["streamed", "each_batch"])
def test_a_stream_writes_every_batch_in_order(name, jobs):
    assert jobs.result(name)["batches"] == 2
    rows = expected(300)
    for n in range(250, 300):
        rows[(f"c{n % 7}", str(n))]["n"] = -n
    assert_same(jobs.documents(name), rows)


def after_changes() -> dict:
    rows = expected(100)
    for n in range(100):
        row = rows.pop((f"c{n % 7}", str(n)))
        if n < 10 or 25 <= n <= 34:
            row["n"] = -n
        elif n < 20:
            row["category"] = "moved"
        elif n < 25:
            continue
        rows[(row["category"], str(n))] = row
    return rows


def test_changes_leave_what_the_table_has(jobs):
    summary = jobs.result("changes_at_once")
    assert_same(jobs.documents("changes_at_once"), after_changes())
    # Nothing was there before: what goes at last finds nothing, and each row that moved went once.
    assert_counts(summary, upserted=95, delete_found_nothing=15, superseded=55)


def test_changes_of_a_stream_are_applied_batch_by_batch(jobs):
    assert jobs.result("changes_streamed")["batches"] == 4
    assert_same(jobs.documents("changes_streamed"), after_changes())


def test_a_delta_tables_feed_is_followed_across_a_restart(jobs):
    found = jobs.result("delta_feed")
    assert found["rows"] > 500
    assert (found["missing"], found["more"]) == (0, 0)
    assert len(jobs.documents("delta_feed")) == found["rows"]


def test_a_change_that_is_not_known_fails(jobs):
    text = jobs.failure("changes_unknown")
    assert text.startswith("invalid argument: _change_type has upsertish, which is none of")
    assert len(text.splitlines()) == 1


def test_what_was_written_is_read_back_as_it_was(jobs):
    found = jobs.result("read_back")
    assert found["parts"] > 1
    assert (found["count"], found["missing"], found["more"]) == (ROWS, 0, 0)


def test_a_schema_is_made_from_documents(jobs):
    found = jobs.result("read_inferred")
    assert found["schema"] == (
        "struct<id:string,category:string,n:bigint,quarter:double,name:string,even:boolean,"
        "list:array<bigint>,inner:struct<a:bigint,b:string>,day:bigint,at:bigint,price:bigint>")
    total = ROWS * (ROWS - 1) // 2
    assert found["found"] == [ROWS, total, total, ROWS - -(-ROWS // 3)]


def test_whole_documents_are_read_without_a_schema(jobs):
    found = jobs.result("read_raw")
    assert (found["parts"], found["columns"]) == (3, ["id", "_rawBody"])
    assert_same(by_identity(found["bodies"], "category"), jobs.documents("rejected"))


def test_a_value_that_does_not_fit_is_an_error_or_null(jobs):
    assert "column name: \"nämé " in jobs.error("read_misfit")
    assert jobs.result("read_relaxed") == [ROWS, 0]


def test_reading_a_missing_container_is_one_readable_message(jobs):
    assert "not found: there is no container" in jobs.error("read_missing_container")

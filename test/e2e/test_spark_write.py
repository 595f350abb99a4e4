"""Writing from Spark with the data source, against the local server; the official client judges.

The jobs run in one session of Spark (spark_write_jobs.py), which takes a while to come up.
"""

import datetime
import json
import os
import pathlib
import subprocess

import pytest
from azure.cosmos import PartitionKey

from conftest import THROUGHPUT, official_client
from mirror import assert_same, by_identity

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent.parent / "python"
SPARK_SECONDS_MAX = 900
ROWS = 20_000
DATABASE = "spark"
NOON = 1_709_294_400
MICROS = 1_000_000

CONTAINERS = ["written", "small_batches", "empty", "rejected", "over_budget", "limited", "deleted",
              "tried_again", "connectors_name", "mapped", "streamed", "each_batch"]

pytestmark = pytest.mark.spark


def native_library() -> pathlib.Path:
    return pathlib.Path(os.environ["SPILLWAY_BIN"]).parent / "lib" / "libspillway.so"


@pytest.fixture(scope="module")
def database(emulator):
    cosmos = official_client(emulator)
    database = cosmos.create_database_if_not_exists(DATABASE)
    for name in CONTAINERS:
        database.create_container(name, PartitionKey("/category"), offer_throughput=THROUGHPUT)
    return database


@pytest.fixture(scope="module")
def outcomes(database, emulator, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spark")
    account = {"endpoint": emulator.endpoint, "key": emulator.key,
               "certificate": emulator.certificate, "database": DATABASE}
    (folder / "account.json").write_text(json.dumps(account))
    words = [os.environ["SPILLWAY_SPARK_PYTHON"], str(HERE / "spark_write_jobs.py"),
             str(folder / "account.json"), str(folder)]
    path = os.pathsep.join([str(PACKAGE), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "SPARK_LOCAL_IP": "127.0.0.1",
                   "SPILLWAY_LIBRARY": str(native_library())}
    done = subprocess.run(words, env=environment, capture_output=True, text=True,
                          timeout=SPARK_SECONDS_MAX, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((folder / "outcomes.json").read_text())


@pytest.fixture
def result(outcomes):
    def of(name):
        assert "result" in outcomes[name], outcomes[name]["trace"]
        return outcomes[name]["result"]

    return of


@pytest.fixture
def error(outcomes):
    """The message, as the notebook sees it, whose frames are Spark's own alone."""
    def of(name):
        assert "error" in outcomes[name], outcomes[name]
        text = outcomes[name]["error"]
        assert "spillway.SpillwayError: " in text
        assert "Traceback" not in text
        return text

    return of


@pytest.fixture
def documents(database):
    def of(name):
        items = database.get_container_client(name).read_all_items(max_item_count=1000)
        return by_identity(list(items), "category")

    return of


def row(n: int) -> dict:
    """As the connector would write the row of Jobs.rows()."""
    return {
        "id": str(n),
        "category": f"c{n % 7}",
        "n": n,
        "quarter": n / 4,
        "name": None if n % 3 == 0 else f"nämé {n}",
        "even": n % 2 == 0,
        "list": [n, n + 1],
        "inner": {"a": n, "b": "x"},
        "day": (datetime.date(2024, 3, 1) - datetime.date(1970, 1, 1)).days,
        "at": (NOON + n) * MICROS,
        "price": n * 3,
    }


def expected(count: int) -> dict:
    return {(f"c{n % 7}", str(n)): row(n) for n in range(count)}


def assert_counts(summary, **fates):
    counts = {name: count for name, count in summary["counts"].items() if count}
    for name in ("inserted", "replaced"):
        counts.pop(name, None)
    assert counts == {"read": sum(fates.values()), **fates}


def test_a_data_frame_becomes_the_connectors_documents(result, documents):
    assert_counts(result("written"), upserted=ROWS)
    assert_same(documents("written"), expected(ROWS))


def test_small_batches_are_written_like_large_ones(result, documents):
    assert_counts(result("small_batches"), upserted=500)
    assert_same(documents("small_batches"), expected(500))


def test_an_empty_data_frame_writes_nothing(result, documents):
    assert_counts(result("empty"))
    assert documents("empty") == {}


def test_a_row_that_cannot_be_written_is_listed_and_the_others_are_written(result, documents):
    summary = result("rejected")
    assert_counts(summary, upserted=1_999, rejected=1)
    assert summary["rejected"][0]["key"] == '[["c0"],"a/b"]'
    others = expected(2_000)
    del others[("c0", "77")]
    assert_same(documents("rejected"), others)


def test_too_many_rejected_rows_fail_the_job_and_say_why(error, documents):
    text = error("over_budget")
    assert "rejected rows over budget: 100 of 200 rows were rejected" in text
    assert "a/b" in text
    assert len(documents("over_budget")) == 100


def test_a_wrong_key_is_one_readable_message(error):
    assert "unauthenticated" in error("wrong_key")


def test_a_missing_container_is_one_readable_message(error):
    assert "not found: there is no container" in error("missing_container")


def test_a_misspelt_option_names_the_nearest(error):
    assert "did you mean `spark.cosmos.write.strategy`?" in error("misspelt")


def test_what_is_not_done_says_what_to_do(error):
    assert 'write .mode("append")' in error("overwrite")
    assert "this version of the data source writes only" in error("read")


def test_a_limit_is_shared_out_and_the_rows_arrive(result, documents):
    assert_counts(result("limited"), upserted=400)
    assert len(documents("limited")) == 400


def test_rows_can_be_deleted(result, documents):
    assert_counts(result("deleted"), deleted=200)
    assert_same(documents("deleted"), expected(100))


def test_a_task_that_is_tried_again_writes_the_same_documents(result, documents):
    assert_counts(result("tried_again"), upserted=ROWS)
    assert_same(documents("tried_again"), expected(ROWS))


def test_the_connectors_name_can_be_taken(result, documents):
    assert_counts(result("connectors_name"), upserted=100)
    assert_same(documents("connectors_name"), expected(100))


def test_rows_are_written_without_a_data_source(result, documents):
    assert_counts(result("mapped"), upserted=1_000)
    assert_same(documents("mapped"), expected(1_000))


@pytest.mark.parametrize("name", ["streamed", "each_batch"])
def test_a_stream_writes_every_batch_in_order(name, result, documents):
    assert result(name)["batches"] == 2
    rows = expected(300)
    for n in range(250, 300):
        rows[(f"c{n % 7}", str(n))]["n"] = -n
    assert_same(documents(name), rows)

"""The Python package over libspillway.so, against the local server; the official client judges."""

import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import deltalake
import pyarrow as pa
import pytest

from mirror import assert_same, by_identity
from programs import wait_until

PACKAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "python"
LIBRARY = pathlib.Path(os.environ["SPILLWAY_BIN"]).parent / "lib" / "libspillway.so"
IMPORT_CPU_SECONDS_MAX = 0.1
CONTAINER = "items"

os.environ.setdefault("SPILLWAY_LIBRARY", str(LIBRARY))
sys.path.insert(0, str(PACKAGE))

import spillway  # noqa: E402
from spillway._load import Load, Part  # noqa: E402


@pytest.fixture
def options(workspace, emulator):
    workspace.create_container(CONTAINER, "/category")
    return {
        "connection": {
            "type": "cosmosdb",
            "endpoint": emulator.endpoint,
            "database": workspace.database,
            "ca_file": emulator.certificate,
            "auth": {"key": emulator.key},
        },
        "destination": {"container": CONTAINER, "create": "never"},
        "sync": {"mode": "upsert", "settle": "200ms"},
    }


def rows(begin, end):
    return [{"id": str(n), "category": f"c{n % 5}", "n": n} for n in range(begin, end)]


def batch(begin, end):
    return pa.RecordBatch.from_pylist(rows(begin, end))


def expected(count):
    return {(row["category"], row["id"]): row for row in rows(0, count)}


def documents(workspace):
    return by_identity(workspace.documents(CONTAINER), "category")


def run(code, **environment):
    """In a Python of its own, which has nothing imported."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(PACKAGE), **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_batches_become_documents_and_the_counts_add_up(options, workspace):
    with spillway.WriteSession(options, batch(0, 1).schema) as session:
        for begin in range(0, 2_000, 250):
            session.write(batch(begin, begin + 250))
        summary = session.finish()
    assert summary.formula == "read 2,000 = upserted 2,000"
    assert summary.counts["inserted"] == 2_000
    assert summary.cost > 0 and summary.requests > 0
    assert_same(documents(workspace), expected(2_000))


def test_a_slice_of_a_batch_is_that_slice_alone(options, workspace):
    with spillway.WriteSession(options, batch(0, 1).schema) as session:
        session.write(batch(0, 1_000).slice(0, 10))
        session.write(batch(0, 1_000).slice(10, 5))
        assert session.finish().read == 15
    assert_same(documents(workspace), expected(15))


def test_batches_come_over_from_an_arrow_without_capsules(options, workspace):
    class Old:
        def __init__(self, new):
            self._export_to_c = new._export_to_c

    with spillway.WriteSession(options, Old(batch(0, 1).schema)) as session:
        session.write(Old(batch(0, 100)))
        session.finish()
    assert_same(documents(workspace), expected(100))


def test_describe_tells_the_partition_key_and_finds_what_is_wrong(options):
    facts = spillway.describe(options)
    assert facts["partition_key"] == ["/category"]
    assert facts["place"].endswith(f"/{CONTAINER}")
    wrong = json.loads(json.dumps(options))
    wrong["connection"]["auth"]["key"] = "d3Jvbmc="
    with pytest.raises(spillway.SpillwayError) as raised:
        spillway.describe(wrong)
    assert raised.value.code == "unauthenticated"
    nowhere = json.loads(json.dumps(options))
    nowhere["destination"]["container"] = "nowhere"
    with pytest.raises(spillway.SpillwayError) as raised:
        spillway.describe(nowhere)
    assert raised.value.code == "not found" and raised.value.hint


def test_wrong_options_are_refused_together_and_show_no_secret(options):
    options["connection"]["endpont"] = "x"
    options["lanes"] = 0
    with pytest.raises(spillway.SpillwayError) as raised:
        spillway.WriteSession(options, batch(0, 1).schema)
    text = str(raised.value)
    assert raised.value.code == "invalid argument"
    assert "endpoint" in text and "lanes" in text
    assert options["connection"]["auth"]["key"] not in text


def test_a_rejected_row_is_listed_with_its_place(options, workspace):
    bad = batch(0, 1_000).to_pylist()
    bad[123]["id"] = "a/b"
    with spillway.WriteSession({**options, "sync": {"mode": "upsert", "max_rejected": "1%"}},
                               batch(0, 1).schema, name="mine") as session:
        session.write(pa.RecordBatch.from_pylist(bad))
        summary = session.finish()
    assert summary.counts["rejected"] == 1
    assert (summary.rejected[0].row, summary.rejected[0].session) == (123, "mine")
    assert len(documents(workspace)) == 999


def test_too_many_rejected_rows_are_an_error_with_a_summary(options):
    bad = [{**row, "id": "a/b"} for row in rows(0, 10)]
    with spillway.WriteSession(options, batch(0, 1).schema) as session:
        session.write(pa.RecordBatch.from_pylist(bad))
        with pytest.raises(spillway.SpillwayError) as raised:
            session.finish()
        assert raised.value.code == "rejected rows over budget"
        assert session.summary().counts["rejected"] == 10


def test_a_batch_of_another_schema_is_refused(options):
    with spillway.WriteSession(options, batch(0, 1).schema) as session:
        with pytest.raises(spillway.SpillwayError, match="not the schema"):
            session.write(pa.RecordBatch.from_pylist([{"id": 1}]))


def test_a_closed_session_says_so(options):
    session = spillway.WriteSession(options, batch(0, 1).schema)
    session.close()
    session.close()
    with pytest.raises(spillway.SpillwayError, match="closed"):
        session.write(batch(0, 1))


def test_a_stop_from_another_thread_ends_it(options):
    session = spillway.WriteSession(options, batch(0, 1).schema)
    stopper = threading.Timer(0.2, session.stop)
    stopper.start()
    with pytest.raises(spillway.SpillwayError) as raised:
        while True:
            session.write(batch(0, 1_000))
    assert raised.value.code == "cancelled"
    stopper.join()
    session.close()


def test_nothing_is_left_of_a_session(options):
    def held():
        return (len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")))

    def once():
        with spillway.WriteSession(options, batch(0, 1).schema) as session:
            session.write(batch(0, 500))
            session.finish()

    once()  # what the process keeps for its life comes with the first one
    before = held()
    for _ in range(3):
        once()
    # Fewer: a thread of a server in this process may end meanwhile.
    wait_until(lambda: all(now <= then for now, then in zip(held(), before)),
               "no thread and no file is left")


def test_a_child_does_not_use_its_parents_session_and_opens_its_own(options, workspace):
    schema = batch(0, 1).schema
    session = spillway.WriteSession(options, schema)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            session.write(batch(0, 1))
        except spillway.SpillwayError as error:
            with spillway.WriteSession(options, schema) as own:
                own.write(batch(0, 50))
                own.finish()
            session.close()
            code = 0 if "forked" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    session.write(batch(50, 100))
    session.finish()
    session.close()
    assert_same(documents(workspace), expected(100))


def test_an_import_is_quick_and_loads_nothing_native():
    text = run("import time; begun = time.process_time(); import spillway, spillway.spark;"
               "took = time.process_time() - begun;"
               "print(took, 'libspillway' in open('/proc/self/maps').read())",
               SPILLWAY_LIBRARY="/nowhere")
    seconds, loaded = text.split()
    assert float(seconds) <= IMPORT_CPU_SECONDS_MAX
    assert loaded == "False"


def test_a_missing_library_is_one_readable_message():
    text = run("import spillway\ntry:\n  spillway.version()\n"
               "except spillway.SpillwayError as error:\n  print(error)",
               SPILLWAY_LIBRARY="/nowhere/libspillway.so")
    assert "cannot be loaded" in text and "next: install the wheel" in text


def test_the_library_shows_its_own_names_alone():
    words = ["nm", "--dynamic", "--defined-only", os.environ["SPILLWAY_LIBRARY"]]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    names = [line.split()[-1] for line in listed.splitlines()]
    assert names and all(name.startswith("spillway_") for name in names), names


def test_documents_are_read_back_in_parts(options, workspace):
    with spillway.WriteSession(options, batch(0, 1).schema) as session:
        session.write(batch(0, 3_000))
        session.finish()
    parts = spillway.describe(options)["read_parts"]
    assert parts > 1
    found = []
    for part in range(parts):
        read = {"from": part / parts, "to": (part + 1) / parts, "batch_rows": 100}
        with spillway.Reader({**options, "read": read}, batch(0, 1).schema) as reader:
            for rows_read in reader:
                assert rows_read.num_rows <= 100
                found += rows_read.to_pylist()
            assert reader.summary().cost > 0
    assert sorted(found, key=lambda row: row["n"]) == rows(0, 3_000)


def test_a_querys_results_are_read_part_by_part(options):
    with spillway.WriteSession(options, batch(0, 1).schema) as session:
        session.write(batch(0, 3_000))
        session.finish()
    query = {"query": "SELECT c.id, c.n * 2 AS twice FROM c WHERE c.category = @c AND c.n < @n",
             "parameters": json.dumps([{"name": "@c", "value": "c3"}, {"name": "@n", "value": 90}])}
    schema = pa.schema([("id", pa.string()), ("twice", pa.int64())])
    found, asked = [], 0
    for part in range(8):
        read = {**query, "from": part / 8, "to": (part + 1) / 8}
        with spillway.Reader({**options, "read": read}, schema) as reader:
            found += [row for rows_read in reader for row in rows_read.to_pylist()]
            asked += reader.summary().cost > 0
    assert sorted(found, key=lambda row: row["twice"]) == [
        {"id": str(n), "twice": 2 * n} for n in range(3, 90, 5)]
    assert asked == 1, "one part has the partition key that the query names"
    assert spillway.describe({**options, "read": query})["read_parts"] > 1


@pytest.mark.parametrize("query, clause", [
    ("SELECT c.id FROM c ORDER BY c.n", "ORDER BY"),
    ("SELECT TOP 5 c.id FROM c", "TOP or OFFSET LIMIT"),
    ("SELECT c.id FROM c OFFSET 1 LIMIT 2", "TOP or OFFSET LIMIT"),
    ("SELECT DISTINCT c.category FROM c", "DISTINCT"),
    ("SELECT VALUE COUNT(1) FROM c", "an aggregate"),
    ("SELECT COUNT(1) AS n FROM c", "an aggregate without SELECT VALUE"),
    ("SELECT c.category, COUNT(1) AS n FROM c GROUP BY c.category", "GROUP BY"),
])
def test_a_query_that_no_part_can_answer_is_refused_with_the_clause(options, query, clause):
    for ask in (spillway.describe, lambda asked: spillway.Reader(asked, batch(0, 1).schema)):
        with pytest.raises(spillway.SpillwayError) as raised:
            ask({**options, "read": {"query": query, "from": 0, "to": 0.5}})
        assert raised.value.code == "unsupported" and clause in raised.value.message
        assert "in Spark: orderBy" in raised.value.hint


def test_results_that_are_no_objects_are_refused(options, workspace):
    workspace.container(CONTAINER).create_item({"id": "1", "category": "c", "n": 5})
    read = {"query": "SELECT VALUE c.n FROM c"}
    with spillway.Reader({**options, "read": read}, batch(0, 1).schema) as reader:
        with pytest.raises(spillway.SpillwayError) as raised:
            list(reader)
    assert raised.value.message == "result 5 of the query is no object"
    assert "SELECT c.a AS a" in raised.value.hint


def test_what_does_not_fit_a_column_is_an_error_or_null(options, workspace):
    workspace.container(CONTAINER).create_item({"id": "1", "category": "c", "n": "many"})
    schema = batch(0, 1).schema
    with spillway.Reader(options, schema) as reader:
        with pytest.raises(spillway.SpillwayError) as raised:
            list(reader)
    assert 'document ["c"] 1: column n: "many" is no long' in raised.value.message
    with spillway.Reader({**options, "read": {"relaxed": True}}, schema) as reader:
        found = [row for rows_read in reader for row in rows_read.to_pylist()]
        assert found == [{"id": "1", "category": "c", "n": None}]
        assert reader.summary().misfits == 1


def test_an_empty_container_reads_as_no_batch(options):
    with spillway.Reader(options, batch(0, 1).schema) as reader:
        assert list(reader) == []


def test_a_reader_keeps_its_limit(options, workspace):
    with spillway.WriteSession(options, batch(0, 1).schema) as session:
        session.write(batch(0, 2_000))
        session.finish()
    with spillway.Reader({**options, "throughput": {"limit": 20}}, batch(0, 1).schema) as reader:
        begun = time.monotonic()
        assert sum(rows_read.num_rows for rows_read in reader) == 2_000
        took = time.monotonic() - begun
        # The first pages go at once: what they cost is known when they are there.
        assert took >= 0.5 * reader.summary().cost / 20, (took, reader.summary())


@pytest.mark.parametrize("given, said", [
    ({"sync": {"mode": "upsert", "delete_guard": "10%"}}, "`sync.delete_guard` needs a pipeline"),
    ({"sync": {"mode": {"soft_delete": {"field": "gone"}}}}, "`soft_delete` needs a source"),
    ({"throughput": {"limit": 400, "ask": False}}, "`throughput.ask` needs a pipeline"),
    ({"throughput": {"group": {"name": "loaders"}}}, "shares a limit, and there is none"),
    ({"throughput": {"limit": 400, "group": {"name": "g", "connection": "shop"}}},
     "write the connection itself as `control`"),
    ({"control": {"type": "delta", "root": "."}}, "`delta` is no type of destination"),
    ({"read": {"from": 0.5, "to": 0.5}}, "are no part of 0 to 1"),
    ({"read": {"to": "much"}}, "are no part of 0 to 1"),
])
def test_options_of_a_pipeline_alone_are_refused(given, said, options):
    with pytest.raises(spillway.SpillwayError) as raised:
        spillway.describe({**options, **given})
    assert raised.value.code == "invalid argument"
    assert said in raised.value.message


def test_the_control_container_is_not_the_one_that_is_written(options):
    group = {"name": "loaders", "container": CONTAINER}
    with pytest.raises(spillway.SpillwayError, match="writes into the group's control container"):
        spillway.describe({**options, "throughput": {"limit": 400, "group": group}})


@pytest.fixture
def load(workspace, tmp_path, monkeypatch):
    """Settings of a load of 12 files, of which one row is refused."""
    for file in range(12):
        deltalake.write_deltalake(str(tmp_path / "lake" / "table"), pa.table({
            "id": ["a/b" if n == 77 else str(n) for n in range(file * 100, file * 100 + 100)],
            "n": pa.array(range(file * 100, file * 100 + 100), pa.int64())}), mode="append")
    project = workspace.project(tmp_path / "lake", sync={"max_rejected": "5"})
    workspace.configure(project)
    for name, value in workspace.server.credentials.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "spillway.yaml"
    return {"project": path.read_text(), "path": str(path), "pipeline": "p"}


def do_part(settings, text, tmp_path):
    with Part({**settings, "scratch_folder": str(tmp_path)}) as part:
        return part.run(text)


def test_a_load_in_parts_is_a_load_like_any_other(load, workspace, tmp_path):
    parts = 0
    with Load({**load, "load_only": True, "at_a_time": 3}) as running:
        while text := running.take():
            outcome = do_part(load, text, tmp_path)
            running.put(outcome)
            running.put(outcome)  # Spark may say it twice
            parts += 1
        result = running.finish()
    assert parts in (3, 4)
    counts = result["load"]["counts"]
    assert (counts["read"], counts["upserted"], counts["rejected"]) == (1_200, 1_199, 1)
    found = by_identity(workspace.documents("items"), "id")
    assert_same(found, {(str(n), str(n)): {"id": str(n), "n": n} for n in range(1_200) if n != 77})
    assert workspace.json("rejects", "p")["rows"][0]["row"] == 77
    deltalake.DeltaTable(str(tmp_path / "lake" / "table")).delete("n = 5")
    with Load(load) as running:
        assert running.finish()["changes"]["counts"]["deleted"] == 1
    assert workspace.json("sync", "p")["outcome"] == "up to date"


def test_a_load_goes_on_with_the_parts_that_are_left(load, workspace, tmp_path):
    with Load({**load, "load_only": True, "at_a_time": 3}) as running:
        outcome = do_part(load, running.take(), tmp_path)
        running.put(outcome)
        running.fail("the cluster is gone")
        assert running.take() is None
        with pytest.raises(spillway.SpillwayError, match="the cluster is gone"):
            running.finish()
    splits = json.loads(outcome.split(b"\n", 1)[0])["splits"]
    upserted = sum(split["counts"]["upserted"] for split in splits)
    assert 0 < len(workspace.documents("items")) == upserted < 1_199
    done = workspace.json("sync", "p")
    assert done["resumed"] and done["counts"]["read"] == 1_200
    assert done["run_upserted"] == 1_199 - upserted


def test_a_load_that_is_given_up_leaves_the_pipeline_to_the_next(load, workspace):
    running = Load({**load, "load_only": True})
    assert running.take() is not None
    running.close()
    with pytest.raises(spillway.SpillwayError, match="closed"):
        running.take()
    assert workspace.json("sync", "p")["counts"]["read"] == 1_200


def test_a_part_sends_nothing_without_a_permit(load, workspace, tmp_path):
    with Load({**load, "load_only": True}) as running:
        text = running.take()
        part = Part({**load, "permit": True, "scratch_folder": str(tmp_path)})
        threading.Timer(1.0, part.stop).start()
        with pytest.raises(spillway.SpillwayError, match="cancelled"):
            part.run(text)
        part.close()
        assert workspace.documents("items") == []
        running.stop()


def test_a_share_is_what_a_session_spends(options, workspace):
    """Nothing before it is lent something; then its part of the limit, and what it could do with
    more."""
    options = {**options, "throughput": {"limit": 1_000}, "lent_share": True}
    with spillway.WriteSession(options, batch(0, 1).schema) as session:
        session.write(batch(0, 100))
        time.sleep(0.5)
        assert session.progress()["requests"] == 0 and not documents(workspace)
        began = time.monotonic()
        session.share(0.2, time.monotonic_ns() + 60_000_000_000, None)
        for _ in range(10):
            found = session.progress()
            time.sleep(0.1)
        assert found["whole"] == 1_000 and "wanted" not in found, "it is held back"
        summary = session.finish()
        assert summary.counts["upserted"] == 100
        assert time.monotonic() - began > 0.9 * summary.cost / 200
        last = session.progress()
        assert (last["rows"], last["cost"]) == (100, pytest.approx(summary.cost))


def test_the_limit_of_now_reaches_those_who_do_the_parts(load, workspace):
    with Load({**load, "load_only": True}) as running:
        assert running.take() is not None
        assert "limit" not in running.progress()
        workspace.run("throttle", "p", "--ru", "500")
        wait_until(lambda: running.progress().get("limit") == "500", "the limit", 3)
        assert running.progress()["rows_total"] == 1_200
        workspace.run("throttle", "p", "--reset")
        wait_until(lambda: "limit" not in running.progress(), "no limit", 3)
        running.stop()


@pytest.mark.parametrize("change, said", [
    ({"pipeline": "q"}, "no pipeline"),
    ({"project": "version: 1\nconections: {}"}, "connections"),
])
def test_settings_that_are_wrong_are_refused(load, change, said):
    for kind in (Load, Part):
        with pytest.raises(spillway.SpillwayError, match=said):
            kind({**load, **change})

"""verify finds what somebody changed behind our back, and says so with exit code 5."""

import json
import random
import signal
import threading
import time

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lake import FULL

MISMATCH, USAGE = 5, 2


def loaded(configured):
    workspace = configured("append")
    workspace.run("sync", "p")
    return workspace


def test_a_changed_a_missing_and_an_extra_document_are_found(configured):
    workspace = loaded(configured)
    container = workspace.container()
    changed = container.read_item("p0005", "p0005")
    container.upsert_item({**changed, "price": changed["price"] + 0.01})
    container.delete_item("p0006", "p0006")
    container.upsert_item({"id": "stranger"})
    report = workspace.json("verify", "p", code=MISMATCH)
    assert report["different"] == 1 and report["missing"] == 1 and report["extra"] == 1
    named = {difference["id"] for difference in report["differences"]}
    assert named == {"p0005", "p0006", "stranger"}


def test_null_is_not_absent(configured):
    workspace = configured("add_column")
    workspace.run("sync", "p")
    container = workspace.container()
    document = container.read_item("p0001", "p0001")
    assert document.pop("colour") is None
    container.upsert_item(document)
    report = workspace.json("verify", "p", code=MISMATCH)
    assert report["different"] == 1


def test_the_order_of_members_and_the_spelling_of_numbers_do_not_matter(configured):
    workspace = loaded(configured)
    container = workspace.container()
    document = container.read_item("p0002", "p0002")
    container.upsert_item({"stock": 2.0, **{k: document[k] for k in ("price", "category", "id")}})
    report = workspace.json("verify", "p")
    assert report["different"] == 0


def test_query_answers_with_documents(configured):
    workspace = loaded(configured)
    sql = "SELECT c.id, c.price FROM c WHERE c.category = 'c0'"
    found = workspace.run("query", "shop/items", sql).stdout
    assert "p0003" in found and "p0001" not in found


def test_documents_that_others_wrote_are_told_apart(configured):
    workspace = configured("append", stamp={"field": "_spillway"})
    run = workspace.json("sync", "p")["run"]
    container = workspace.container()
    assert container.read_item("p0001", "p0001")["_spillway"] == f"p/{run}"
    assert workspace.json("verify", "p")["matches"] is True, "the stamp is not compared"
    stamped = container.read_item("p0005", "p0005")
    container.upsert_item({**stamped, "price": -1})
    unstamped = {k: v for k, v in container.read_item("p0006", "p0006").items()}
    del unstamped["_spillway"]
    container.upsert_item({**unstamped, "price": -1})
    container.upsert_item({"id": "stranger", "_spillway": "q/1"})
    report = workspace.json("verify", "p", code=MISMATCH)
    by = {d["id"]: d["written_by"] for d in report["differences"]}
    assert by == {"p0005": f"run {run}", "p0006": "others", "stranger": "others"}
    assert "written by others" in workspace.run("verify", "p", code=MISMATCH).stdout
    workspace.run("repair", "p", "--yes")
    assert container.read_item("p0006", "p0006")["_spillway"].startswith("p/")
    assert workspace.json("verify", "p")["matches"] is True


def test_a_report_has_every_difference(configured):
    workspace = loaded(configured)
    container = workspace.container()
    missing = [f"p{n:04}" for n in range(1, 31)]
    for id in missing:
        container.delete_item(id, id)
    container.upsert_item({"id": "stranger"})
    shown = workspace.json(
        "verify", "p", "--differences", "3", "--report", "out.jsonl", code=MISMATCH
    )
    assert len(shown["differences"]) == 3
    path = workspace.folder / "out.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {(line["kind"], line["id"]) for line in lines} == {
        *(("missing", id) for id in missing),
        ("extra", "stranger"),
    }
    assert path.stat().st_mode & 0o777 == 0o600
    assert "jsonl" in workspace.run("verify", "p", "--report", "out.csv", code=USAGE).text


def test_the_cost_is_shown_before_and_meant(configured):
    workspace = loaded(configured)
    outcome = workspace.run("verify", "p", "--output", "json")
    assert " RU" in outcome.stderr
    report = outcome.result
    assert report["request_units"] > 0
    assert abs(report["estimated_request_units"] / report["request_units"] - 1) < 0.05


def test_reading_keeps_to_its_limit(workspace, tmp_path):
    write_many(tmp_path / "many", 6_000)
    workspace.configure(workspace.project(tmp_path, table="many"))
    workspace.run("sync", "p")
    free = workspace.json("verify", "p")["request_units"]
    began = time.monotonic()
    limited = workspace.json("verify", "p", "--ru", str(int(free / 2)))
    seconds = time.monotonic() - began
    assert limited["request_units"] == pytest.approx(free, rel=0.01)
    assert seconds > 1, "two seconds' worth, the first pages of which are not waited for"


def write_many(path, count):
    for first in range(0, count, count // 4):
        numbers = range(first, first + count // 4)
        text = ["x" * 300] * len(numbers)
        rows = pa.table({"id": [f"r{n}" for n in numbers], "n": numbers, "text": text})
        write_deltalake(str(path), rows, mode="append")


def test_a_sample_says_how_sure_it_is(workspace, tmp_path):
    count, drawn = 6_000, 1_000
    write_many(tmp_path / "many", count)
    workspace.configure(workspace.project(tmp_path, table="many"))
    workspace.run("sync", "p")
    sample = workspace.json("verify", "p", "--sample", str(drawn))
    assert sample["rows_total"] == count and sample["drawn"] == sample["equal"] == drawn
    assert sample["destination_drawn"] > 0 and sample["extra"] == 0
    assert sample["differing_share_max"] == pytest.approx(1 - 0.05 ** (1 / drawn))
    assert sample["request_units"] < 3 * drawn
    assert sample["estimated_request_units"] == pytest.approx(drawn)
    text = workspace.run("verify", "p", "--sample", str(drawn)).stdout
    assert "95 % confidence fewer than 0.3 %" in text
    container = workspace.container()
    for n in range(0, count, 10):  # a tenth: the sample finds about a hundred
        container.delete_item(f"r{n}", f"r{n}")
    sample = workspace.json("verify", "p", "--sample", str(drawn), "--seed", "5", code=MISMATCH)
    assert 60 < sample["missing"] < 150
    assert sample["differing_share_max"] > sample["missing"] / drawn
    again = workspace.json("verify", "p", "--sample", str(drawn), "--seed", "5", code=MISMATCH)
    assert again["missing"] == sample["missing"], "the same seed draws the same rows"
    whole = workspace.json("verify", "p", "--sample", str(count), code=MISMATCH)
    assert whole["missing"] == count // 10, "a sample of all rows is exact"


def test_a_sample_finds_documents_that_have_no_row(workspace, tmp_path):
    write_many(tmp_path / "many", 1_000)
    workspace.configure(workspace.project(tmp_path, table="many"))
    workspace.run("sync", "p")
    container = workspace.container()
    for n in range(250):
        container.upsert_item({"id": f"stray-{n}"})
    sample = workspace.json("verify", "p", "--sample", "1000", code=MISMATCH)
    assert sample["missing"] == sample["different"] == 0 and sample["extra"] > 50
    assert {d["kind"] for d in sample["differences"]} == {"extra"}
    assert all(d["id"].startswith("stray-") for d in sample["differences"])


@pytest.mark.timeout(600 if FULL else 120)
def test_while_a_stream_runs_what_moves_is_no_difference(followed, control):
    """A writer that never rests, a stream behind it, somebody who meddles: only the meddling is
    found, and all of it."""
    rounds = 30 if FULL else 4
    followed.create(count=400)
    workspace = followed.workspace
    workspace.run("sync", "p")
    dice = random.Random(62)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            which = dice.randrange(7)
            followed.table.update(
                updates={"stock": f"stock + {dice.randrange(1, 9)}"},
                predicate=f"stock % 7 = {which} and id < 'p0300'",
            )
            first = 1_000 + dice.randrange(500)
            followed.append(range(first, first + 3))
            followed.table.delete(f"id >= 'p1000' and stock % 3 = {dice.randrange(3)}")

    stream = workspace.spillway.start("sync", "p", "--continuous")
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    container = workspace.container()
    moved = 0
    try:
        for number in range(rounds):
            # Nobody writes to these rows but the one who meddles.
            quiet = [f"p{n:04}" for n in dice.sample(range(300, 400), 3)]
            category = lambda id: f"c{int(id[1:]) % 3}"
            right = {id: container.read_item(id, category(id)) for id in quiet}
            container.delete_item(quiet[0], category(quiet[0]))
            container.upsert_item({**right[quiet[1]], "stock": -5})
            container.upsert_item({"id": f"stray-{number}", "category": "c1", "stock": 1})
            report = workspace.json("verify", "p", code=MISMATCH)
            found = {d["id"]: d["kind"] for d in report["differences"]}
            assert found == {
                quiet[0]: "missing",
                quiet[1]: "different",
                f"stray-{number}": "extra",
            }, report
            moved += report["moving"]
            for id in quiet[:2]:
                container.upsert_item(right[id])
            container.delete_item(f"stray-{number}", "c1")
            assert workspace.json("verify", "p")["matches"] is True
    finally:
        stop.set()
        writer.join()
        stream.send_signal(signal.SIGTERM)
        workspace.spillway.end_of(stream, code=143)
    followed.sync()
    report = workspace.json("verify", "p")
    assert report["matches"] is True and report["moving"] == 0

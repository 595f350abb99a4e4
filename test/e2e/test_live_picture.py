"""How a run goes: the numbers of its progress, its record, its summary and its metrics agree."""

import pathlib
import re
import time

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from programs import on_terminal

PROVISIONED, LIMIT, ROWS = 20_000, 4_000, 2_500
USAGE = 2
LABELS = r'pipeline="p",container="items"((?:,[a-z]+="\w+")*)'
SAMPLE = re.compile(rf"^(spillway_[a-z_]+)\{{{LABELS}\}} (\S+)$")


@pytest.fixture
def shop(workspace, control, tmp_path):
    numbers = range(ROWS)
    rows = {"id": [f"r{n}" for n in numbers], "n": pa.array(numbers, pa.int32())}
    write_deltalake(str(tmp_path / "lake" / "table"), pa.table(rows))
    create = {"create": {"throughput": {"manual": PROVISIONED}}}
    project = workspace.project(
        tmp_path / "lake", destination=create, throughput={"limit": LIMIT}
    )
    workspace.configure(project)
    return workspace


def samples(text) -> dict:
    """Of a file in the text format, which must be whole: HELP, TYPE and samples of each family."""
    assert text.endswith("\n")
    found, family = {}, None
    for line in text.splitlines():
        if line.startswith("# "):
            family = line.split()[2]
            continue
        name, labels, value = SAMPLE.match(line).groups()
        assert name == family
        found[name + labels] = float(value)
    return found


def test_the_metrics_file_is_always_whole_and_ends_as_the_summary_says(shop):
    path = shop.folder / "products.prom"
    process = shop.spillway.start("sync", "p", "--output", "json", "--metrics-file", str(path))
    seen = []
    while process.poll() is None:
        if path.exists():
            seen.append(samples(path.read_text()))
        time.sleep(0.01)
    summary = shop.spillway.end_of(process).result
    running = [s for s in seen if s["spillway_run_active"] == 1]
    spent = [s["spillway_request_units_total"] for s in running]
    assert spent == sorted(spent) and len(set(spent)) >= 3, "it is written about once a second"
    last = samples(path.read_text())
    assert last["spillway_run_active"] == 0
    assert last["spillway_run_succeeded"] == 1
    assert last["spillway_load_done_ratio"] == 1
    assert last['spillway_intents_settled_total,fate="upserted"'] == ROWS
    assert last["spillway_request_units_total"] == pytest.approx(summary["request_units"])
    assert last["spillway_requests_total"] == summary["requests"]
    assert last["spillway_request_units_cap"] == summary["request_units_cap"] == LIMIT
    assert last["spillway_request_units_admitted"] == PROVISIONED
    assert [p for p in shop.folder.iterdir() if p.suffix == ".tmp"] == []


def test_every_metric_is_in_the_documentation(shop):
    shop.run("sync", "p", "--metrics-file", "p.prom")
    written = set(re.findall(r"^# HELP (\S+)", (shop.folder / "p.prom").read_text(), re.M))
    page = pathlib.Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
    named = set(re.findall(r"^\| `(spillway_\w+)`", page.read_text(), re.M))
    assert written <= named
    # Of changes alone, and of a load that has an end in sight.
    assert named - written <= {"spillway_lag_seconds", "spillway_load_remaining_seconds"}


def test_the_record_of_a_run_has_the_numbers_of_its_summary(shop):
    summary = shop.json("sync", "p")
    run = shop.json("runs", "p")["runs"][0]
    for name in ("request_units", "request_units_cap", "throttled_share", "peak_normalised"):
        assert run[name] == summary[name], name
    assert run["request_units_cap"] == LIMIT
    assert run["throttled_share"] == 0
    # Of every range, the limit leaves four fifths.
    assert 0.1 < run["peak_normalised"] < 0.35


def test_a_terminal_sees_the_ranges_and_what_limits_the_run(shop):
    outcome = on_terminal(shop.spillway, "sync", "p")
    assert outcome.code == 0, outcome.text
    text = outcome.text
    assert re.search(r"[\d,]+ of 4,000 RU/s  busiest range \d+ %", text)
    assert re.search(r"ranges \[[ ▁▂▃▄▅▆▇█]{4}\]", text)
    assert "limited by: the throughput limit" in text
    assert re.search(r"ETA \d", text)


def test_without_a_terminal_there_is_no_strip(shop):
    said = shop.run("sync", "p").text
    assert "ranges [" not in said
    assert "the cap was 4,000 RU/s, the busiest range used" in said


def test_a_metrics_file_that_cannot_be_written_is_refused_before_anything_is_done(shop):
    told = shop.run("sync", "p", "--metrics-file", "missing/x.prom", code=USAGE).text
    assert "missing/x.prom" in told
    assert not (shop.folder / ".spillway").exists()

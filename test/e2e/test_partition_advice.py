"""`plan --advise-partition-key`: what it says, and that a load then reaches what it predicted.

The server's history has the charge and the range of every write, so the share of the throughput
that a load can reach is computed from what was charged: total / (ranges * the hottest range).
The full suite also measures it in time, by the server's clock, on a container that throttles.
"""

import collections
import datetime
import json
import random
import shutil

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from control import Control, history
from lake import FULL
from mirror import assert_adds_up

ROWS = 20_000 if FULL else 4_000
# Four ranges of 6,000 RU/s.
THROUGHPUT, RANGES = 24_000, 4
WITHIN = 0.05


def zipf(count: int, generator) -> int:
    """1 to `count`, the first most often."""
    return int(count ** generator.random())


def tenants(generator) -> dict:
    """A few tenants have most of the rows, and the largest of them the largest documents."""
    tenant = [zipf(200, generator) for _ in range(ROWS)]
    return {
        "tenant": [f"tenant-{t}" for t in tenant],
        "user": [f"user-{t}-{generator.randrange(50)}" for t in tenant],
        "text": ["x" * (3000 if t == 1 else generator.randrange(400)) for t in tenant],
    }


def countries(generator) -> dict:
    """Few values, so that some ranges get several of them and others none."""
    weights = [60, 20, 10, 5, 5]
    return {
        "country": generator.choices(["NO", "SE", "DK", "FI", "IS"], weights, k=ROWS),
        "customer": [f"c{generator.randrange(ROWS // 4)}" for _ in range(ROWS)],
        "active": [generator.random() < 0.9 for _ in range(ROWS)],
    }


def days(generator) -> dict:
    """Most rows are of the last days; some have none."""
    first = datetime.date(2026, 1, 1)
    day = [first + datetime.timedelta(90 - zipf(90, generator)) for _ in range(ROWS)]
    return {
        "day": [None if generator.random() < 0.05 else d for d in day],
        "device": [generator.randrange(1000) for _ in range(ROWS)],
        "payload": [{"kind": generator.choice("abc"), "level": 1} for _ in range(ROWS)],
    }


def write(folder, columns: dict, seed=1):
    generator = random.Random(seed)
    count = len(next(iter(columns.values())))
    table = pa.table({"id": [f"id-{i}" for i in range(count)], **columns})
    write_deltalake(str(folder / "lake" / "table"), table)
    return generator


@pytest.fixture
def control(emulator):
    control = Control(emulator)
    control.ask("DELETE", "/history")
    yield control
    control.tidy()


def configure(workspace, key, container="items", **parts):
    destination = {
        "container": container,
        "partition_key": key,
        "create": {"throughput": {"manual": THROUGHPUT}},
        **parts.pop("destination", {}),
    }
    project = workspace.project(workspace.folder / "lake", destination=destination, **parts)
    workspace.configure(project)


def advise(workspace, *words) -> dict:
    return workspace.json("plan", "p", "--advise-partition-key", *words)


def of(advice: dict, *paths, joined=False) -> dict:
    return next(k for k in advice["keys"] if k["paths"] == list(paths) and k["joined"] == joined)


def place(advice: dict, *paths) -> int:
    return next(i for i, k in enumerate(advice["keys"]) if k["paths"] == list(paths))


def load_and_measure(workspace, control, name) -> list:
    """Loads, and returns what every range was charged."""
    control.ask("POST", "/history", {"enabled": True})
    assert_adds_up(workspace.json("sync", "p"))
    charged = collections.Counter()
    for write in history(control, f"{workspace.database}/{name}"):
        charged[write["range"]] += write["charge"]
    ranges = control.container(f"{workspace.database}/{name}")["ranges"]
    control.tidy()
    return [charged[r["id"]] for r in ranges]


# Table, the best key of one field, a bad one.
PROOFS = {
    "tenants": (tenants, ["/user"], ["/tenant"]),
    "countries": (countries, ["/customer"], ["/country"]),
    "days": (days, ["/device"], ["/day"]),
}


@pytest.mark.parametrize("name", PROOFS)
def test_a_load_reaches_what_was_predicted(name, workspace, control):
    make, good, bad = PROOFS[name]
    write(workspace.folder, make(random.Random(7)))
    configure(workspace, good)
    advice = advise(workspace)
    assert advice["ranges"] == RANGES
    for key in (good, bad):
        container = key[0].strip("/")
        shutil.rmtree(workspace.folder / ".spillway", ignore_errors=True)
        configure(workspace, key, container)
        told = of(advice, *key)
        charged = load_and_measure(workspace, control, container)
        total = sum(charged)
        assert len(charged) == len(told["range_shares"]) == RANGES
        for predicted, real in zip(told["range_shares"], charged):
            assert predicted == pytest.approx(real / total, abs=WITHIN * max(charged) / total), key
        reached = total / (RANGES * max(charged))
        assert told["reachable"] == pytest.approx(reached, rel=WITHIN), key
        assert advice["request_units"] == pytest.approx(total, rel=WITHIN), key
    best, worst = of(advice, *good), of(advice, *bad)
    assert best["reachable"] > 1.2 * worst["reachable"]
    assert place(advice, *good) < place(advice, *bad)


# Request units per second while it is measured: low, so that the server's clock has something to
# measure and the machine nothing to do.
SLOW = 4_800
SECOND_MS = 1000


def units_per_second(workspace, control, name) -> float:
    """What a load really got, from its second second to its last write, by the server's clock."""
    control.ask("POST", "/history", {"enabled": True})
    assert_adds_up(workspace.json("sync", "p"))
    writes = history(control, f"{workspace.database}/{name}")
    control.tidy()
    first = min(w["time_ms"] for w in writes) + SECOND_MS
    last = max(w["time_ms"] for w in writes)
    spent = sum(w["charge"] for w in writes if w["time_ms"] >= first)
    return spent / (last - first) * SECOND_MS


@pytest.mark.parametrize("name", PROOFS if FULL else ["tenants"])
def test_a_throttled_load_is_as_fast_as_predicted(name, workspace, control):
    make, good, bad = PROOFS[name]
    write(workspace.folder, make(random.Random(7)))
    for key in (good, bad):
        container = key[0].strip("/")
        shutil.rmtree(workspace.folder / ".spillway", ignore_errors=True)
        workspace.create_container(container, key[0], THROUGHPUT)
        control.ask("POST", "/throughput",
                    {"container": f"{workspace.database}/{container}", "manual": SLOW})
        configure(workspace, key, container)
        told = of(advise(workspace), *key)
        reached = units_per_second(workspace, control, container) / SLOW
        # A short load spends more of what the partitions had saved up before it.
        assert reached == pytest.approx(told["reachable"], rel=WITHIN if FULL else 0.2), key


def test_a_hierarchical_key_is_predicted_too(workspace, control):
    write(workspace.folder, tenants(random.Random(7)))
    configure(workspace, ["/tenant", "/user"])
    advice = advise(workspace)
    told = of(advice, "/tenant", "/user")
    assert told["configured"] is True
    charged = load_and_measure(workspace, control, "items")
    assert told["reachable"] == pytest.approx(sum(charged) / (RANGES * max(charged)), rel=WITHIN)
    # It spreads by its first level.
    assert told["reachable"] == pytest.approx(of(advice, "/tenant")["reachable"])
    assert told["largest_partition_bytes_max"] < of(advice, "/tenant")["largest_partition_bytes"]


def test_a_joined_key_is_predicted_as_the_column_that_it_asks_for(workspace, control):
    columns = countries(random.Random(7))
    write(workspace.folder, columns)
    configure(workspace, "/country")
    told = of(advise(workspace, "--candidate", "/customer,/country"), "/country", "/customer",
              joined=True)
    both = [f"{c}-{d}" for c, d in zip(columns["country"], columns["customer"])]
    pa_table = pa.table({"id": [f"id-{i}" for i in range(ROWS)], **columns, "both": both})
    write_deltalake(str(workspace.folder / "lake" / "joined"), pa_table)
    configure(workspace, "/both", source={"table": "joined"})
    charged = load_and_measure(workspace, control, "items")
    assert told["reachable"] == pytest.approx(sum(charged) / (RANGES * max(charged)), rel=WITHIN)


def test_the_ranges_of_a_container_that_is_there_are_used(workspace, control):
    """After a split the ranges are of unlike width, each with the same share of the throughput."""
    write(workspace.folder, countries(random.Random(7)))
    configure(workspace, "/customer")
    workspace.create_container(partition_key="/customer", throughput=THROUGHPUT)
    name = f"{workspace.database}/items"
    split = {"container": name, "range": control.container(name)["ranges"][0]["id"]}
    control.ask("POST", "/split", {**split, "window_ms": 0})
    advice = advise(workspace)
    assert advice["ranges"] == RANGES + 1 and advice["container_key"] == ["/customer"]
    told = of(advice, "/customer")
    charged = load_and_measure(workspace, control, "items")
    reached = sum(charged) / (len(charged) * max(charged))
    assert told["reachable"] == pytest.approx(reached, rel=WITHIN)
    assert told["reachable"] < 0.9 < of(advice, "/id")["reachable"], "a new one is even"


# What it says.


def test_the_advice_is_read_by_people(workspace):
    write(workspace.folder, tenants(random.Random(7)))
    configure(workspace, "/tenant")
    text = workspace.run("plan", "p", "--advise-partition-key").stdout
    for words in ("4 (container items is not there", "/tenant (configured)", "hot value",
                  '["tenant-1"]', "next: partition_key: /user in the destination of pipeline p"):
        assert words in text, text


def test_the_figures_are_those_of_the_table(workspace):
    columns = days(random.Random(7))
    write(workspace.folder, columns)
    configure(workspace, "/day")
    advice = advise(workspace)
    day = of(advice, "/day")
    counts = collections.Counter(columns["day"])
    assert (day["distinct"], day["distinct_exact"]) == (len(counts), True)
    assert (day["null"], day["absent"], day["too_long"]) == (counts[None], 0, 0)
    largest, rows = counts.most_common(1)[0]
    assert day["largest_partition"] == json.dumps([str(largest) if largest else None])
    assert day["hot_keys"][0]["share"] == pytest.approx(rows / ROWS)
    assert day["configured"] is True and day["verdict"] != "good"
    assert of(advice, "/payload/kind")["distinct"] == 3
    assert of(advice, "/id")["distinct"] == pytest.approx(ROWS, rel=0.03)
    assert advice["documents"] == ROWS and advice["rejected"] == 0
    workspace.run("sync", "p")
    assert advice["bytes"] == sum(
        len(json.dumps({k: v for k, v in d.items() if not k.startswith("_")},
                       separators=(",", ":"), ensure_ascii=False).encode())
        for d in workspace.documents()
    )


def test_nulls_that_are_omitted_are_absent(workspace):
    write(workspace.folder, {"a": [None, "x", "y", None]})
    configure(workspace, "/a", documents={"nulls": "omit"})
    told = of(advise(workspace), "/a")
    assert (told["null"], told["absent"], told["distinct"]) == (0, 2, 3)


def test_rows_in_order_are_named(workspace):
    """Sorted by key: what a load holds at a time is of one or two of them."""
    keys = [f"k{i * 12 // ROWS}" for i in range(ROWS)]
    write(workspace.folder, {"key": keys, "text": ["x" * 12_000] * ROWS})
    configure(workspace, "/key")
    told = of(advise_with_memory(workspace, "64MiB"), "/key")
    assert told["reachable_in_order"] < 0.8 * told["reachable"]
    assert any("stand together" in reason for reason in told["reasons"])


def advise_with_memory(workspace, memory):
    path = workspace.folder / "spillway.yaml"
    path.write_text(path.read_text() + f"memory: {memory}\n", encoding="utf-8")
    return advise(workspace)


def test_nothing_is_written(workspace, control):
    write(workspace.folder, countries(random.Random(7)))
    configure(workspace, "/country")
    control.ask("POST", "/history", {"enabled": True})
    advise(workspace)
    assert control.container(f"{workspace.database}/items") is None
    assert not (workspace.folder / ".spillway").exists()


# What it cannot do, explained.


def refused(workspace, *words, code=2) -> str:
    return workspace.run("plan", "p", "--advise-partition-key", *words, code=code).stderr


def test_a_candidate_that_does_not_exist_gets_a_suggestion(workspace):
    write(workspace.folder, countries(random.Random(7)))
    configure(workspace, "/country")
    text = refused(workspace, "--candidate", "/custmer")
    assert "no column fills the path /custmer" in text and '"/customer"' in text


def test_a_candidate_of_an_unsupported_type_says_so(workspace):
    write(workspace.folder, {"tags": [["a"], ["b"]], "place": [{"city": "x"}, {"city": "y"}]})
    configure(workspace, "/id")
    assert "list<string>" in refused(workspace, "--candidate", "/tags")
    assert "/place/city" in refused(workspace, "--candidate", "/place")
    assert "at most 3 levels" in refused(
        workspace, "--candidate", "/id,/place/city,/id,/place/city"
    )
    left_out = {k["path"]: k["reason"] for k in advise(workspace)["not_judged"]}
    assert "list<string>" in left_out["/tags"]


def test_an_unlikely_column_is_judged_when_asked_for(workspace):
    write(workspace.folder, {"price": [1.5, 2.5, 3.5]})
    configure(workspace, "/id")
    before = advise(workspace)
    assert ["/price"] not in [k["paths"] for k in before["keys"]]
    assert "--candidate" in next(k for k in before["not_judged"] if k["path"] == "/price")["reason"]
    assert of(advise(workspace, "--candidate", "/price"), "/price")["distinct"] == 3


def test_a_configured_key_that_no_column_fills_is_named(workspace):
    write(workspace.folder, countries(random.Random(7)))
    configure(workspace, "/contry")
    advice = advise(workspace)
    assert "no column fills" in next(
        k for k in advice["not_judged"] if k["path"] == "/contry")["reason"]
    assert advice["keys"][0]["paths"] == ["/customer"]


def test_a_table_without_rows_has_nothing_to_judge_by(workspace):
    path = str(workspace.folder / "lake" / "table")
    write_deltalake(path, pa.table({"id": pa.array([], pa.string())}))
    configure(workspace, "/id")
    assert "the table has no rows" in refused(workspace)


def test_rows_that_are_all_filtered_say_so(workspace):
    write(workspace.folder, {"n": [1, 3, 5]})
    configure(workspace, "/id", source={"filter": "n = 4"})
    assert "3 filtered" in refused(workspace)
    configure(workspace, "/id", source={"filter": "n > 5"})  # which no file can have
    assert "the filter `n > 5` lets pass" in refused(workspace)


def test_values_that_are_too_long_are_unfit(workspace):
    write(workspace.folder, {"name": ["x" * 3000, "y", "z"]})
    configure(workspace, "/id")
    assert ["/name"] not in [k["paths"] for k in advise(workspace)["keys"]], "a text"
    told = of(advise(workspace, "--candidate", "/name"), "/name")
    assert (told["verdict"], told["too_long"]) == ("unfit", 1)


def test_a_destination_without_ranges_has_no_use_for_advice(workspace):
    write(workspace.folder, countries(random.Random(7)))
    project = workspace.project(workspace.folder / "lake")
    project["connections"]["out"] = {"type": "file", "root": "out"}
    project["pipelines"]["p"]["destination"] = {
        "connection": "out", "container": "c", "partition_key": "/country"}
    workspace.configure(project)
    assert "no physical partitions" in refused(workspace)


def test_a_container_with_another_key_is_no_fault(workspace):
    write(workspace.folder, countries(random.Random(7)))
    configure(workspace, "/customer")
    workspace.create_container(partition_key="/country", throughput=400)
    text = workspace.run("plan", "p", "--advise-partition-key").stdout
    assert "container's key" in text and "another container" in text
    advice = advise(workspace)
    assert (advice["ranges"], advice["container_key"]) == (1, ["/country"])


def test_the_option_needs_its_own(workspace):
    write(workspace.folder, {"a": ["x"]})
    configure(workspace, "/id")
    workspace.run("plan", "p", "--candidate", "/a", code=2)
    workspace.run("plan", "p", "--advise-partition-key", "--exit-code", code=2)

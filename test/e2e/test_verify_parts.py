"""A verification that several processes share (capi/spillway.h), without Spark: it must say what
`spillway verify` says."""

import json
import os
import pathlib
import random
import sys
import threading

import deltalake
import pyarrow as pa
import pytest

from lake import FULL

PACKAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "python"
LIBRARY = pathlib.Path(os.environ["SPILLWAY_BIN"]).parent / "lib" / "libspillway.so"
os.environ.setdefault("SPILLWAY_LIBRARY", str(LIBRARY))
sys.path.insert(0, str(PACKAGE))

import spillway  # noqa: E402
from spillway._verify import Verify, do_part  # noqa: E402

# More in the first file than a part has, and more files than parts.
FILES = [50_000, *[300] * 5] if FULL else [25_000, *[300] * 5]
PLENTY = {"manual": 100_000}
MISMATCH = 5
REFUSED = 7  # the row whose id no document can have


def table_of(rows):
    return pa.table({"id": ["a/b" if n == REFUSED else str(n) for n in rows],
                     "category": [f"c{n % 7}" for n in rows], "n": pa.array(rows, pa.int64())})


def load(workspace, files):
    first = 0
    for count in files:
        deltalake.write_deltalake(str(workspace.folder / "table"),
                                  table_of(range(first, first + count)), mode="append")
        first += count
    workspace.configure(workspace.project(workspace.folder,
                                          destination={"partition_key": "/category",
                                                       "create": {"throughput": PLENTY}},
                                          sync={"max_rejected": "100", "changes": "diff"}))
    workspace.run("sync", "p")
    return workspace


@pytest.fixture
def large(workspace):
    return load(workspace, FILES)


@pytest.fixture
def small(workspace):
    return load(workspace, [300] * 5)


def settings(workspace):
    path = workspace.folder / "spillway.yaml"
    os.environ.update(workspace.spillway.environment)
    return {"project": path.read_text(), "path": str(path), "pipeline": "p"}


def verify_in_parts(workspace, twice=False, on_part=lambda part: None):
    """What comes of it, and the parts."""
    given = settings(workspace)
    with Verify({**given, "at_a_time": 2, "differences": 1_000}) as running:
        parts = []
        while (part := running.take()) is not None:
            parts.append(json.loads(part))
            on_part(parts[-1])
            outcome = do_part({**given, "share": 0.5, "memory_bytes": 32 << 20}, part)
            running.put(outcome)
            if twice and len(parts) == 1:
                running.put(outcome)  # as after a failure that came late
        return running.finish(), parts


def alike(found):
    """Without what reading took."""
    found = {name: value for name, value in found.items() if "request_units" not in name}
    return {**found, "differences": sorted(found["differences"], key=str)}


def test_parts_say_what_one_machine_says(large):
    rows = sum(FILES)
    found, parts = verify_in_parts(large, twice=True)
    assert found["matches"] and found["equal"] == rows - 1 and found["rejected"] == 1
    assert {part["side"] for part in parts} == {"source", "destination"}
    assert sum(part["side"] == "source" for part in parts) >= 2
    assert sum(part["side"] == "destination" for part in parts) == 2
    assert alike(found) == alike(large.json("verify", "p"))
    container, dice = large.container(), random.Random(5)
    for n in dice.sample(range(REFUSED + 1, rows), 40):
        if n % 3 == 0:
            container.delete_item(str(n), f"c{n % 7}")
        elif n % 3 == 1:
            container.upsert_item({"id": str(n), "category": f"c{n % 7}", "n": -n})
        else:
            container.upsert_item({"id": f"new {n}", "category": "c1", "n": n})
    found, _ = verify_in_parts(large)
    assert found["missing"] > 0 and found["different"] > 0 and found["extra"] > 0
    assert alike(found) == alike(large.json("verify", "p", "--differences", "1000",
                                             code=MISMATCH))
    assert large.json("runs", "p")["runs"][1]["kind"] == "verify"


def test_what_moves_meanwhile_is_no_difference(small):
    """The pipeline brings changes after the source was planned, and before documents are read."""
    done = []

    def change(part):
        if done:
            return
        done.append(part)
        table = deltalake.DeltaTable(str(small.folder / "table"))
        table.update(updates={"n": "-n"}, predicate="n % 50 = 3")
        table.delete("n % 50 = 4")
        small.run("sync", "p")

    found, _ = verify_in_parts(small, on_part=change)
    assert found["matches"], found
    assert found["moving"] == 60 and found["through_version"] == found["version"] + 2


def test_a_part_that_fails_ends_it_with_the_reason(small):
    given = settings(small)
    with Verify({**given, "at_a_time": 2}) as running:
        running.take()
        running.fail("an executor was lost")
        with pytest.raises(spillway.SpillwayError) as raised:
            running.finish()
    assert "an executor was lost" in str(raised.value)
    assert small.json("verify", "p")["matches"]


def test_stopping_ends_those_who_wait_for_parts(small):
    with Verify({**settings(small), "at_a_time": 2}) as running:
        taken = []
        waits = threading.Thread(target=lambda: taken.extend(iter(running.take, None)))
        waits.start()
        running.stop()
        waits.join()
        with pytest.raises(spillway.SpillwayError) as raised:
            running.finish()
        assert raised.value.code == "cancelled"


def test_a_wrong_project_is_told_at_once(small):
    given = settings(small)
    with pytest.raises(spillway.SpillwayError):
        Verify({**given, "pipeline": "another"})

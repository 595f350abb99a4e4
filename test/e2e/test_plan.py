"""`plan` against what then happened: the server's history has every write's charge and time.

The bars (request units ± 5 %, duration ± 10 %) hold with SPILLWAY_FULL=1 on a quiet machine; the
suite that runs beside other work checks the units as strictly, and the duration loosely, of loads
that are shorter.
"""

import dataclasses
import random
import re
import shutil
import signal

import pytest
from azure.cosmos import PartitionKey
from deltalake import DeltaTable, write_deltalake

import plan_tables
from control import History
from followed import DECISION, INTERRUPTED, LOCKED, USAGE
from lake import FULL
from meter import Meter
from mirror import assert_adds_up
from programs import wait_until

AUTH = 6

UNITS_WITHIN = 0.05
DURATION_WITHIN = 0.10 if FULL else 0.35
LOAD_SECONDS = 12 if FULL else 2.5


@dataclasses.dataclass
class Case:
    """A table, a container, and how the plan is made."""

    make: object
    units: float  # about, of a document
    provisioned: int
    measure: bool = False
    quick: bool = False
    limit: object = None
    key: str = "/id"
    create: dict = dataclasses.field(default_factory=dict)
    documents: dict = dataclasses.field(default_factory=dict)
    reachable: float = 1

    @property
    def rate(self) -> float:
        if isinstance(self.limit, str):
            return self.provisioned * float(self.limit.rstrip("%")) / 100
        return self.limit or self.provisioned

    @property
    def rows(self) -> int:
        return int(self.rate * self.reachable * LOAD_SECONDS / self.units)


CASES = {
    "small documents": Case(plan_tables.plain, 6.5, 6_000),
    "large documents": Case(plan_tables.large, 27.8, 6_000),
    "mixed sizes, measured": Case(plan_tables.mixed, 8.5, 8_000, measure=True, quick=True),
    "nested": Case(plan_tables.nested, 6.2, 12_000, limit=6_000),
    "wide, nulls left out": Case(
        plan_tables.wide, 15, 6_000, documents={"nulls": "omit"}, measure=True),
    "skewed keys over four ranges": Case(
        plan_tables.tenants, 6.2, 24_000, key="/tenant", reachable=0.5, quick=True),
    "several ranges under a limit": Case(plan_tables.plain, 6.5, 40_000, limit="20%", quick=True),
    "unique keys, no indexing": Case(
        plan_tables.unique, 5, 6_000,
        create={"indexing": "none", "unique_keys": [["/email"]]}, measure=True),
}


@pytest.fixture
def planned(workspace, control, tmp_path):
    return Planned(workspace, control, tmp_path / "lake")


class Planned:
    """Plans, runs, and compares."""

    def __init__(self, workspace, control, folder):
        self.workspace = workspace
        self.control = control
        self.folder = folder
        self.path = folder / "table"

    def configure(self, case: Case, **more):
        destination = {
            "partition_key": case.key,
            "create": {"throughput": {"manual": case.provisioned}, **case.create},
        }
        parts = {"documents": case.documents} if case.documents else {}
        if case.limit is not None:
            parts["throughput"] = {"limit": case.limit}
        sync = {"delete_guard": "off"}
        project = self.workspace.project(
            self.folder, destination=destination, sync=sync, **parts, **more)
        self.workspace.configure(project)

    def plan(self, *words) -> dict:
        return self.workspace.json("plan", "p", *words)

    def run(self, *words) -> tuple:
        """The writes that a sync made, as the server has them, and its summary."""
        history = History(self.control, f"{self.workspace.database}/items")
        history.new()
        summary = self.workspace.json("sync", "p", *words)
        assert_adds_up(summary)
        return history.new(), summary

    def compare(self, plan: dict, writes: list) -> None:
        charged = sum(write["charge"] for write in writes)
        seconds = Meter(writes).seconds
        told = f"{plan['request_units']:.0f} RU planned, {charged:.0f} charged; " \
            f"{plan['seconds']:.2f} s planned, {seconds:.2f} taken"
        print(told)
        assert plan["request_units"] == pytest.approx(charged, rel=UNITS_WITHIN), told
        assert plan["seconds"] == pytest.approx(seconds, rel=DURATION_WITHIN), told


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if FULL or case.quick])
def test_a_load_takes_what_was_planned(planned, name):
    case = CASES[name]
    plan_tables.write(planned.path, case.make, case.rows)
    planned.configure(case)
    plan = planned.plan(*(["--measure"] if case.measure else []))
    assert ("measured" in plan) == case.measure
    writes, _ = planned.run()
    planned.compare(plan, writes)


def change(planned, columns, count) -> None:
    """A third of the rows are updated, some are deleted, and new ones come."""
    generator = random.Random(3)
    fresh = plan_tables.mixed(count // 2, generator)
    names = [f"new-{n:06}" for n in range(count // 4)] + columns["id"][: count // 4]
    table = DeltaTable(str(planned.path))
    source = plan_tables.pa.table({"id": names, **{k: v[: len(names)] for k, v in fresh.items()}})
    merger = table.merge(source, "t.id = s.id", source_alias="s", target_alias="t")
    merger.when_matched_update_all().when_not_matched_insert_all().execute()
    DeltaTable(str(planned.path)).delete(f"id > 'id-{count - count // 10:07}' AND id < 'id-9'")


@pytest.mark.parametrize("measure", [True, *([False] * FULL)])
def test_changes_take_what_was_planned(planned, measure):
    case = Case(plan_tables.mixed, 8.5, 4_000)
    count = 12_000 if FULL else 2_000
    feed = {"delta.enableChangeDataFeed": "true"}
    columns = plan_tables.write(planned.path, case.make, count, configuration=feed)
    planned.configure(dataclasses.replace(case, provisioned=12_000))
    planned.run()
    container = planned.workspace.container()
    container.replace_throughput(case.provisioned)
    change(planned, columns, count)
    plan = planned.plan(*(["--measure"] if measure else []))
    assert plan["run"] == "changes" and plan["exact"]
    assert plan["inserts"] > 0 and plan["upserts"] > plan["inserts"] and plan["deletes"] > 0
    writes, _ = planned.run()
    planned.compare(plan, writes)


def test_loading_anew_takes_what_was_planned(planned):
    """Documents that are there are replaced, which costs more."""
    case = Case(plan_tables.plain, 6.5, 6_000)
    plan_tables.write(planned.path, case.make, int(case.rows / 1.5))
    planned.configure(case)
    planned.run()
    plan = planned.plan("--full", "--measure")
    assert plan["next"] == "spillway sync p --full"
    writes, _ = planned.run("--full")
    planned.compare(plan, writes)


# What a measurement leaves behind.


def containers(workspace) -> list:
    names = [d["id"] for d in workspace.cosmos.list_databases()]
    if workspace.database not in names:
        return []
    database = workspace.cosmos.get_database_client(workspace.database)
    return [c["id"] for c in database.list_containers()]


def small(planned, **more) -> None:
    plan_tables.write(planned.path, plan_tables.plain, 300)
    planned.configure(Case(plan_tables.plain, 6.5, 6_000), **more)


def test_a_measurement_says_before_what_it_takes_and_leaves_nothing(planned):
    small(planned)
    outcome = planned.workspace.run("plan", "p", "--measure")
    assert "measuring: " in outcome.stderr and "RU; it is removed again" in outcome.stderr
    assert "2000 RU/s, of which an hour is billed" in outcome.stderr
    assert re.search(r"measured: 1\d\d documents of the sample", outcome.stdout)
    assert containers(planned.workspace) == []
    names = [d["id"] for d in planned.workspace.cosmos.list_databases()]
    assert planned.workspace.database not in names, "made for the measurement alone"
    assert not (planned.workspace.folder / ".spillway").exists()


def test_without_the_flag_nothing_is_made(planned):
    small(planned)
    planned.control.ask("POST", "/history", {"enabled": True})
    plan = planned.plan()
    assert "measured" not in plan and "--measure" in plan["cost_basis"]
    assert planned.control.ask("GET", "/history?from=0&count=10")["writes"] == []


def test_a_measurement_is_made_in_a_container_like_the_pipelines(planned):
    """An existing container decides: its indexing, not what the file says."""
    small(planned)
    planned.run()
    database = planned.workspace.cosmos.get_database_client(planned.workspace.database)
    nothing = {"indexingMode": "consistent", "includedPaths": [], "excludedPaths": [{"path": "/*"}]}
    indexed = planned.plan("--full", "--measure")["request_units_per_document"]
    database.replace_container("items", PartitionKey("/id"), indexing_policy=nothing)
    bare = planned.plan("--full", "--measure")["request_units_per_document"]
    assert indexed == pytest.approx(1.5 * 6.5, rel=0.01)
    assert bare == pytest.approx(1.5 * 5, rel=0.01)
    assert containers(planned.workspace) == ["items"]


def start_measuring(planned):
    """A plan that hangs in the middle of its measurement."""
    small(planned)
    planned.run()
    planned.control.add_fault(1, operation="bulk", effect="pause")
    process = planned.workspace.spillway.start("plan", "p", "--full", "--measure")
    wait_until(lambda: len(containers(planned.workspace)) == 2, "the container of the measurement")
    return process


def test_ctrl_c_takes_the_container_away(planned):
    process = start_measuring(planned)
    process.send_signal(signal.SIGINT)
    planned.workspace.spillway.end_of(process, INTERRUPTED)
    assert containers(planned.workspace) == ["items"]


def test_what_a_killed_plan_left_is_taken_away_by_the_next(planned):
    process = start_measuring(planned)
    assert containers(planned.workspace) != ["items"]
    other = planned.plan()
    assert other["notes"] == [] and len(containers(planned.workspace)) == 2, "it is in use"
    process.kill()
    planned.workspace.spillway.end_of(process, None)
    planned.control.tidy()
    told = planned.workspace.run("plan", "p")
    assert "removed container spillway-plan-" in told.stderr
    assert containers(planned.workspace) == ["items"]


def test_a_measurement_that_fails_takes_its_container_away(planned):
    small(planned)
    planned.control.add_fault(
        1, operation="bulk", effect="error", status=400, per_operation=True)
    refused = planned.plan("--measure")
    assert refused["measured"]["refused"] == refused["measured"]["documents"]
    assert "--measure" in refused["cost_basis"], "nothing was learned"
    planned.control.tidy()
    planned.control.add_fault(1, operation="bulk", effect="error", status=403)
    told = planned.workspace.run("plan", "p", "--measure", code=None)
    assert told.code == AUTH and "measuring what writes cost" in told.stderr
    assert containers(planned.workspace) == []


def test_a_destination_without_charges_cannot_be_measured(planned):
    small(planned)
    project = planned.workspace.project(planned.folder)
    project["connections"]["out"] = {"type": "file", "root": "out"}
    project["pipelines"]["p"]["destination"] = {
        "connection": "out", "container": "c", "partition_key": "/id"}
    planned.workspace.configure(project)
    assert "request_units" not in planned.plan()
    assert "--measure" in planned.workspace.run("plan", "p", "--measure", code=USAGE).stderr


# What a plan says besides.


def test_a_plan_says_what_holds_a_load_back_and_what_would_halve_it(planned):
    plan_tables.write(planned.path, plan_tables.plain, 6_000)
    planned.configure(Case(plan_tables.plain, 6.5, 8_000, limit="25%"))
    plan = planned.plan()
    assert plan["limited_by"] == "throughput.limit: 25% of 8,000 RU/s"
    assert plan["faster"][0]["setting"] == "throughput: {limit: 50%}"
    assert plan["faster"][0]["seconds"] == pytest.approx(plan["seconds"] / 2)
    planned.workspace.run("throttle", "p", "--ru", "1000")
    plan = planned.plan()
    assert plan["limited_by"] == "a limit set by `spillway throttle`: 1000"
    assert plan["faster"][0]["setting"] == "spillway throttle p --ru 2000"
    planned.configure(Case(plan_tables.plain, 6.5, 8_000))
    planned.workspace.run("throttle", "p", "--reset")
    plan = planned.plan()
    assert plan["faster"][0]["setting"] == "destination.create.throughput: {manual: 16000}"
    assert plan["partitions"]["count"] == 2 and plan["partitions"]["for_throughput"] == 1


def test_the_cost_of_a_day_of_changes_comes_from_the_log(planned):
    columns = plan_tables.write(planned.path, plan_tables.plain, 1_000)
    planned.configure(Case(plan_tables.plain, 6.5, 6_000))
    DeltaTable(str(planned.path)).update(updates={"stock": "stock + 1"}, predicate="price < 500")
    DeltaTable(str(planned.path)).delete("id < 'id-0000100'")
    day = planned.plan()["changes_per_day"]
    cheap = sum(price < 500 for price in columns["price"])
    assert (day["rows_updated"], day["rows_deleted"], day["rows_inserted"]) == (cheap, 100, 0)
    assert day["request_units"] == pytest.approx((cheap + 100) * 1.5 * 6.5, rel=0.01)
    assert day["cheaper"] == "incremental" and day["hours_known"] < 1
    text = planned.workspace.run("plan", "p").stdout
    assert "apply the changes" in text and "less than a day is known" in text


def test_loading_anew_is_advised_when_more_changes_than_there_is(planned):
    plan_tables.write(planned.path, plan_tables.plain, 200)
    planned.configure(Case(plan_tables.plain, 6.5, 6_000))
    for _ in range(3):
        DeltaTable(str(planned.path)).update(updates={"stock": "stock + 1"})
    day = planned.plan()["changes_per_day"]
    assert day["cheaper"] == "full" and day["request_units"] > 2 * day["reload_request_units"]


# A plan that is saved.


def save(planned, *words) -> dict:
    return planned.workspace.json("plan", "p", "-o", "plan.json", *words)


def followed_table(planned) -> None:
    feed = {"delta.enableChangeDataFeed": "true"}
    plan_tables.write(planned.path, plan_tables.plain, 300, configuration=feed)
    planned.configure(Case(plan_tables.plain, 6.5, 6_000))


def apply(planned, *words) -> dict:
    summary = planned.workspace.json("sync", "plan.json", *words)
    return summary


def stale(planned, *words) -> str:
    return planned.workspace.run("sync", "plan.json", *words, code=LOCKED).stderr


def grow(planned, name="more") -> None:
    rows = {"id": [name], **plan_tables.plain(1, random.Random(2))}
    write_deltalake(str(planned.path), plan_tables.pa.table(rows), mode="append")


def test_a_saved_plan_is_applied_exactly(planned):
    followed_table(planned)
    plan = save(planned)
    summary = apply(planned)
    assert (summary["outcome"], summary["version"]) == ("loaded", plan["version"])
    assert summary["planned"]["request_units"] == plan["request_units"]
    assert summary["request_units"] == pytest.approx(plan["request_units"], rel=UNITS_WITHIN)
    assert "the pipeline has moved" in stale(planned), "it is done"
    grow(planned)
    plan = save(planned)
    summary = apply(planned)
    assert summary["outcome"] == "changes applied" and summary["version"] == plan["version"] == 1
    assert save(planned)["pending"] is False
    assert apply(planned)["outcome"] == "up to date"


def test_an_older_version_is_loaded_when_that_was_planned(planned):
    followed_table(planned)
    grow(planned)
    save(planned, "--version", "0")
    summary = apply(planned)
    assert summary["version"] == 0 and len(planned.workspace.documents()) == 300


def test_a_resync_is_applied_as_planned(planned):
    followed_table(planned)
    planned.run()
    planned.workspace.container().upsert_item({"id": "stranger", "name": "x"})
    save(planned, "--resync")
    assert apply(planned)["swept"] == 1
    assert len(planned.workspace.documents()) == 300


def test_a_plan_is_refused_when_the_table_has_moved(planned):
    followed_table(planned)
    save(planned)
    grow(planned)
    told = stale(planned)
    assert "the table has moved: it was at version 0 and is at 1" in told and "--replan" in told
    summary = apply(planned, "--replan")
    assert summary["version"] == 1 and len(planned.workspace.documents()) == 301


def test_a_plan_is_refused_when_the_table_was_created_anew(planned):
    followed_table(planned)
    save(planned)
    shutil.rmtree(planned.path)
    followed_table(planned)
    assert "the table was created anew" in stale(planned)


def test_a_plan_is_refused_when_the_configuration_has_changed(planned):
    followed_table(planned)
    save(planned)
    planned.configure(Case(plan_tables.plain, 6.5, 6_000, limit="50%"))
    assert "`throughput.limit` was not set and is 50%" in stale(planned)
    planned.configure(Case(plan_tables.plain, 6.5, 6_000), source={"filter": "active"})
    assert "`source.filter` was not set and is active" in stale(planned)
    planned.configure(Case(plan_tables.plain, 6.5, 6_000))
    text = (planned.workspace.folder / "spillway.yaml").read_text()
    planned.workspace.configure_text(text.replace(planned.workspace.database, "elsewhere"))
    assert "the destination was" in stale(planned)


def test_a_plan_is_refused_when_another_sync_has_run(planned):
    followed_table(planned)
    save(planned)
    planned.run()
    assert "nothing was loaded when it was planned, and now version 0 was loaded" in stale(planned)


def test_a_plan_of_a_table_to_be_loaded_anew_says_how(planned):
    followed_table(planned)
    planned.run()
    planned.configure(Case(plan_tables.plain, 6.5, 6_000), source={"filter": "active"})
    told = planned.workspace.run("plan", "p", "-o", "plan.json", code=USAGE).stderr
    assert "--full -o FILE" in told and not (planned.workspace.folder / "plan.json").exists()
    assert save(planned, "--full")["next"] == "spillway sync p --full"
    assert apply(planned)["outcome"] == "loaded"


def test_what_is_no_plan_is_refused(planned):
    followed_table(planned)
    save(planned)
    path = planned.workspace.folder / "plan.json"
    whole = path.read_text()
    refuse = lambda *words: planned.workspace.run("sync", "plan.json", *words, code=USAGE).stderr
    assert "is a saved plan and says what is done" in refuse("--full")
    path.write_text(whole.replace('"version": 0', '"version": 1'))
    assert "damaged" in refuse()
    path.write_text(whole[: len(whole) // 2])
    assert "no plan" in refuse()
    path.write_text("version: 1")
    assert "no plan" in refuse()
    path.write_text(whole.replace('"spillway_plan": 1', '"spillway_plan": 99'))
    assert "format 99" in planned.workspace.run("sync", "plan.json", code=DECISION).stderr
    path.write_text(whole)
    text = (planned.workspace.folder / "spillway.yaml").read_text()
    planned.workspace.configure_text(text.replace("  p:", "  q:"))
    assert "of another project" in refuse()
    assert "--replan belongs to a saved plan" in planned.workspace.run(
        "sync", "q", "--replan", code=USAGE).stderr
    assert containers(planned.workspace) == []

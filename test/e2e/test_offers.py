"""The throughput and the index policy that a load sets, and what they are afterwards.

The server's own offer, container and history are the judges; kills are real.
"""

import signal

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from control import Control, History
from lake import FULL
from programs import Emulator, on_terminal, wait_until

USAGE, OVER_BUDGET, AUTH, TEMPORARY, TERMINATED, DECISION = 2, 3, 6, 7, 143, 9
BEFORE, DURING = 5_000, 30_000
ROWS = 2_000
KILLS = 20 if FULL else 2


def make_table(path, rows=ROWS, first=0) -> None:
    numbers = range(first, first + rows)
    table = pa.table(
        {
            "id": [f"r{n}" for n in numbers],
            "name": [f"name {n % 977}" for n in numbers],
            "stock": pa.array([n % 1000 for n in numbers], pa.int32()),
        }
    )
    write_deltalake(str(path), table, mode="append")


class Shop:
    """A workspace whose container is there already, with an offer that is watched."""

    def __init__(self, workspace, control, folder):
        self.workspace = workspace
        self.control = control
        self.folder = folder
        make_table(folder / "table")

    def configure(self, throughput, create=True, **pipeline):
        if create:
            self.workspace.create_container(throughput=BEFORE)
        project = self.workspace.project(
            self.folder, throughput={"ask": False, **throughput}, **pipeline
        )
        self.workspace.configure(project)

    def offer(self):
        """What the server admits: ("manual" or "autoscale", RU/s)."""
        properties = self.workspace.container().get_throughput()
        settings = properties.properties["content"].get("offerAutopilotSettings")
        if settings:
            return "autoscale", settings["maxThroughput"]
        return "manual", properties.offer_throughput

    def change_is_pending(self):
        content = self.workspace.container().get_throughput().properties["content"]
        return content.get("isOfferReplacePending", False)

    def policy(self):
        return self.workspace.container().read()["indexingPolicy"]

    def is_light(self):
        policy = self.policy()
        return not policy["includedPaths"] and {"path": "/*"} in policy["excludedPaths"]

    def items(self):
        found = self.control.container(f"{self.workspace.database}/items")
        return sum(part["items"] for part in found["ranges"]) if found else 0

    def start(self, *words):
        """Starts a sync and returns it once it writes."""
        process = self.workspace.spillway.start("sync", "p", *words)
        try:
            wait_until(lambda: self.items() > 100 or process.poll() is not None, "the first rows")
            assert process.poll() is None, process.communicate()
        except AssertionError:
            process.kill()
            raise
        return process

    def slowly(self):
        """A limit that makes the load take some seconds."""
        return {"limit": 5_000}


@pytest.fixture
def shop(workspace, control, tmp_path):
    return Shop(workspace, control, tmp_path / "lake")


@pytest.fixture
def slow_server(tmp_path, request):
    """A server on which a change of throughput takes its time, and a shop on it."""
    from conftest import Workspace

    words = ("--control-port", "0", *request.param)
    with Emulator(tmp_path / "server", *words) as server:
        yield Shop(Workspace(tmp_path, server), Control(server), tmp_path / "lake")


def test_a_load_is_raised_and_set_back_to_what_was_there(shop):
    shop.configure({"initial_load": {"manual": DURING}, **shop.slowly()})
    process = shop.start("--output", "json")
    assert shop.offer() == ("manual", DURING)
    outcome = shop.workspace.spillway.end_of(process)
    assert shop.offer() == ("manual", BEFORE)
    assert outcome.result["tuning"]["restored"] is True
    assert outcome.result["tuning"]["throughput"] == {"manual": BEFORE}
    assert "30,000 RU/s (was 5,000 RU/s)" in outcome.stderr
    assert shop.items() == ROWS


def test_a_load_migrates_to_autoscale_and_changes_have_their_own(shop):
    shop.configure({"initial_load": {"autoscale": DURING}, **shop.slowly()})
    process = shop.start()
    assert shop.offer() == ("autoscale", DURING)
    shop.workspace.spillway.end_of(process)
    assert shop.offer() == ("manual", BEFORE)
    shop.configure({"changes": {"autoscale": 5_000}}, create=False)
    make_table(shop.folder / "table", 10, ROWS)
    shop.workspace.run("sync", "p")
    assert shop.offer() == ("manual", BEFORE), "changes alone touch nothing"
    shop.workspace.run("sync", "p", "--full")
    assert shop.offer() == ("autoscale", 5_000)


def test_a_load_that_fails_is_set_back(shop):
    shop.configure({"initial_load": {"manual": DURING, "indexing": "light"}})
    rule = dict(operation="write", effect="error", status=413, per_operation=True, probability=0.5)
    shop.control.add_fault(7, **rule)
    shop.workspace.run("sync", "p", code=OVER_BUDGET)
    assert shop.offer() == ("manual", BEFORE)
    assert not shop.is_light()


def test_a_load_that_is_stopped_by_a_signal_is_set_back(shop):
    shop.configure({"initial_load": {"manual": DURING, "indexing": "light"}, **shop.slowly()})
    process = shop.start()
    assert shop.offer() == ("manual", DURING)
    assert shop.is_light()
    process.send_signal(signal.SIGTERM)
    shop.workspace.spillway.end_of(process, TERMINATED)
    assert shop.offer() == ("manual", BEFORE)
    assert not shop.is_light()
    shop.workspace.run("sync", "p")
    assert shop.items() == ROWS


@pytest.mark.parametrize("store", ["sqlite", "cosmosdb"])
def test_a_load_that_is_killed_is_set_back_by_the_next_command(shop, store):
    shop.configure({"initial_load": {"manual": DURING, "indexing": "light"}, **shop.slowly()})
    if store == "cosmosdb":
        project = shop.workspace.project(
            shop.folder,
            throughput={"ask": False, "initial_load": {"manual": DURING, "indexing": "light"},
                        **shop.slowly()},
        )
        state = {"store": "cosmosdb", "connection": "shop", "container": "state"}
        shop.workspace.configure({**project, "state": state})
    policy = shop.policy()
    process = shop.start()
    process.kill()
    process.communicate()
    assert shop.offer() == ("manual", DURING)
    assert shop.is_light()
    told = shop.workspace.json("throttle", "p", "--restore")
    assert told["tuning"]["restored"] is True
    assert shop.offer() == ("manual", BEFORE)
    assert shop.policy() == policy
    assert "nothing is to be set back" in shop.workspace.run("throttle", "p", "--restore").text


def test_a_sync_after_a_kill_sets_back_to_what_was_there_before_the_first(shop):
    shop.configure({"initial_load": {"manual": DURING, "indexing": "light"}, **shop.slowly()})
    policy = shop.policy()
    for _ in range(KILLS):
        process = shop.workspace.spillway.start("sync", "p")
        wait_until(lambda: shop.offer() == ("manual", DURING), "the raise")
        process.kill()
        process.communicate()
    # Without any wish of its own, the next one goes on and leaves things as they were.
    shop.configure({}, create=False)
    shop.workspace.run("sync", "p")
    assert shop.offer() == ("manual", BEFORE)
    assert shop.policy() == policy
    assert shop.items() == ROWS


@pytest.mark.parametrize("slow_server", [("--throughput-change-ms", "300000")], indirect=True)
def test_a_change_that_takes_hours_does_not_hold_up_the_load(slow_server):
    shop = slow_server
    shop.configure({"initial_load": {"manual": DURING}})
    outcome = shop.workspace.run("sync", "p", "--output", "json", code=TEMPORARY)
    assert outcome.result["counts"]["upserted"] == ROWS
    assert outcome.result["tuning"]["restored"] is False
    assert "pending" in outcome.stderr
    assert "spillway throttle p --restore" in outcome.stderr
    shop.control.ask("POST", "/clock", {"advance_ms": 310_000})
    assert shop.offer() == ("manual", DURING)
    shop.workspace.run("throttle", "p", "--restore", code=TEMPORARY)  # now it goes down
    shop.control.ask("POST", "/clock", {"advance_ms": 310_000})
    shop.workspace.run("sync", "p")
    assert shop.offer() == ("manual", BEFORE)


@pytest.mark.parametrize("slow_server", [("--throughput-change-ms", "300000")], indirect=True)
def test_a_run_that_follows_the_table_sets_back_by_itself_what_takes_hours(slow_server):
    shop = slow_server
    shop.configure({"initial_load": {"manual": DURING}})
    process = shop.workspace.spillway.start("sync", "p", "--continuous")
    try:
        restores = lambda: shop.workspace.json("status")["pipelines"][0]["to_restore"]
        wait_until(lambda: shop.items() == ROWS, "the load")
        shop.control.ask("POST", "/clock", {"advance_ms": 310_000})
        assert shop.offer() == ("manual", DURING)
        wait_until(shop.change_is_pending, "the change back")
        shop.control.ask("POST", "/clock", {"advance_ms": 310_000})
        wait_until(lambda: shop.offer() == ("manual", BEFORE), "what was there before")
        wait_until(lambda: not restores(), "the end of it")
    finally:
        process.send_signal(signal.SIGTERM)
    outcome = shop.workspace.spillway.end_of(process, TERMINATED)
    assert "throughput set back to 5,000 RU/s" in outcome.stderr


@pytest.mark.parametrize("slow_server", [("--throughput-change-ms", "700")], indirect=True)
def test_a_migration_that_is_pending_for_a_moment_is_finished(slow_server):
    shop = slow_server
    shop.configure({"initial_load": {"autoscale": DURING}})
    outcome = shop.workspace.run("sync", "p", "--output", "json")
    assert outcome.result["tuning"]["restored"] is True
    assert shop.offer() == ("manual", BEFORE)


@pytest.mark.parametrize("slow_server", [("--index-transformation-ms", "600000")], indirect=True)
def test_the_progress_of_the_index_is_told(slow_server):
    shop = slow_server
    shop.configure({"initial_load": {"manual": DURING, "indexing": "light"}})
    outcome = shop.workspace.run("sync", "p", "--output", "json")
    assert outcome.result["tuning"]["index_percent"] < 100
    assert "% of the index is built" in outcome.stderr
    assert not shop.is_light()


def test_a_light_index_makes_a_load_cheaper(shop):
    shop.configure({"initial_load": {"indexing": "light"}})
    light = shop.workspace.json("sync", "p")["request_units"]
    shop.configure({}, create=False)
    shop.workspace.cosmos.get_database_client(shop.workspace.database).delete_container("items")
    shop.configure({})
    full = shop.workspace.json("sync", "p", "--full")["request_units"]
    assert light < 0.9 * full


def test_what_the_service_does_not_allow_any_more_is_set_as_low_as_it_goes(shop):
    shop.configure({"initial_load": {"manual": 60_000}}, create=False)
    shop.workspace.create_container(throughput=400)
    outcome = shop.workspace.run("sync", "p")
    assert shop.offer() == ("manual", 600)
    assert "400 RU/s is less than the service allows now" in outcome.text


# Asking.


def test_a_load_that_goes_on_after_a_kill_is_not_asked_about_again(shop):
    shop.configure({"ask": True, "initial_load": {"manual": DURING}, **shop.slowly()})
    process = shop.start("--yes")
    process.kill()
    process.communicate()
    shop.workspace.run("sync", "p")
    assert shop.offer() == ("manual", BEFORE)
    assert shop.items() == ROWS


def test_without_a_terminal_nothing_is_raised_that_nobody_agreed_to(shop):
    shop.configure({"ask": True, "initial_load": {"manual": DURING}})
    told = shop.workspace.run("sync", "p", code=USAGE).text
    assert "30,000 RU/s (from 5,000 RU/s)" in told
    assert "spillway sync p --yes" in told
    assert "ask: false" in told
    assert shop.offer() == ("manual", BEFORE)
    assert shop.items() == 0
    assert not (shop.workspace.folder / ".spillway").exists()
    shop.workspace.run("sync", "p", "--yes")
    assert shop.items() == ROWS


@pytest.mark.parametrize("text, code", [(b"y\n", 0), (b"n\n", USAGE), (b"\n", USAGE)])
def test_on_a_terminal_it_asks_with_numbers_and_time(shop, text, code):
    shop.configure({"ask": True, "initial_load": {"manual": DURING}})
    outcome = on_terminal(shop.workspace.spillway, "sync", "p", answer=text)
    said = outcome.text
    assert outcome.code == code, said
    assert "30,000 RU/s (from 5,000 RU/s)" in said
    assert "time of the load: about" in said
    assert shop.items() == (ROWS if code == 0 else 0)
    assert shop.offer() == ("manual", BEFORE)


def test_plan_and_check_say_what_would_be_set(shop):
    shop.configure({"ask": True, "initial_load": {"manual": 60_000, "indexing": "light"}})
    for words in (("plan", "p"), ("check", "--connect")):
        told = shop.workspace.run(*words).text
        assert "60,000 RU/s (from 5,000 RU/s)" in told
        assert "index policy light" in told
    assert shop.offer() == ("manual", BEFORE)


# Bad input.


@pytest.mark.account_key
def test_an_offer_that_may_not_be_changed_is_explained_before_anything_is_done(shop):
    shop.configure({"initial_load": {"manual": DURING}})
    shop.control.add_fault(1, operation="offer", effect="error", status=403, substatus=5300)
    told = shop.workspace.run("sync", "p", code=AUTH).text
    assert "throughput.initial_load" in told
    assert "account key" in told
    assert "az cosmosdb sql container throughput update" in told
    assert shop.items() == 0


@pytest.mark.parametrize("slow_server", [("--throughput", "unlimited")], indirect=True)
def test_a_serverless_account_has_nothing_to_set_and_no_share(slow_server):
    shop = slow_server
    create = {"destination": {"create": {}}}
    shop.configure({"initial_load": {"manual": DURING}}, create=False, **create)
    told = shop.workspace.run("sync", "p", code=DECISION).text
    assert "serverless" in told and "leave out" in told
    shop.configure({"limit": "30%"}, create=False, **create)
    told = shop.workspace.run("sync", "p", code=USAGE).text
    assert "throughput: {limit: 4000}" in told
    shop.configure({"limit": 4_000}, create=False, **create)
    shop.workspace.run("sync", "p")
    assert shop.items() == ROWS


def test_a_limit_above_the_offer_is_a_warning_with_numbers(shop):
    shop.configure({"limit": 8_000})
    for words in (("check", "--connect"), ("sync", "p")):
        told = shop.workspace.run(*words).stderr
        assert "throughput.limit is 8,000 RU/s and the container admits 5,000" in told
        assert "spillway throttle p" in told
    shop.configure({"limit": 4_000}, create=False)
    assert "warning" not in shop.workspace.run("check", "--connect").stderr


def test_a_throughput_bucket_that_does_not_exist_is_a_warning(shop):
    shop.configure({}, destination={"throughput_bucket": 3})
    buckets = [{"id": 1, "maxThroughputPercentage": 50}]
    body = {"container": f"{shop.workspace.database}/items", "manual": BEFORE, "buckets": buckets}
    shop.control.ask("POST", "/throughput", body)
    told = shop.workspace.run("sync", "p").stderr
    assert "no throughput bucket 3 (it has 1)" in told
    assert shop.items() == ROWS, "the service ignores the number"
    buckets.append({"id": 3, "maxThroughputPercentage": 50})
    shop.control.ask("POST", "/throughput", body)
    assert "bucket" not in shop.workspace.run("check", "--connect").stderr


@pytest.mark.parametrize(
    "throughput, word",
    [
        ({"initial_load": {"manual": 450}}, "steps of 100"),
        ({"changes": {"autoscale": 4_500}}, "steps of 1000"),
        ({"initial_load": {"manual": 4_000, "autoscale": 4_000}}, "exclude each other"),
        ({"initial_load": {"indexing": "none"}}, "light"),
    ],
)
def test_what_cannot_be_provisioned_is_refused_before_anything_is_done(shop, throughput, word):
    shop.configure(throughput)
    assert word in shop.workspace.run("sync", "p", code=USAGE).text
    assert shop.items() == 0
    assert shop.offer() == ("manual", BEFORE)

"""`strategy: switch`: readers that follow the pointer see one whole snapshot after the other."""

import json

import pytest
from azure.cosmos import PartitionKey

from conftest import Workspace
from control import Control, History
from mirror import assert_adds_up, version_of
from programs import Emulator, wait_until
from switching import ID, POINTERS, Switched

FAILED, USAGE, MISMATCH, LOCKED, DECISION = 1, 2, 5, 8, 9


@pytest.fixture
def switched(workspace, tmp_path):
    return lambda **options: Switched(workspace, tmp_path / "lake", **options)


def live(s) -> str:
    return s.reader().pointer()["container"]


def test_readers_see_whole_snapshots_and_changes_during_the_load_come_along(switched, control):
    s = switched()
    with s.poller() as poller:
        first = s.workspace.json("sync", "p")
        assert first["switch"]["to"] == "items-v1" and "from" not in first["switch"]
        assert first["switch"]["verified_documents"] == s.count
        wait_until(lambda: poller.seen == [1], "the first snapshot")
        s.write(2)
        # The load is held at its first write, and the table changes once more meanwhile.
        control.add_fault(1, operation="bulk", container=f"{s.workspace.database}/items-v2",
                          effect="pause")
        process = s.workspace.spillway.start("sync", "p", "--full", "--output", "json")
        wait_until(lambda: "items-v2" in s.containers(), "the second container")
        s.write(3, count=s.count + 50)
        control.ask("DELETE", "/faults")
        second = json.loads(s.workspace.spillway.end_of(process).stdout)
        assert_adds_up(second)
        assert second["switch"]["from"] == "items-v1" and second["switch"]["to"] == "items-v2"
        assert second["switch"]["version"] == version_of(s.table) == 2
        wait_until(lambda: poller.seen[-1] == 3, "the new snapshot")
        assert poller.stop() == [1, 3], "the snapshot in between was never one to be read"
    pointer = s.reader().pointer()
    assert pointer["previous"] == "items-v1" and pointer["table_version"] == 2
    assert pointer["format"] == 1 and pointer["pipeline"] == "p"
    assert s.containers() == {"items-v1", "items-v2", POINTERS}
    kinds = [run["kind"] for run in s.workspace.json("runs", "p")["runs"]]
    assert kinds.count("switch") == 2 and kinds.count("verify") == 2
    assert s.workspace.json("verify", "p")["matches"] is True


def test_a_flip_is_one_write_of_the_pointer(switched, control):
    s = switched()
    s.workspace.run("sync", "p")
    history = History(control, f"{s.workspace.database}/{POINTERS}")
    s.write(2)
    s.workspace.run("sync", "p", "--full")
    writes = [write for write in history.new() if write["id"] == ID]
    assert [write["operation"] for write in writes] == ["replace"]
    assert writes[0]["document"]["container"] == "items-v2"


def test_changes_go_into_the_container_that_readers_read(switched):
    s = switched(changes_over="off")
    s.workspace.run("sync", "p")
    s.write(2)
    summary = s.workspace.json("sync", "p")
    assert "switch" not in summary
    assert_adds_up(summary)
    assert live(s) == "items-v1" and s.stamps() == {2}
    assert s.workspace.run("query", "p", "SELECT VALUE COUNT(1) FROM c").stdout == f"{s.count}\n"


def test_many_changes_are_loaded_into_a_new_container(switched):
    s = switched(count=1_500)
    s.workspace.run("sync", "p")
    s.write(2)
    with s.poller() as poller:
        plan = s.workspace.json("plan", "p")
        assert plan["switch"]["to"] == "items-v2", plan
        summary = s.workspace.json("sync", "p")
        assert summary["switch"]["to"] == "items-v2"
        wait_until(lambda: poller.seen[-1] == 2, "the new snapshot")
    assert "switch" not in s.workspace.json("sync", "p"), "nothing has changed since"


def test_the_new_container_has_the_settings_of_the_old_one_where_create_is_silent(
    workspace, tmp_path
):
    s = Switched(workspace, tmp_path / "lake")
    text = (workspace.folder / "spillway.yaml").read_text()
    workspace.run("sync", "p")
    database = workspace.cosmos.get_database_client(workspace.database)
    policy = {
        "indexingMode": "consistent",
        "includedPaths": [{"path": "/stamp/?"}],
        "excludedPaths": [{"path": "/*"}],
    }
    database.replace_container("items-v1", PartitionKey("/id"), indexing_policy=policy,
                               default_ttl=-1)
    database.get_container_client("items-v1").replace_throughput(12_000)
    without = "\n".join(
        line for line in text.splitlines()
        if not any(word in line for word in ("create:", "throughput:", "manual:"))
    )
    workspace.configure_text(without)
    s.write(2)
    workspace.run("sync", "p", "--full")
    made = database.get_container_client("items-v2")
    read = made.read()
    assert {"path": "/stamp/?"} in read["indexingPolicy"]["includedPaths"]
    assert read["defaultTtl"] == -1
    assert made.get_throughput().offer_throughput == 12_000
    workspace.configure_text(text)
    s.write(3)
    workspace.run("sync", "p", "--full")
    third = database.get_container_client("items-v3")
    assert "defaultTtl" not in third.read(), "`create` says how, where it is there"
    assert third.get_throughput().offer_throughput == 40_000


def test_a_name_that_somebody_has_taken_is_passed_over(switched):
    s = switched()
    s.workspace.create_container("items-v1").upsert_item({"id": "mine"})
    s.workspace.run("sync", "p")
    assert live(s) == "items-v2"
    assert [d["id"] for d in s.workspace.documents("items-v1")] == ["mine"]


def test_a_container_that_is_not_equal_is_never_switched_to(switched, control):
    s = switched()
    s.workspace.run("sync", "p")
    s.write(2)
    name = f"{s.workspace.database}/items-v2"
    control.add_fault(1, operation="feed", container=name, effect="pause")
    process = s.workspace.spillway.start("sync", "p", "--full")
    loaded = lambda: (control.container(name) or {"ranges": []})["ranges"] and sum(
        r["items"] for r in control.container(name)["ranges"]) == s.count
    wait_until(loaded, "the load")
    s.workspace.container("items-v2").delete_item("r00007", partition_key="r00007")
    control.ask("DELETE", "/faults")
    outcome = s.workspace.spillway.end_of(process, code=MISMATCH)
    assert "1 missing" in outcome.text and "--abort" in outcome.text
    assert live(s) == "items-v1" and s.stamps() == {1}
    assert s.status()["building"]["container"] == "items-v2"
    s.workspace.run("switch", "p", "--abort")
    assert s.containers() == {"items-v1", POINTERS}
    assert s.workspace.json("sync", "p")["version"] == 1, "the old one goes on where it was"
    assert s.stamps() == {2} and live(s) == "items-v1"


def test_back_holds_until_told(switched):
    s = switched(changes_over="off")
    assert "nothing yet" in s.workspace.run("switch", "p", "--status").stdout
    s.workspace.run("switch", "p", "--back", code=DECISION)
    s.workspace.run("sync", "p")
    s.write(2)
    s.workspace.run("sync", "p", "--full")
    with s.poller() as poller:
        back = s.workspace.json("switch", "p", "--back")
        assert back["container"] == "items-v1" and back["held"] is True and back["version"] == 0
        wait_until(lambda: poller.seen[-1] == 1, "the snapshot before")
        s.write(3)
        for words in (["sync", "p"], ["sync", "p", "--continuous"]):
            held = s.workspace.run(*words, code=DECISION)
            for way in ("--release", "--back", "--full"):
                assert way in held.text
        assert s.stamps() == {1} and live(s) == "items-v1"
        again = s.workspace.json("switch", "p", "--back")
        assert again["container"] == "items-v2" and again["version"] == 1
        wait_until(lambda: poller.seen[-1] == 2, "and forth")
    s.workspace.run("switch", "p", "--back")
    released = s.workspace.json("switch", "p", "--release")
    assert released["held"] is False
    summary = s.workspace.json("sync", "p")
    assert "load" not in summary and summary["version"] == version_of(s.table)
    assert live(s) == "items-v1" and s.stamps() == {3}
    assert s.workspace.json("verify", "p")["matches"] is True


def test_a_full_load_ends_a_hold(switched):
    s = switched()
    s.workspace.run("sync", "p")
    s.write(2)
    s.workspace.run("sync", "p", "--full")
    s.workspace.run("switch", "p", "--back")
    assert s.workspace.json("sync", "p", "--full")["switch"]["to"] == "items-v3"
    assert s.status()["held"] is False and s.stamps() == {2}
    assert {one["container"] for one in s.status()["retired"]} == {"items-v1", "items-v2"}


@pytest.fixture
def own_server(tmp_path):
    with Emulator(tmp_path / "own-server", "--control-port", "0") as server:
        yield server


def test_the_container_before_goes_when_its_time_is_over(own_server, tmp_path):
    """By the service's clock, which the test moves; the machine's stays as it is."""
    folder = tmp_path / "work"
    folder.mkdir()
    s = Switched(Workspace(folder, own_server), tmp_path / "lake", keep="5m")
    control = Control(own_server)
    s.workspace.run("sync", "p")
    s.write(2)
    s.workspace.run("sync", "p", "--full")
    control.ask("POST", "/clock", {"advance_ms": 4 * 60_000})
    s.workspace.run("sync", "p")
    assert s.containers() == {"items-v1", "items-v2", POINTERS}
    control.ask("POST", "/clock", {"advance_ms": 61_000})
    looked = s.workspace.run("switch", "p", "--status").text
    assert "items-v1" in looked and "items-v1" in s.containers(), "looking deletes nothing"
    s.workspace.run("sync", "p")
    assert s.containers() == {"items-v2", POINTERS}
    assert s.status()["retired"] == []
    gone = s.workspace.run("switch", "p", "--back", code=DECISION)
    assert "items-v1 is not there any more" in gone.text
    assert live(s) == "items-v2" and s.stamps() == {2}


def test_what_a_load_has_set_that_was_killed_is_told_and_set_back(switched, control):
    during = 50_000
    s = switched(throughput={"ask": False,
                             "initial_load": {"manual": during, "indexing": "light"}})
    rule = control.add_fault(1, operation="bulk", container=f"{s.workspace.database}/items-v1",
                             effect="pause")
    process = s.workspace.spillway.start("sync", "p")
    built = s.workspace.container("items-v1")
    units = lambda: built.get_throughput().offer_throughput
    to_restore = lambda: s.workspace.json("status")["pipelines"][0]["to_restore"]
    try:
        wait_until(lambda: control.hits(rule) > 0, "the load")
        assert units() == during
        s.workspace.run("throttle", "p", "--restore", code=LOCKED)
    finally:
        process.kill()
        process.communicate()
        control.ask("DELETE", "/faults")
    assert to_restore() is True
    assert "throttle p --restore" in s.workspace.run("status").text
    told = s.workspace.json("throttle", "p", "--restore")
    assert told["tuning"]["restored"] is True
    assert units() == 40_000 and built.read()["indexingPolicy"]["includedPaths"]
    assert to_restore() is False
    assert "nothing is to be set back" in s.workspace.run("throttle", "p", "--restore").text
    s.workspace.run("sync", "p")
    assert live(s) == "items-v1" and units() == 40_000 and to_restore() is False


def test_doctor_tries_the_container_that_readers_read(switched):
    s = switched()
    links = lambda: {one["link"]: one for one in s.workspace.json("doctor", "p")["findings"]}
    assert "items-v1" in links()["pointer"]["detail"], "the one that will be made"
    s.workspace.run("sync", "p")
    s.write(2)
    s.workspace.run("sync", "p", "--full")
    found = links()
    assert found["pointer"]["result"] == "ok" and "items-v2" in found["pointer"]["detail"]
    assert all(one["result"] != "failed" for one in found.values()), found


def test_the_pointer_is_the_truth_when_the_state_says_otherwise(switched):
    s = switched()
    s.workspace.run("sync", "p")
    s.write(2)
    s.workspace.run("sync", "p", "--full")
    # The state is lost: nobody knows how far items-v2 is. Readers keep it until a new one is there.
    for file in (s.workspace.folder / ".spillway").glob("state.db*"):
        file.unlink()
    assert s.status()["state_knows_it"] is False
    s.write(3)
    with s.poller() as poller:
        summary = s.workspace.json("sync", "p")
        assert summary["switch"]["from"] == "items-v2" and summary["switch"]["to"] == "items-v3"
        wait_until(lambda: poller.seen[-1] == 3, "the new snapshot")
        assert poller.stop() == [2, 3]


def test_a_pipeline_that_was_direct_starts_with_a_load(workspace, tmp_path):
    s = Switched(workspace, tmp_path / "lake")
    switching = (workspace.folder / "spillway.yaml").read_text()
    workspace.configure(workspace.project(tmp_path / "lake", sync={"delete_guard": "off"}))
    workspace.run("sync", "p")
    workspace.configure_text(switching)
    assert workspace.json("plan", "p")["switch"]["to"] == "items-v1"
    assert workspace.json("sync", "p")["switch"]["to"] == "items-v1"
    assert s.containers() == {"items", "items-v1", POINTERS}
    workspace.configure(workspace.project(tmp_path / "lake", sync={"delete_guard": "off"}))
    s.write(2)
    refused = workspace.run("sync", "p", code=DECISION)
    assert "the destination has changed" in refused.text


def test_what_cannot_switch_says_so(workspace, tmp_path):
    s = Switched(workspace, tmp_path / "lake")
    plain = workspace.project(tmp_path / "lake", sync={"strategy": "switch"})
    for change, words in [
        ({"mode": "upsert"}, "needs `mode: mirror`"),
        ({"index": True}, "an index exclude each other"),
        ({"switch": {"pointer": {"container": "items"}}}, "the container of the documents"),
        ({"strategy": "direct", "switch": {"keep": "1h"}}, "belongs to `strategy: switch`"),
    ]:
        project = json.loads(json.dumps(plain))
        project["pipelines"]["p"]["sync"].update(change)
        workspace.configure(project)
        assert words in workspace.run("check", code=USAGE).text
    plain["connections"]["shop"] = {"type": "file", "root": "out"}
    plain["pipelines"]["p"]["destination"].pop("create")
    workspace.configure(plain)
    assert "cannot switch" in workspace.run("check", code=USAGE).text
    workspace.configure(workspace.project(tmp_path / "lake"))
    assert "does not switch" in workspace.run("switch", "p", code=USAGE).text
    assert s.table.exists()

"""Every command with exactly the data actions that docs/identity.md names for it: they are enough,
and each of them is needed. What is missing is named, with the command that adds it."""

import itertools
import pathlib
import re

import pyarrow as pa
import pytest
import yaml
from deltalake import write_deltalake

from azure_fakes import ACCOUNT_ACTIONS, CONTAINER_ACTIONS, COSMOS, MINIMAL_ROLE, make_token
from conftest import Workspace
from followed import ROWS, Followed, rows
from programs import Emulator

AUTH, MISMATCH = 6, 5
PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "identity.md"
STATE = {"store": "cosmosdb", "connection": "shop", "container": "kept"}


def in_full(action: str) -> str:
    return (ACCOUNT_ACTIONS if action == "readMetadata" else CONTAINER_ACTIONS) + action


def role_of(row: str) -> set:
    """What the page's row for a command says, in full."""
    [cells] = re.findall(rf"^\| {re.escape(row)} \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    found = re.findall(r"`(items/[a-z]+|executeQuery|readChangeFeed)`", cells)
    assert found or cells.startswith("none"), cells
    return {in_full(action) for action in ["readMetadata", *found]}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("roles"), "--entra-audience", COSMOS) as server:
        yield server


class Place(Followed):
    """A followed table, whose pipeline has the whole role until it is told otherwise."""

    def __init__(self, server, folder):
        super().__init__(Workspace(folder, server), folder / "lake")
        self.hold(MINIMAL_ROLE)
        self.workspace.create_container(partition_key="/category")

    def hold(self, role):
        self.workspace.spillway.environment["TOKEN"] = make_token(COSMOS, roles=sorted(role))

    def make(self, mode="mirror", state=None, fields=None, **sync):
        documents = {"documents": {"fields": fields}} if fields else {}
        self.create(sync={"mode": mode, **sync}, destination={"create": None}, **documents)
        file = self.workspace.folder / "spillway.yaml"
        project = yaml.safe_load(file.read_text())
        project["connections"]["shop"]["auth"] = {"token": {"env": "TOKEN"}}
        project["connections"]["shop"].pop("arm", None)
        if state:
            project["state"] = state
            self.workspace.create_container("kept", "/partition")
        file.write_text(yaml.safe_dump(project))
        return self

    def load(self, **options):
        self.make(**options).workspace.run("sync", "p")
        return self

    def change(self):
        self.table.update(updates={"stock": "stock + 1000"}, predicate="stock > 30")
        self.table.delete("stock < 5")

    def damage(self):
        """One is missing, one different, one too many."""
        container = self.workspace.container()
        container.delete_item("p0003", "c0")
        container.upsert_item({"id": "other", "category": "c0"})
        container.upsert_item({"id": "p0006", "category": "c0", "stock": -1})

    def fill(self, count=ROWS):
        """Documents of the first rows, as somebody else wrote them."""
        for n in range(count):
            self.workspace.container().upsert_item({"id": f"p{n:04}", "category": f"c{n % 3}"})


def loaded(place):
    place.load()


def changed(place, **options):
    place.load(**options).change()


def damaged(place):
    place.load().damage()


def gone_back(place):
    place.load().change()
    place.append(range(100, 104))
    place.workspace.run("sync", "p")


def filled(mode, count=ROWS):
    def prepare(place):
        place.fill(count)
        place.make(mode)

    return prepare


def with_etags(place):
    """Some rows are of documents that are there, and say which state of them they saw."""
    place.make("upsert_if_not_modified", fields={"_etag": "_etag"})
    place.fill(3)
    seen = {document["id"]: document["_etag"] for document in place.workspace.documents()}
    etags = [seen.get(f"p{n:04}") for n in range(ROWS)]
    table = rows(range(ROWS)).append_column("_etag", pa.array(etags, pa.string()))
    write_deltalake(str(place.path), table, mode="overwrite", schema_mode="overwrite")


SYNC = ["sync", "p"]
MARK = {"soft_delete": {"field": "gone", "value": True}}
REPAIR = ["repair", "p", "--yes", "--allow-deletes"]
ROLLBACK = ["rollback", "p", "--to", "1", "--yes", "--allow-deletes"]
# By the page's row: what comes before, and the command.
CASES = {
    "`check --connect`, `plan`": [(Place.make, ["check", "--connect"]), (changed, ["plan", "p"])],
    "`doctor`": [(Place.make, ["doctor", "p"])],
    "`sync`: a load": [(Place.make, SYNC)],
    "`sync`: changes": [
        (changed, SYNC), (lambda place: changed(place, changes="diff"), SYNC)],
    "`sync --resync`": [(changed, [*SYNC, "--resync"])],
    "`sync`, `mode: upsert`": [(lambda place: place.make("upsert"), SYNC)],
    "`sync`, `mode: soft_delete`": [(lambda place: changed(place, mode=MARK), SYNC)],
    "`sync`, `mode: append`": [(lambda place: place.make("append"), SYNC)],
    "`sync`, `mode: update`, `patch`, `patch_if_exists`": [
        (filled(mode), SYNC) for mode in ("update", "patch", "patch_if_exists")],
    "`sync`, `mode: merge_fields`": [(filled("merge_fields", 3), SYNC)],
    "`sync`, `mode: upsert_if_not_modified`": [(with_etags, SYNC)],
    "`sync`, `mode: delete`, `delete_if_not_modified`": [(filled("delete"), SYNC)],
    "`verify`": [(damaged, ["verify", "p"])],
    "`verify --sample`": [(loaded, ["verify", "p", "--sample", "5"])],
    "`repair`, `rollback`": [(damaged, REPAIR), (gone_back, ROLLBACK)],
    "`rows`": [(loaded, ["rows", "p", "p0035"])],
    "`status`, `runs`, `rejects`": [
        (loaded, [word, *more]) for word, *more in (["status"], ["runs", "p"], ["rejects", "p"])],
    "all of them, with the state in a container": [
        (lambda place: place.make(state=STATE), SYNC),
        (lambda place: changed(place, state=STATE), SYNC)],
}
# `verify` has found what was damaged.
DONE = {"`verify`": MISMATCH}


def outcome_of(place, case, role):
    prepare, words = case
    prepare(place)
    place.hold(role)
    return place.workspace.run(*words, code=None)


@pytest.mark.parametrize("row", CASES)
def test_a_command_takes_its_actions_and_each_of_them(row, server, tmp_path):
    numbers = itertools.count()

    def place():
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return Place(server, folder)

    role = role_of(row)
    done = DONE.get(row, 0)
    needed = set()
    for case in CASES[row]:
        outcome = outcome_of(place(), case, role)
        assert outcome.code == done, f"{case[1]}: {outcome.text}"
        for action in role - needed:
            outcome = outcome_of(place(), case, role - {action})
            if outcome.code != done:
                assert outcome.code == AUTH, f"{case[1]} without {action}: {outcome.text}"
                assert f"[{action}]" in outcome.text, "the service's words"
                assert f"lacks the data action {action}:" in outcome.text
                assert "az cosmosdb sql role assignment create" in outcome.text
                needed.add(action)
    # A state that is a file needs nothing of the account.
    assert needed == (set() if row.startswith("`status`") else role)


def test_the_pages_role_is_what_the_commands_take_together():
    [listed] = re.findall(r'"DataActions": \[(.*?)\]', PAGE.read_text(), re.DOTALL)
    assert set(re.findall(r'"(.*?)"', listed)) == set(MINIMAL_ROLE)
    assert set.union(*(role_of(row) for row in CASES)) == set(MINIMAL_ROLE)

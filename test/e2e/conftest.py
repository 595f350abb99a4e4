"""Fixtures of the end-to-end tests: the lake, the local server, a workspace, the official client.

Run by `./dev test e2e`, which sets SPILLWAY_BIN (folder of the programs) and the paths that
`tools/setup/setup.sh env` prints. SPILLWAY_FULL=1 raises the counts to those a release is held to.
SPILLWAY_AUTH=entra has every test sign in with a token of the smallest role (azure_fakes.py:
MINIMAL_ROLE), SPILLWAY_CANARIES=1 searches what every test leaves for secrets (canaries.py): both
are what `./dev test --full trust` does.
"""

import copy
import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import pytest
import yaml
from azure.cosmos import CosmosClient, documents

from canaries import WATCH, WATCHING
from control import Control
from followed import Followed
from lake import Lake
from programs import ENTRA, Emulator, Spillway, cosmos_connection

TEST_SECONDS_MAX = 180
# Enough that a test table never waits for its budget, and several partition key ranges.
THROUGHPUT = 40_000
DATABASE_NUMBERS = itertools.count(1)


def pytest_configure(config):
    config.addinivalue_line("markers", "spark: needs Spark, and minutes (./dev test spark)")
    config.addinivalue_line("markers", "wheel: needs the wheel (./dev test wheel)")

# What cannot sign in with a token of the data plane, by how the test's name begins, and why.
NEEDS_THE_KEY = {
    "test_bad_input.py::test_a_secret_that_is_not_set": "it is about the key",
    "test_bad_input.py::test_a_wrong_key": "it is about the key",
    "test_bad_input.py::test_a_key_that_is_not_base64": "it is about the key",
    "test_changes_faults.py::test_a_key_that_was_replaced_is_told_and_the_new_one_goes_on":
        "it is about the key",
    "test_changes_faults.py::test_credentials_that_expire_on_the_way_lose_nothing[no longer valid":
        "another token is fetched, and the run goes on",
    "test_changes_faults.py::test_credentials_that_expire_on_the_way_lose_nothing[expired":
        "another token is fetched, and the run goes on",
    "test_doctor.py::test_a_healthy_pipeline_has_no_findings_but_good_ones":
        "it names the links of a key",
    "test_offers.py::test_an_offer_that_may_not_be_changed_is_explained_before_anything_is_done":
        "offers are the data plane's",
    "test_switch_crash.py::test_killed_while_an_old_container_is_deleted":
        "it is Resource Manager that deletes, not the process",
    "test_doctor.py::test_a_clock_that_is_wrong[-20": "it is signatures that a wrong clock spoils",
}


def leave_out_what_needs_the_key(config, items):
    names = tuple(NEEDS_THE_KEY)
    left_out = [item for item in items if f"{item.path.name}::{item.name}".startswith(names)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


# Files in which a test puts a secret itself: references to files, and secrets in the open.
HOLD_SECRETS = {
    "test_identity.py::test_keys_come_from_vaults_programs_and_files": ["key"],
    "test_identity.py::test_secrets_in_the_open_are_refused_unless_they_are_allowed":
        ["spillway.yaml"],
    "test_canaries.py::test_no_secret_is_found_in_anything_that_a_run_leaves":
        ["key", "spillway.yaml"],
}


@pytest.fixture(autouse=WATCHING)
def no_secret_is_left(request, tmp_path):
    WATCH.forget()
    yield
    own = HOLD_SECRETS.get(f"{request.path.name}::{request.node.name}", [])
    shown = WATCH.found(tmp_path, {tmp_path / name for name in own})
    assert not shown, f"secrets show: {shown}"


def pytest_collection_modifyitems(config, items):
    if ENTRA:
        leave_out_what_needs_the_key(config, items)
    for item in items:
        if item.get_closest_marker("timeout") is None:
            # Not of the fixtures: Spark writes a whole lake in one of them.
            item.add_marker(pytest.mark.timeout(TEST_SECONDS_MAX, func_only=True))


@pytest.fixture(scope="session")
def lake(tmp_path_factory):
    return Lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("emulator"), "--control-port", "0") as server:
        yield server


@pytest.fixture
def control(emulator):
    """The server's control port, with no faults and no history from other tests."""
    control = Control(emulator)
    control.tidy()
    yield control
    control.tidy()


def official_client(server) -> CosmosClient:
    """Told which certificate to trust: else it checks none on this machine, and warns of it."""
    trust = documents.SSLConfiguration()
    trust.SSLCaCerts = server.certificate
    return CosmosClient(server.endpoint, server.key, ssl_config=trust)


@pytest.fixture
def workspace(tmp_path, emulator):
    return Workspace(tmp_path, emulator)


class Workspace:
    """A folder with a spillway.yaml, a database of its own on the server, and both clients."""

    def __init__(self, folder: pathlib.Path, server):
        self.folder = folder
        self.server = server
        self.database = f"test-{next(DATABASE_NUMBERS)}"
        self.spillway = Spillway(folder, server.credentials)
        self.run = self.spillway.run
        self.json = self.spillway.json
        self.cosmos = official_client(server)

    def connections(self, root) -> dict:
        return {
            "lake": {"type": "delta", "root": str(root)},
            "shop": cosmos_connection(self.server, self.database),
        }

    def project(self, root, table="table", **pipeline) -> dict:
        """A project with one pipeline, `p`; keyword arguments replace parts of it."""
        destination = {
            "connection": "shop",
            "container": "items",
            "id": "id",
            "partition_key": "/id",
            "create": {"throughput": {"manual": THROUGHPUT}},
            **pipeline.pop("destination", {}),
        }
        # None takes a key out: modes that change existing documents alone refuse `create`.
        destination = {key: value for key, value in destination.items() if value is not None}
        source = {"connection": "lake", "table": table, **pipeline.pop("source", {})}
        # Short, so that what a killed run left unsure is settled soon.
        sync = {"settle": "200ms", **pipeline.pop("sync", {})}
        parts = {"source": source, "destination": destination, "sync": sync, **pipeline}
        return {"version": 1, "connections": self.connections(root), "pipelines": {"p": parts}}

    def configure(self, project: dict) -> dict:
        # Through a copy: YAML would write parts that are one object as anchors.
        text = yaml.safe_dump(copy.deepcopy(project), sort_keys=False, allow_unicode=True)
        self.configure_text(text)
        return project

    def configure_text(self, text: str) -> None:
        (self.folder / "spillway.yaml").write_text(text, encoding="utf-8")

    def container(self, name: str = "items"):
        return self.cosmos.get_database_client(self.database).get_container_client(name)

    def documents(self, name: str = "items") -> list:
        """Every document, as the official client reads them."""
        return list(self.container(name).read_all_items(max_item_count=1000))

    def create_container(self, name="items", partition_key="/id", throughput=THROUGHPUT):
        from azure.cosmos import PartitionKey

        database = self.cosmos.create_database_if_not_exists(self.database)
        return database.create_container(
            name, PartitionKey(partition_key), offer_throughput=throughput
        )


@pytest.fixture
def configured(workspace, lake):
    """A function that configures the workspace for a table of the lake, as its notes say."""

    def configure(name: str, **pipeline) -> Workspace:
        about = lake.about(name)
        destination = {
            "id": about.key,
            "partition_key": about.partition_key,
            **pipeline.pop("destination", {}),
        }
        if about.documents:
            pipeline.setdefault("documents", about.documents)
        root = lake.path(name).parent
        workspace.configure(workspace.project(root, destination=destination, **pipeline))
        return workspace

    return configure


@pytest.fixture
def followed(workspace, tmp_path):
    """A table, not made yet, and the pipeline that will follow it."""
    return Followed(workspace, tmp_path / "lake")

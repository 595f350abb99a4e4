"""Passwordless: every way to sign in, against servers that hold us to the protocols, with a role of
the data plane and nothing more."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
import yaml

from azure_fakes import (
    ARM, CLIENT, COSMOS, READER, STORAGE, TENANT, AppService, Authority, HashiCorpVault, Imds,
    KeyVault, ResourceManager, make_certificate, make_token,
)
from conftest import Workspace
from control import Control
from documents import check_documents
from lake import FULL
from programs import Emulator

HERE = pathlib.Path(__file__).resolve().parent
SUITE_SECONDS_MAX = 7200 if FULL else 900
TABLE = "partition_strings"
BEFORE, DURING = 5_000, 9_000  # RU/s
USAGE, AUTH, TEMPORARY = 2, 6, 7
PRINCIPAL = {"tenant": TENANT, "client_id": CLIENT}


@pytest.fixture(scope="module")
def entra_server(tmp_path_factory):
    """Takes tokens for Cosmos DB beside the key, and knows a principal that may only read."""
    words = ("--entra-audience", COSMOS, "--entra-reader", READER, "--control-port", "0")
    with Emulator(tmp_path_factory.mktemp("entra"), *words) as server:
        yield server


@pytest.fixture
def entra(tmp_path, entra_server, lake):
    return Entra(tmp_path, entra_server, lake)


class Entra(Workspace):
    """A workspace whose pipeline signs in; the container is made by somebody who may."""

    def __init__(self, folder, server, lake):
        super().__init__(folder, server)
        self.lake = lake
        self.about = lake.about(TABLE)
        environment = self.spillway.environment
        for name in [name for name in environment if name.startswith(("AZURE_", "IDENTITY_"))]:
            del environment[name]
        environment.pop("COSMOS_KEY", None)
        environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = "http://127.0.0.1:9"
        environment["PATH"] = "/nowhere"

    def use(self, auth, make=True, throughput=None, **connection):
        if make:
            self.create_container(partition_key=self.about.partition_key, throughput=BEFORE)
        destination = {"id": self.about.key, "partition_key": self.about.partition_key}
        project = self.project(self.lake.path(TABLE).parent, destination=destination,
                               throughput=throughput or {})
        project["connections"]["shop"].update(auth=auth, **connection)
        self.configure(project)

    def set(self, **variables):
        self.spillway.environment.update(variables)

    def loads(self):
        """A load, read back by the official client."""
        self.run("sync", "p")
        check_documents(self.about, self.lake.rows(TABLE), self.documents())


def test_a_service_principal_with_a_secret(entra):
    with Authority(secret="s3cret-of-principal") as authority:
        entra.use({"service_principal": {**PRINCIPAL, "secret": {"env": "PRINCIPAL_SECRET"}}})
        entra.set(AZURE_AUTHORITY_HOST=authority.url, PRINCIPAL_SECRET="s3cret-of-principal")
        entra.loads()
        assert len(authority.given) == 1, "one token for a whole run"
        assert entra.json("verify", "p")["equal"] == len(entra.lake.rows(TABLE))
        entra.set(PRINCIPAL_SECRET="wr0ng-one")
        outcome = entra.run("verify", "p", code=AUTH)
        assert "AADSTS7000215" in outcome.text and "az ad app credential reset" in outcome.text
        assert "wr0ng-one" not in outcome.text


def test_a_service_principal_with_a_certificate(entra, tmp_path):
    file, public = make_certificate(tmp_path)
    with Authority(certificate=public) as authority:
        entra.use({"service_principal": {**PRINCIPAL, "certificate": file.name}})
        entra.set(AZURE_AUTHORITY_HOST=authority.url)
        entra.loads()
        file.chmod(0o644)
        assert "may be read or changed by others" in entra.run("verify", "p", code=USAGE).text


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_that_is_ten_minutes_off(minutes, entra, tmp_path):
    file, public = make_certificate(tmp_path)
    with Authority(certificate=public) as authority:
        authority.clock_offset = minutes * 60
        entra.use({"service_principal": {**PRINCIPAL, "certificate": file.name}})
        entra.set(AZURE_AUTHORITY_HOST=authority.url)
        entra.loads()
    with AppService() as app:  # says when a token ends, by its own clock
        app.clock_offset = minutes * 60
        entra.use("managed_identity", make=False)
        entra.set(**app.environment)
        entra.run("verify", "p")
        assert len(app.given) == 1


def test_a_managed_identity_of_a_machine_and_of_an_app(entra):
    with Imds() as imds, AppService() as app:
        entra.use({"managed_identity": {"client_id": CLIENT}})
        entra.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=imds.url)
        entra.loads()
        assert {request[3].get("Metadata") for request in imds.requests} == {"true"}
        entra.set(**app.environment)
        entra.run("verify", "p")
        assert len(app.given) == 1


def test_a_workload_identity_and_the_default_that_finds_it(entra, tmp_path):
    file = tmp_path / "federated"
    file.write_text("token-of-the-cluster")
    with Authority(federated="token-of-the-cluster") as authority:
        entra.use("workload_identity")
        entra.set(AZURE_AUTHORITY_HOST=authority.url, AZURE_TENANT_ID=TENANT,
                  AZURE_CLIENT_ID=CLIENT, AZURE_FEDERATED_TOKEN_FILE=str(file))
        entra.loads()
        entra.use("default", make=False)
        entra.run("verify", "p")
        file.write_text("another")
        assert "AADSTS70021" in entra.run("verify", "p", code=AUTH).text


def test_the_azure_cli(entra, tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    answer = json.dumps({"accessToken": make_token(COSMOS), "expires_on": 4102444800})
    az = tools / "az"
    az.write_text(f"#!/bin/sh\n[ \"$6\" = {COSMOS} ] || exit 9\necho '{answer}'\n")
    az.chmod(0o755)
    entra.use("azure_cli")
    entra.set(PATH=f"{tools}:/usr/bin:/bin")
    entra.loads()
    words = "ERROR: Please run 'az login' to setup account."
    az.write_text(f"#!/bin/sh\necho \"{words}\" >&2\nexit 1\n")
    outcome = entra.run("verify", "p", code=AUTH)
    assert "nobody is signed in to az" in outcome.text and "az login" in outcome.text


def test_default_says_why_no_link_is_there(entra):
    entra.use("default")
    text = entra.run("sync", "p", code=AUTH).text
    for words in ("environment: AZURE_TENANT_ID is not set", "workload identity:",
                  "managed identity: this machine has no metadata service",
                  "azure_cli: az is not installed", "azd: azd is not installed"):
        assert words in text


def test_a_token_that_the_service_takes_for_expired_is_renewed(entra):
    with Imds() as imds:
        imds.seconds_of_first = -5  # whatever its giver says of it
        entra.use("managed_identity")
        entra.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=imds.url)
        entra.loads()
        assert len(imds.given) == 2


def test_tokens_that_end_in_the_middle_of_a_run_are_renewed_before(entra):
    with Imds(seconds=4) as imds:
        entra.use("managed_identity")
        entra.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=imds.url)
        control = Control(entra.server)
        control.add_fault(1, effect="none", delay_ms=700)
        try:
            entra.loads()
        finally:
            control.tidy()
        assert len(imds.given) >= 2


def test_busy_token_endpoints_are_asked_again(entra):
    with Authority(secret="s3cret") as authority:
        authority.busy = [(429, {"Retry-After": "1"}), (503, {})]
        entra.use({"service_principal": {**PRINCIPAL, "secret": {"env": "PRINCIPAL_SECRET"}}})
        entra.set(AZURE_AUTHORITY_HOST=authority.url, PRINCIPAL_SECRET="s3cret")
        entra.loads()
        assert len(authority.requests) == 3


def test_a_token_for_another_service_and_an_identity_without_a_role(entra):
    entra.use({"token": {"env": "TOKEN"}})
    entra.set(TOKEN=make_token(STORAGE))
    text = entra.run("sync", "p", code=AUTH).text
    assert "audience" in text and "check `audience`" in text
    entra.set(TOKEN=make_token(COSMOS, oid=READER))
    text = entra.run("sync", "p", code=AUTH).text
    assert "403/5300" in text and "az cosmosdb sql role assignment create" in text
    entra.set(TOKEN=make_token(COSMOS, seconds=-5))
    assert "401/5006" in entra.run("sync", "p", code=AUTH).text


def test_containers_are_made_through_resource_manager_or_the_command_is_told(entra):
    entra.use({"token": {"env": "TOKEN"}}, make=False)
    entra.set(TOKEN=make_token(COSMOS))
    text = entra.run("sync", "p", code=AUTH).text
    assert "az cosmosdb sql container create" in text and "arm" in text
    with Imds() as imds, ResourceManager(entra.server) as manager:
        entra.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=imds.url)
        arm = {"subscription": "s1", "resource_group": "shop", "account": "a1",
               "endpoint": manager.url}
        entra.use("managed_identity", make=False, arm=arm)
        entra.loads()
        polls = [request for request in manager.requests if request[1].startswith("/operations/")]
        assert len(polls) == 4, "a database and a container, two looks each"
        assert {request[2]["resource"] for request in imds.requests} >= {COSMOS, ARM}


def test_throughput_and_index_are_changed_for_a_load_through_resource_manager(entra):
    raised = {"initial_load": {"manual": DURING, "indexing": "light"}, "ask": False}
    with Imds() as imds, ResourceManager(entra.server) as manager:
        entra.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=imds.url)
        arm = {"subscription": "s1", "resource_group": "shop", "account": "a1",
               "endpoint": manager.url}
        entra.use("managed_identity", arm=arm, throughput=raised)
        policy = entra.container().read()["indexingPolicy"]
        manager.may_change = False
        told = entra.run("sync", "p", code=AUTH).text
        assert "May not write." in told and "az role assignment create" in told
        manager.may_change = True
        entra.loads()
        changes = [request for request in manager.requests if request[0] == "PUT"]
        offers = [path for _, path, *_ in changes if "throughputSettings" in path]
        assert len(offers) == 3, "refused, raised, set back"
        assert len(changes) - len(offers) == 2, "the index, there and back"
        assert entra.container().get_throughput().offer_throughput == BEFORE
        assert entra.container().read()["indexingPolicy"] == policy


def test_throughput_that_only_resource_manager_would_tell_is_explained(entra):
    with Imds() as imds:
        entra.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=imds.url)
        entra.use("managed_identity", throughput={"initial_load": {"manual": DURING}, "ask": False})
        told = entra.run("sync", "p", code=AUTH).text
        assert "arm: {subscription" in told and "az cosmosdb sql container throughput" in told


def test_keys_come_from_vaults_programs_and_files(entra, tmp_path):
    key = entra.server.key
    entra.create_container(partition_key=entra.about.partition_key)
    file = tmp_path / "key"
    file.write_text(key)
    file.chmod(0o600)
    with (Imds() as imds, KeyVault(cosmos=key) as keyvault,
          HashiCorpVault("t0ken", key=key) as vault):
        entra.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=imds.url, VAULT_ADDR=vault.url,
                  VAULT_TOKEN="t0ken")
        for reference in (
            {"keyvault": f"{keyvault.url}/secrets/cosmos"},
            {"vault": {"path": "shop/cosmos", "field": "key"}},
            {"exec": ["/bin/cat", str(file)]},
            {"file": "key"},
        ):
            entra.use({"key": reference}, make=False)
            entra.run("check", "--connect")
        entra.use({"key": {"keyvault": f"{keyvault.url}/secrets/other"}}, make=False)
        assert "No secret other" in entra.run("check", "--connect", code=USAGE).text
    file.chmod(0o640)
    entra.use({"key": {"file": "key"}}, make=False)
    assert "may be read or changed by others" in entra.run("check", "--connect", code=USAGE).text


def test_secrets_in_the_open_are_refused_unless_they_are_allowed(entra):
    entra.use({"key": entra.server.key})
    outcome = entra.run("check", "--connect", code=USAGE)
    assert "must say where the secret is" in outcome.text and entra.server.key not in outcome.text
    entra.run("check", "--connect", "--allow-inline-secrets")


def test_the_lake_and_the_destination_share_an_identity(entra, tmp_path):
    from stores import Azurite
    from token_proxy import TokenProxy

    with Azurite(tmp_path / "azurite") as store, Imds() as imds, TokenProxy(store) as proxy:
        store.create("lake")
        store.upload(entra.lake.path(TABLE), "lake")
        entra.use("managed_identity")
        project = yaml.safe_load((tmp_path / "spillway.yaml").read_text())
        project["connections"]["lake"] = {
            "type": "delta",
            "root": "abfss://lake@devstoreaccount1.dfs.core.windows.net/",
            "auth": "managed_identity",
            "options": {"azure_storage_account_name": store.account,
                        "azure_storage_endpoint": f"{proxy.url}/{store.account}"},
        }
        project["pipelines"]["p"]["source"]["table"] = TABLE
        entra.configure(project)
        entra.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=imds.url)
        entra.loads()
        asked = [request[2]["resource"] for request in imds.requests]
        assert sorted(asked) == [COSMOS, STORAGE], "one token for each service"


@pytest.mark.timeout(SUITE_SECONDS_MAX)
def test_the_suite_passes_with_a_data_plane_role_and_nothing_more():
    """A part of it here; with SPILLWAY_FULL=1 all of it."""
    part = ["test_verify.py", "test_modes.py", "test_changes_soft_deletes.py"]
    words = ["-m", "not spark and not wheel and not account_key"]
    if not FULL:
        words = [str(HERE / name) for name in part]
    environment = {**os.environ, "SPILLWAY_AUTH": "entra", "SPILLWAY_FULL": "0"}
    suite = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *words,
         "--ignore", str(HERE / "test_identity.py")],
        cwd=HERE, env=environment, capture_output=True, text=True, timeout=SUITE_SECONDS_MAX)
    assert suite.returncode == 0, suite.stdout[-4000:]
    assert " passed" in suite.stdout and "skipped" not in suite.stdout

"""The same table in every object store. OneLake speaks ADLS and cannot be had on one machine."""

import pytest

from documents import check_documents
from stores import Azurite, FakeGcs, Moto

TABLE = "partition_strings"  # paths with every character that a store may mangle
FAILED, USAGE = 1, 2


def azure_lake(store):
    return (
        "abfss://lake@devstoreaccount1.dfs.core.windows.net/",
        store.key,
        {
            "azure_storage_account_name": store.account,
            "azure_storage_account_key": {"env": "LAKE_SECRET"},
            "azure_storage_endpoint": f"{store.url}/{store.account}",
        },
    )


def s3_lake(store):
    return (
        "s3://lake/",
        store.secret_key,
        {
            "aws_access_key_id": store.access_key,
            "aws_secret_access_key": {"env": "LAKE_SECRET"},
            "aws_endpoint": store.url,
            "aws_region": "us-east-1",
        },
    )


def gcs_lake(store):
    return "gs://lake/", "", {"google_base_url": store.url, "google_skip_signature": "true"}


STORES = {"adls": (Azurite, azure_lake), "s3": (Moto, s3_lake), "gcs": (FakeGcs, gcs_lake)}


@pytest.fixture(scope="module", params=STORES)
def store(request, tmp_path_factory, lake):
    kind, describe = STORES[request.param]
    with kind(tmp_path_factory.mktemp(request.param)) as server:
        server.create("lake")
        for name in (TABLE, "row_groups_deletion_vector"):
            server.upload(lake.path(name), "lake")
        yield describe(server)


def configure(workspace, lake, store, name, **options):
    root, secret, credentials = store
    workspace.spillway.environment["LAKE_SECRET"] = secret
    about = lake.about(name)
    destination = {"id": about.key, "partition_key": about.partition_key}
    project = workspace.project(root, table=name, destination=destination)
    project["connections"]["lake"]["options"] = {**credentials, **options}
    workspace.configure(project)
    return about


@pytest.mark.parametrize("name", [TABLE, "row_groups_deletion_vector"])
def test_a_table_in_an_object_store(name, store, workspace, lake):
    about = configure(workspace, lake, store, name)
    workspace.run("sync", "p")
    check_documents(about, lake.rows(name), workspace.documents())
    assert workspace.json("verify", "p")["equal"] == len(lake.rows(name))


def test_a_table_that_the_store_does_not_have(store, workspace, lake):
    configure(workspace, lake, store, TABLE)
    file = workspace.folder / "spillway.yaml"
    file.write_text(file.read_text().replace(f"table: {TABLE}", "table: nothing-here"))
    outcome = workspace.run("sync", "p", code=FAILED)
    assert "nothing-here" in outcome.text


def test_s3_credentials_come_from_the_profile_that_aws_profile_names(tmp_path, workspace, lake):
    about = lake.about(TABLE)
    with Moto(tmp_path / "moto") as server:
        server.create("lake")
        server.upload(lake.path(TABLE), "lake")
        keys = f"aws_access_key_id={server.access_key}\naws_secret_access_key={server.secret_key}\n"
        (tmp_path / ".aws").mkdir()
        (tmp_path / ".aws" / "credentials").write_text(f"[gold]\n{keys}")
        (tmp_path / ".aws" / "config").write_text(
            f"[profile gold]\nregion=us-east-1\nendpoint_url={server.url}\n"
        )
        environment = workspace.spillway.environment
        environment.update(HOME=str(tmp_path), AWS_PROFILE="gold")
        destination = {"id": about.key, "partition_key": about.partition_key}
        workspace.configure(workspace.project("s3://lake/", table=TABLE, destination=destination))
        workspace.run("sync", "p")
        check_documents(about, lake.rows(TABLE), workspace.documents())
        environment["AWS_PROFILE"] = "silver"
        assert "silver" in workspace.run("sync", "p", code=USAGE).text

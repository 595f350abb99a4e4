"""`spillway doctor`: every link that can break is named, with what mends it."""

import pytest
import yaml

from azure_fakes import COSMOS, READER, STORAGE, make_token
from documents import check_documents
from test_identity import entra, entra_server  # noqa: F401 (fixtures)
from test_tls import Authority, serving

TABLE = "partition_strings"
FAILED, AUTH, TEMPORARY = 1, 6, 7


def links(result) -> dict:
    return {finding["link"]: finding for finding in result["findings"]}


@pytest.fixture
def healthy(configured):
    return configured(TABLE)


def test_a_healthy_pipeline_has_no_findings_but_good_ones(healthy, lake):
    result = healthy.json("doctor", "p")
    assert result["ok"]
    found = links(result)
    assert found["container"]["detail"].endswith("`sync` will create it")
    healthy.run("sync", "p")
    found = links(healthy.json("doctor"))
    for link in ("configuration", "disk", "state", "table", "table features", "mapping", "name",
                 "connection", "key", "account", "container", "writing", "throughput"):
        assert found[link]["result"] == "ok", found[link]
    assert found["change feed"]["result"] == "warning"
    assert "delta.enableChangeDataFeed" in found["change feed"]["fix"]
    check_documents(lake.about(TABLE), lake.rows(TABLE), healthy.documents())  # as they were
    assert "fix:" in healthy.run("doctor").stdout


def break_and_diagnose(workspace, code, **connection):
    file = workspace.folder / "spillway.yaml"
    project = yaml.safe_load(file.read_text())
    project["connections"]["shop"].update(connection)
    workspace.configure(project)
    return links(workspace.json("doctor", "p", code=code))


def test_a_name_that_nobody_knows(healthy):
    found = break_and_diagnose(healthy, TEMPORARY, endpoint="https://no-such-account.invalid/")
    assert found["name"]["result"] == "failed" and "DNS" in found["name"]["fix"]


def test_a_certificate_that_is_not_trusted(healthy):
    found = break_and_diagnose(healthy, AUTH, ca_file="")
    assert found["connection"]["result"] == "failed" and "ca_file" in found["connection"]["fix"]


def test_a_key_that_is_refused(healthy):
    healthy.spillway.environment["WRONG"] = "AAAA" * 22
    found = break_and_diagnose(healthy, AUTH, auth={"key": {"env": "WRONG"}})
    assert found["account"]["result"] == "failed" and "key" in found["account"]["fix"]


def test_a_table_that_is_not_there(healthy):
    file = healthy.folder / "spillway.yaml"
    file.write_text(file.read_text().replace("table: table", "table: nowhere"))
    found = links(healthy.json("doctor", "p", code=FAILED))
    assert found["table"]["result"] == "failed"
    assert found["account"]["result"] == "ok", "the other side is tried all the same"


@pytest.mark.parametrize("minutes, result", [(0, "ok"), (10, "warning"), (-20, "failed")])
def test_a_clock_that_is_wrong(minutes, result, healthy, tmp_path):
    authority = Authority()
    with serving(authority.server(tmp_path), minutes_ahead=minutes) as endpoint:
        ca_file = str(authority.file(tmp_path))
        found = break_and_diagnose(healthy, AUTH, endpoint=endpoint, ca_file=ca_file)
    assert found["clock"]["result"] == result
    assert result == "ok" or "timedatectl" in found["clock"]["fix"]


def test_tokens_roles_and_what_the_data_plane_does_not_allow(entra):  # noqa: F811
    entra.use({"token": {"env": "TOKEN"}}, make=False)
    entra.set(TOKEN=make_token(COSMOS))
    found = links(entra.json("doctor", "p", code=AUTH))
    assert "az cosmosdb sql container create" in found["container"]["fix"]
    entra.use({"token": {"env": "TOKEN"}})
    found = links(entra.json("doctor", "p"))
    assert found["identity"]["detail"].endswith(f"audience {COSMOS}")
    assert found["throughput"]["result"] == "warning"
    entra.set(TOKEN=make_token(COSMOS, oid=READER))
    found = links(entra.json("doctor", "p", code=AUTH))
    assert found["container"]["result"] == "ok" and found["writing"]["result"] == "failed"
    assert "az cosmosdb sql role assignment create" in found["writing"]["fix"]
    entra.set(TOKEN=make_token(STORAGE))
    found = links(entra.json("doctor", "p", code=AUTH))
    assert "audience" in found["account"]["fix"]

"""A job's options sign in with Entra ID, and meet a group in its control container, by the
connector's own keys: without Spark, as its tasks do."""

import base64
import json
import os
import pathlib
import subprocess
import sys

import pytest

from azure_fakes import CLIENT, COSMOS, TENANT, AppService, Authority, make_certificate
from conftest import Workspace
from programs import Emulator
from test_python_package import LIBRARY, PACKAGE

SECRET = "s3cret-of-principal"
JOB = """
import json, sys
import pyarrow as pa
import spillway
from spillway.spark.job import plan_job
rows = pa.RecordBatch.from_pylist([{"id": str(n), "category": "c", "n": n} for n in range(100)])
try:
    job = plan_job(json.loads(sys.argv[1]), 1)
    print(job.judge([job.write_task([rows], "task")]).formula)
except spillway.SpillwayError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def entra_server(tmp_path_factory):
    with Emulator(tmp_path_factory.mktemp("entra"), "--entra-audience", COSMOS) as server:
        yield server


@pytest.fixture
def place(tmp_path, entra_server):
    place = Workspace(tmp_path, entra_server)
    place.create_container(partition_key="/category")
    return place


def write(place, keys, **environment):
    options = {"accountEndpoint": place.server.endpoint, "database": place.database,
               "container": "items", **keys}
    named = {f"spark.cosmos.{key}": value for key, value in options.items()}
    named["spillway.caFile"] = place.server.certificate
    hidden = ("AZURE_", "IDENTITY_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    done = subprocess.run(
        [sys.executable, "-c", JOB, json.dumps(named)], capture_output=True, text=True, check=False,
        env={**clean, "PYTHONPATH": str(PACKAGE), "SPILLWAY_LIBRARY": str(LIBRARY),
             "AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:9", **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def principal(**more):
    credential = {f"auth.aad.{key}": value for key, value in more.items()}
    return {"auth.type": "ServicePrincipal", "account.tenantId": TENANT,
            "auth.aad.clientId": CLIENT, **credential}


def assert_written(place, said):
    assert said == "read 100 = upserted 100"
    assert len(place.documents()) == 100


def test_a_service_principal_signs_in_with_its_secret(place):
    with Authority(secret=SECRET) as authority:
        keys = principal(clientSecret=SECRET)
        assert_written(place, write(place, keys, AZURE_AUTHORITY_HOST=authority.url))
        refused = write(place, principal(clientSecret="wr0ng-one"),
                        AZURE_AUTHORITY_HOST=authority.url)
        assert "unauthenticated" in refused and "AADSTS7000215" in refused
        assert "wr0ng-one" not in refused


def test_a_service_principal_signs_in_with_its_certificate(place, tmp_path):
    file, public = make_certificate(tmp_path)
    pem = base64.b64encode(pathlib.Path(file).read_bytes()).decode()
    with Authority(certificate=public) as authority:
        keys = principal(clientCertPemBase64=pem)
        assert_written(place, write(place, keys, AZURE_AUTHORITY_HOST=authority.url))


def test_a_managed_identity_signs_in(place):
    with AppService() as app:
        assert_written(place, write(place, {"auth.type": "ManagedIdentity"}, **app.environment))
        assert app.given


def test_a_control_container_is_made_and_the_limit_is_kept_there(place):
    keys = {"accountKey": place.server.key, "throughputControl.enabled": "true",
            "throughputControl.name": "loaders", "throughputControl.targetThroughput": "4000",
            "throughputControl.globalControl.container": "control"}
    assert_written(place, write(place, keys))
    groups = {item["groupId"] for item in place.documents("control")}
    assert f"{place.database}/items/loaders.config" in groups

"""No secret shows: a value of its own for each kind, and then everything that a run leaves behind
is searched for it, as it is and in the forms that secrets travel in."""

import base64
import json
import pathlib
import urllib.parse
import uuid

import pytest

from azure_fakes import (
    CLIENT, COSMOS, TENANT, AppService, Authority, HashiCorpVault, KeyVault, make_certificate,
    make_token,
)
from programs import Emulator
from test_identity import Entra


def canary(kind: str) -> str:
    return f"canary/{kind}+{uuid.uuid4().hex}"


def forms(secret: str) -> set:
    """Plain, base64 (at each of the three places it can begin), URL- and JSON-escaped."""
    found = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret),
             json.dumps(secret)[1:-1], json.dumps(secret)[1:-1].replace("/", "\\/")}
    found |= {form.lower() for form in found}
    for before in range(3):
        text = base64.b64encode(b"x" * before + secret.encode()).decode()
        inner = text[-(-before * 8 // 6):].rstrip("=")[:-1]
        found |= {inner, inner.replace("+", "-").replace("/", "_")}
    return found


def test_the_search_finds_a_secret_in_every_form():
    secret = canary("found")
    for before in ("", "a", "ab", "abc"):
        whole = f'{before}"{secret}"'
        for left in (whole, json.dumps(whole), urllib.parse.quote(whole, safe=""),
                     urllib.parse.quote(whole, safe="").lower(),
                     base64.b64encode(whole.encode()).decode(),
                     base64.urlsafe_b64encode(whole.encode()).decode()):
            assert any(form in left for form in forms(secret)), left
    assert not any(form in canary("other") for form in forms(secret))


@pytest.fixture(scope="module")
def own_server(tmp_path_factory):
    """With a key that nothing else knows."""
    key = base64.b64encode(canary("account-key").encode().ljust(64, b"k")).decode()
    words = ("--key", key, "--entra-audience", COSMOS, "--control-port", "0")
    with Emulator(tmp_path_factory.mktemp("canaries"), *words) as server:
        yield server


class Watched(Entra):
    """Keeps everything that its commands say, and how they are listed among the processes."""

    said = ""

    def say(self, *words):
        process = self.spillway.start(*words)
        listed = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        outcome = self.spillway.end_of(process, None)
        self.said += listed + outcome.text
        return outcome


def test_no_secret_is_found_in_anything_that_a_run_leaves(tmp_path, own_server, lake):
    watched = Watched(tmp_path, own_server, lake)
    watched.create_container(partition_key=watched.about.partition_key)
    secrets = {kind: canary(kind) for kind in ("client-secret", "vault-token", "app-header")}
    secrets["account-key"] = own_server.key
    secrets["token"] = make_token(COSMOS)
    certificate, public = make_certificate(tmp_path)
    secrets["private-key"] = "".join(certificate.read_text().splitlines()[1:4])
    key_file = tmp_path / "key"
    key_file.write_text(own_server.key)
    key_file.chmod(0o600)
    on_purpose = {certificate, key_file, tmp_path / "spillway.yaml"}

    with (Authority(secret=secrets["client-secret"]) as authority,
          Authority(certificate=public) as by_certificate,
          HashiCorpVault(secrets["vault-token"], key=own_server.key) as vault,
          AppService() as app, KeyVault(cosmos=own_server.key) as keyvault):
        app.header = secrets["app-header"]
        watched.set(CLIENT_SECRET=secrets["client-secret"], TOKEN=secrets["token"],
                    VAULT_ADDR=vault.url, VAULT_TOKEN=secrets["vault-token"],
                    COSMOS_KEY=own_server.key, PATH="/usr/bin:/bin", **app.environment)
        principal = {"tenant": TENANT, "client_id": CLIENT}
        ways = [
            ({"key": {"env": "COSMOS_KEY"}}, {}),
            ({"key": {"file": "key"}}, {}),
            ({"key": {"exec": ["/bin/cat", str(key_file)]}}, {}),
            ({"key": {"vault": {"path": "shop/cosmos", "field": "key"}}}, {}),
            ({"key": {"keyvault": f"{keyvault.url}/secrets/cosmos"}}, {}),
            ({"key": own_server.key}, {}),
            ({"token": {"env": "TOKEN"}}, {}),
            ("managed_identity", {}),
            ({"service_principal": {**principal, "secret": {"env": "CLIENT_SECRET"}}},
             {"AZURE_AUTHORITY_HOST": authority.url}),
            ({"service_principal": {**principal, "certificate": certificate.name}},
             {"AZURE_AUTHORITY_HOST": by_certificate.url}),
        ]
        for auth, environment in ways:
            watched.use(auth, make=False)
            watched.set(**environment)
            for words in (("sync", "p"), ("verify", "p"), ("doctor",), ("check", "--connect"),
                          ("plan", "p"), ("status",), ("runs", "p"), ("state",)):
                watched.say(*words, "--allow-inline-secrets")
        refused_everywhere(watched, authority, vault, app)

    left = watched.said
    for file in tmp_path.rglob("*"):
        if file.is_file() and file not in on_purpose:
            left += file.read_bytes().decode(errors="replace")
    found = [kind for kind, secret in secrets.items() for form in forms(secret) if form in left]
    assert not found, f"found: {found}"


def refused_everywhere(watched, authority, vault, app):
    """Errors are where secrets like to show: a server that repeats what it was sent."""
    authority.check_credential = lambda form: authority.refuse(
        7000215, f"Invalid client secret provided: {form.get('client_secret')}.")
    vault.answer = lambda method, path, query, headers, body: (
        403, {}, {"errors": [f"denied: {headers['X-Vault-Token']}"]})
    app.answer = lambda method, path, query, headers, body: (
        401, {}, {"message": f"wrong: {headers['X-IDENTITY-HEADER']}"})
    watched.set(AZURE_AUTHORITY_HOST=authority.url)
    principal = {"tenant": TENANT, "client_id": CLIENT, "secret": {"env": "CLIENT_SECRET"}}
    for auth in ({"service_principal": principal}, "managed_identity",
                 {"key": {"vault": {"path": "shop/cosmos", "field": "key"}}},
                 {"key": {"env": "CLIENT_SECRET"}}):
        watched.use(auth, make=False)
        assert watched.say("check", "--connect").code != 0
        assert watched.say("doctor").code != 0

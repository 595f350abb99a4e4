"""No secret shows: a value of its own for each kind, and then everything that a run leaves behind
is searched for it, as it is and in the forms that secrets travel in."""

import base64
import json
import pathlib
import subprocess
import urllib.parse

import pytest

from azure_fakes import (
    CLIENT, COSMOS, TENANT, AppService, Authority, HashiCorpVault, KeyVault, make_certificate,
    make_token,
)
import canaries
from canaries import canary, forms, text_of_files
from programs import Emulator
from test_identity import Entra


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
        watched.set(SPILLWAY_LOG_LEVEL="trace", SPILLWAY_LOG_FILE=str(tmp_path / "trace.log"),
                    CLIENT_SECRET=secrets["client-secret"], TOKEN=secrets["token"],
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
            for words in (("sync", "p", "--metrics-file", "metrics.txt"), ("verify", "p"),
                          ("doctor",), ("check", "--connect"), ("plan", "p"), ("status",),
                          ("runs", "p"), ("rejects", "p"), ("repair", "p", "--dry-run"),
                          ("state", "show")):
                watched.say(*words, "--allow-inline-secrets")
        refused_everywhere(watched, authority, vault, app)

    left = watched.said + text_of_files(tmp_path, on_purpose)
    assert_tells_every_request((tmp_path / "trace.log").read_text())
    assert found(secrets, left) == []
    # The search would find them: each is planted once, as a careless line of a log would have it.
    for kind, secret in secrets.items():
        assert found(secrets, left + f"header authorization: {secret}\n") == [kind]


def test_the_watch_over_every_test_finds_what_is_planted(tmp_path, monkeypatch):
    """SPILLWAY_CANARIES=1: what is said, listed with its arguments, left in a file or in a log."""
    monkeypatch.setattr(canaries, "WATCHING", True)
    watch = canaries.Watch()
    monkeypatch.setattr(canaries, "WATCH", watch)
    key, token = watch.new_key(), make_token(COSMOS)

    def found_after(plant):
        watch.give(token)
        plant()
        return watch.found(tmp_path, {tmp_path / "on-purpose"})

    def run(*words):
        canaries.WatchedProcess(words, stdout=subprocess.PIPE, text=True).communicate()

    (tmp_path / "on-purpose").write_text(key)
    assert found_after(lambda: run("/bin/echo", "nothing")) == []
    said = found_after(lambda: run("/bin/echo", urllib.parse.quote(key, safe="")))
    assert "account key in said or listed" in said
    log = watch.environment()["SPILLWAY_LOG_FILE"]
    told = found_after(lambda: pathlib.Path(log).write_text(f"authorization: Bearer {token}\n"))
    assert told and set(told) == {"token in logs"}
    left = found_after(lambda: (tmp_path / "state").write_text(json.dumps({"key": key})))
    assert left and set(left) == {"account key in files"}


def found(secrets, left) -> list:
    return [kind for kind, secret in secrets.items()
            if any(form in left for form in forms(secret))]


def assert_tells_every_request(log):
    for words in ("trace http: POST https://localhost:", "/docs 2", " RU, there ",
                  " ms, activity ",
                  "debug identity: a token for https://cosmos.azure.com",
                  "info run: pipeline p: run 1 begins: load",
                  "error command: check ends with exit code 6: "):
        assert words in log, f"{words} is not in the log"


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

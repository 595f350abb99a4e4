"""Who a job signs in as: the connector's keys for it, and our own, in the words of spillway.yaml.

Only words and references travel in `auth:` of spillway.yaml; options of a job hold the secrets
themselves, as the connector's do.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import os
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

MASTER_KEY, SERVICE_PRINCIPAL, MANAGED_IDENTITY = "key", "service principal", "managed identity"
AUTH_TYPES = {
    "MasterKey": MASTER_KEY,
    "ServicePrincipal": SERVICE_PRINCIPAL,
    "ServicePrinciple": SERVICE_PRINCIPAL,  # the connector takes this spelling too
    "ManagedIdentity": MANAGED_IDENTITY,
}
CLOUDS = {"Azure": "public", "AzureChina": "china", "AzureUsGovernment": "us_government"}
#: Where a certificate stands in options until a process writes it into a file of its own.
CERTIFICATE = "certificate_pem"

#: What the keys are called in messages.
_KEYS = {
    "key": "accountKey",
    "tenant": "account.tenantId",
    "client": "auth.aad.clientId",
    "resource": "auth.aad.resourceId",
    "secret": "auth.aad.clientSecret",
    "certificate": "auth.aad.clientCertPemBase64",
    "send_chain": "auth.aad.clientCertSendChain",
    "subscription": "account.subscriptionId",
    "group": "account.resourceGroupName",
}

Given = Dict[str, str]
KeyName = Callable[[str], str]


def own_auth(text: str) -> Any:
    """`auth:` of spillway.yaml: a word, or JSON. ValueError: neither."""
    if not text.lstrip().startswith("{"):
        return text
    return json.loads(text)


def _service_principal(given: Given, name: KeyName, problems: List[str]) -> Dict[str, Any]:
    for part in ("tenant", "client"):
        if part not in given:
            problems.append(f"`{name(_KEYS[part])}` is missing, which a service principal needs")
    found: Dict[str, Any] = {"tenant": given.get("tenant"), "client_id": given.get("client")}
    if ("secret" in given) == ("certificate" in given):
        problems.append(f"a service principal needs one of `{name(_KEYS['secret'])}` and "
                        f"`{name(_KEYS['certificate'])}`")
    elif "secret" in given:
        found["secret"] = given["secret"]
    else:
        found[CERTIFICATE] = given["certificate"]
        found["send_certificate_chain"] = given.get("send_chain", "false").lower() == "true"
        _decoded(given["certificate"], name, problems)
    return {"service_principal": found}


def _decoded(text: str, name: KeyName, problems: List[str]) -> None:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        problems.append(f"`{name(_KEYS['certificate'])}` is not base64")


def _managed_identity(given: Given, name: KeyName, problems: List[str]) -> Any:
    if "client" in given and "resource" in given:
        problems.append(f"`{name(_KEYS['client'])}` and `{name(_KEYS['resource'])}`: write one of "
                        "them")
    if "client" in given:
        return {"managed_identity": {"client_id": given["client"]}}
    if "resource" in given:
        return {"managed_identity": {"resource_id": given["resource"]}}
    return "managed_identity"


_USED = {
    MASTER_KEY: {"key"},
    SERVICE_PRINCIPAL: {"tenant", "client", "secret", "certificate", "send_chain", "subscription",
                        "group"},
    MANAGED_IDENTITY: {"client", "resource", "subscription", "group"},
}


def sign_in(
    given: Given, connection: Dict[str, Any], name: KeyName
) -> Tuple[List[str], List[str]]:
    """Completes `connection` by what the options say of identity. Returns what is wrong, and the
    keys that have no effect beside the others. `name` gives a key's name in full."""
    problems: List[str] = []
    kind = given.get("type")
    if "own" in given:
        if kind is not None:
            problems.append(f"`spillway.auth` and `{name('auth.type')}`: write one of them")
        connection["auth"] = own_auth(given["own"])
        used = {"subscription", "group"}
    else:
        kind = kind or MASTER_KEY
        used = _USED[kind]
        if kind == SERVICE_PRINCIPAL:
            connection["auth"] = _service_principal(given, name, problems)
        elif kind == MANAGED_IDENTITY:
            connection["auth"] = _managed_identity(given, name, problems)
        elif "key" in given:
            connection["auth"] = {"key": given["key"]}
        else:
            problems.append(f"`{name(_KEYS['key'])}` is missing")
    if "group" in used and "subscription" in given and "group" in given:
        connection["arm"] = {"subscription": given["subscription"],
                             "resource_group": given["group"]}
    idle = [name(key) for part, key in _KEYS.items() if part in given and part not in used]
    return problems, idle


@functools.lru_cache(maxsize=8)
def _private_file(content: bytes) -> str:
    """The path of a file in memory that nobody else may read; it lives as long as the process."""
    file = os.memfd_create("spillway-certificate")
    os.fchmod(file, 0o600)
    with open(file, "wb", closefd=False) as out:
        out.write(content)
    return f"/proc/self/fd/{file}"


def for_this_process(engine: Mapping[str, Any]) -> Dict[str, Any]:
    """The engine's options with files in place of what has to be in one."""
    made = dict(engine)
    for part in ("connection", "control"):
        principal = _principal_of(engine.get(part))
        if principal is None or CERTIFICATE not in principal:
            continue
        principal = dict(principal)
        principal["certificate"] = _private_file(base64.b64decode(principal.pop(CERTIFICATE)))
        made[part] = {**engine[part], "auth": {"service_principal": principal}}
    return made


def _principal_of(connection: Optional[Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    auth = connection.get("auth") if connection is not None else None
    return auth.get("service_principal") if isinstance(auth, dict) else None

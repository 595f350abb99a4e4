"""Azure's token endpoints and what tokens open, as HTTP servers on loopback that hold their clients
to the documented protocols: Entra ID, IMDS, App Service, Key Vault, Resource Manager; and HashiCorp
Vault."""

import base64
import http.server
import json
import threading
import time
import urllib.parse
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from signed_http import SignedConnection

COSMOS = "https://cosmos.azure.com"
ARM = "https://management.azure.com"
VAULT = "https://vault.azure.net"
STORAGE = "https://storage.azure.com"
TENANT, CLIENT = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
WRITER, READER = str(uuid.UUID(int=3)), str(uuid.UUID(int=4))
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def make_token(audience: str, seconds: float = 3600, oid: str = WRITER, **claims) -> str:
    """Unsigned, as the local server takes them; no two are alike."""
    now = time.time()
    payload = {"aud": audience, "exp": int(now + seconds), "nbf": int(now) - 60, "oid": oid,
               "jti": str(uuid.uuid4()), **claims}
    head = base64url(b'{"alg":"none","typ":"JWT"}')
    return f"{head}.{base64url(json.dumps(payload).encode())}."


class Fake:
    """An HTTP server; `requests` is what it was asked. `busy` is answered before anything else."""

    def __init__(self):
        self.requests = []
        self.busy = []  # of (status, headers)
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                size = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(size).decode()
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                fake.requests.append((self.command, url.path, query, dict(self.headers), body))
                if fake.busy:
                    status, headers = fake.busy.pop(0)
                    answer = {"error": "temporarily_unavailable"}
                else:
                    status, headers, answer = fake.answer(
                        self.command, url.path, query, self.headers, body)
                content = json.dumps(answer).encode() if answer is not None else b""
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + fake.clock_offset)

            def log_message(self, *_):
                pass

        self.clock_offset = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, method, path, query, headers, body):
        raise NotImplementedError


class Giver(Fake):
    """What every token endpoint has in common: the tokens that it gives."""

    def __init__(self, seconds=3600, oid=WRITER, audience=None):
        super().__init__()
        self.seconds, self.oid, self.audience = seconds, oid, audience
        self.seconds_of_first = seconds
        self.given = []

    def give(self, resource: str) -> str:
        seconds = self.seconds if self.given else self.seconds_of_first
        token = make_token(self.audience or resource, seconds, self.oid)
        self.given.append(token)
        return token


class Authority(Giver):
    """Entra ID's token endpoint: the client credentials grant."""

    def __init__(self, secret=None, certificate=None, federated=None, **options):
        super().__init__(**options)
        self.secret, self.certificate, self.federated = secret, certificate, federated

    def refuse(self, code, words):
        text = f"AADSTS{code}: {words}\r\nTrace ID: {uuid.uuid4()}"
        return 401, {}, {"error": "invalid_client", "error_description": text,
                         "error_codes": [code]}

    def answer(self, method, path, query, headers, body):
        form = dict(urllib.parse.parse_qsl(body))
        if (method, path) != ("POST", f"/{TENANT}/oauth2/v2.0/token"):
            return self.refuse(90002, "Tenant not found.")
        if headers["Content-Type"] != "application/x-www-form-urlencoded":
            return self.refuse(900144, "The request body must be a form.")
        if form.get("grant_type") != "client_credentials" or form.get("client_id") != CLIENT:
            return self.refuse(700016, "Application not found in the directory.")
        if not form.get("scope", "").endswith("/.default"):
            return self.refuse(1002012, "The provided value for scope is not valid.")
        problem = self.check_credential(form)
        if problem:
            return problem
        resource = form["scope"].removesuffix("/.default")
        token = self.give(resource)
        return 200, {}, {"token_type": "Bearer", "expires_in": self.seconds,
                         "ext_expires_in": self.seconds, "access_token": token}

    def check_credential(self, form):
        if "client_secret" in form:
            if form["client_secret"] != self.secret:
                words = f"Invalid client secret provided: {form['client_secret']}."
                return self.refuse(7000215, words)
            return None
        if form.get("client_assertion_type") != JWT_BEARER:
            return self.refuse(7000218, "The request body must contain client_assertion.")
        if self.federated is not None:
            known = form["client_assertion"] == self.federated
            return None if known else self.refuse(70021, "No matching federated identity.")
        return self.check_assertion(form["client_assertion"])

    def check_assertion(self, assertion):
        head, payload, signature = assertion.split(".")
        certificate = x509.load_pem_x509_certificate(self.certificate)
        header = json.loads(from_base64url(head))
        thumbprint = base64url(certificate.fingerprint(hashes.SHA1()))
        assert (header["alg"], header["typ"]) == ("RS256", "JWT")
        if header["x5t"] != thumbprint:
            return self.refuse(700027, "The certificate is not registered.")
        certificate.public_key().verify(  # raises when it is not so
            from_base64url(signature), f"{head}.{payload}".encode(), padding.PKCS1v15(),
            hashes.SHA256())
        claims = json.loads(from_base64url(payload))
        assert claims["aud"] == f"{self.url}/{TENANT}/oauth2/v2.0/token"
        assert claims["iss"] == claims["sub"] == CLIENT
        assert uuid.UUID(claims["jti"]).version == 4
        now = time.time() + self.clock_offset
        if not claims["nbf"] <= now + 300 or not claims["exp"] > now - 300:
            return self.refuse(700024, "Client assertion is not within its valid time range.")
        assert claims["exp"] - claims["nbf"] <= 24 * 3600
        return None


class Imds(Giver):
    """The metadata service of a virtual machine with one user-assigned identity."""

    def answer(self, method, path, query, headers, body):
        if headers.get("Metadata") != "true":
            return 400, {}, {"error": "invalid_request",
                             "error_description": "Required metadata header not specified"}
        if (method, path) != ("GET", "/metadata/identity/oauth2/token"):
            return 404, {}, {"error": "not_found"}
        assert query["api-version"] in ("2018-02-01", "2019-08-01")
        if query.get("client_id", CLIENT) != CLIENT:
            return 400, {}, {"error": "invalid_request",
                             "error_description": "Identity not found"}
        end = int(time.time() + self.clock_offset + self.seconds)
        return 200, {}, {"access_token": self.give(query["resource"]), "client_id": CLIENT,
                         "expires_in": str(self.seconds), "expires_on": str(end),
                         "resource": query["resource"], "token_type": "Bearer"}


class AppService(Giver):
    header = "c0ffee"

    def answer(self, method, path, query, headers, body):
        if headers.get("X-IDENTITY-HEADER") != self.header:
            return 401, {}, {"statusCode": 401, "message": "No or wrong X-IDENTITY-HEADER"}
        assert (method, path, query["api-version"]) == ("GET", "/msi/token", "2019-08-01")
        end = int(time.time() + self.clock_offset + self.seconds)
        return 200, {}, {"access_token": self.give(query["resource"]), "client_id": CLIENT,
                         "expires_on": str(end), "resource": query["resource"],
                         "token_type": "Bearer"}

    @property
    def environment(self):
        return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token", "IDENTITY_HEADER": self.header}


def audience_of(headers) -> str | None:
    kind, _, token = headers.get("Authorization", "").partition(" ")
    if kind != "Bearer" or token.count(".") != 2:
        return None
    claims = json.loads(from_base64url(token.split(".")[1]))
    return claims["aud"] if claims["exp"] > time.time() else None


class KeyVault(Fake):
    def __init__(self, **secrets):
        super().__init__()
        self.secrets = secrets

    def answer(self, method, path, query, headers, body):
        if audience_of(headers) != VAULT:
            challenge = f'Bearer authorization="https://login.example/{TENANT}", resource="{VAULT}"'
            return 401, {"WWW-Authenticate": challenge}, {"error": {
                "code": "Unauthorized", "message": "AKV10000: no Bearer token for this vault."}}
        assert (method, query["api-version"]) == ("GET", "7.4")
        name = path.removeprefix("/secrets/").split("/")[0]
        if name not in self.secrets:
            return 404, {}, {"error": {"code": "SecretNotFound", "message": f"No secret {name}."}}
        return 200, {}, {"value": self.secrets[name], "id": f"{self.url}/secrets/{name}/1",
                         "attributes": {"enabled": True}}


class HashiCorpVault(Fake):
    def __init__(self, token, **fields):
        super().__init__()
        self.token, self.fields = token, fields

    def answer(self, method, path, query, headers, body):
        if headers.get("X-Vault-Token") != self.token:
            return 403, {}, {"errors": ["permission denied"]}
        assert headers.get("X-Vault-Request") == "true"
        if (method, path) != ("GET", "/v1/secret/data/shop/cosmos"):
            return 404, {}, {"errors": []}
        return 200, {}, {"data": {"data": self.fields, "metadata": {"version": 1}}}


class ResourceManager(Fake):
    """Does what it is told to on a local server, whose key it has, and says so after a while."""

    base = ("/subscriptions/s1/resourceGroups/shop/providers/Microsoft.DocumentDB/"
            "databaseAccounts/a1")
    NO_THROUGHPUT = 404, {}, {"error": {"code": "NotFound", "message": "None of its own."}}

    def __init__(self, server, polls=2):
        super().__init__()
        self.polls = polls
        self.operations = {}
        self.may_change = True  # who asks has a role for it
        self.server_url, self.key = server.http_endpoint, server.key

    def answer(self, method, path, query, headers, body):
        if audience_of(headers) != ARM:
            return 401, {}, {"error": {"code": "InvalidAuthenticationToken", "message": "No."}}
        if path.startswith("/operations/"):
            self.operations[path] -= 1
            done = self.operations[path] <= 0
            return 200, {"Retry-After": "0"}, {"status": "Succeeded" if done else "InProgress"}
        assert "api-version" in query
        assert path.startswith(self.base), path
        if method != "GET" and not self.may_change:
            return 403, {}, {"error": {"code": "AuthorizationFailed", "message": "May not write."}}
        names = urllib.parse.unquote(path.removeprefix(self.base)).strip("/").split("/")
        data_plane = SignedConnection(self.server_url, self.key)
        try:
            found = self.look_or_do(data_plane, method, names, json.loads(body or "{}"))
        finally:
            data_plane.close()
        if found is not None:
            return found
        operation = f"/operations/{uuid.uuid4()}"
        self.operations[operation] = self.polls
        return 202, {"Azure-AsyncOperation": self.url + operation, "Retry-After": "0"}, None

    def look_or_do(self, data_plane, method, names, body):
        """An answer, or None for what has begun."""
        settings = "throughputSettings" in names
        if method == "GET" and names[-1] == "containers":
            return self.containers(data_plane, names)
        if method == "DELETE":
            return self.delete(data_plane, names)
        if method == "GET":
            return (self.settings if settings else self.container)(data_plane, names)
        if not settings:
            assert method == "PUT", (method, names)
            return self.make(data_plane, names, body["properties"])
        offer = self.find_offer(data_plane, names)
        if offer is None:
            return self.NO_THROUGHPUT
        content, headers = offer["content"], {}
        autoscale = content.pop("offerAutopilotSettings", None)
        if method == "PUT":
            wanted = body["properties"]["resource"]
            if ("autoscaleSettings" in wanted) != (autoscale is not None):
                return 400, {}, {"error": {"code": "BadRequest", "message": "Migrate it first."}}
            if autoscale is None:
                content["offerThroughput"] = wanted["throughput"]
            else:
                most = wanted["autoscaleSettings"]["maxThroughput"]
                content["offerAutopilotSettings"] = {**autoscale, "maxThroughput": most}
        elif names[-1] == "migrateToAutoscale":
            content["offerThroughput"] = -1
            headers = {"cosmos_migrate_offer_to_autopilot": "true"}
        else:
            assert (method, names[-1]) == ("POST", "migrateToManualThroughput"), names
            content["offerAutopilotSettings"] = {"maxThroughput": -1}
            content.pop("offerThroughput", None)
            headers = {"cosmos_migrate_offer_to_manual_throughput": "true"}
        rid = offer["_rid"]
        status, reply = data_plane.call("PUT", "offers", rid.lower(), f"/offers/{rid}", offer,
                                        **headers)
        assert status == 200, reply

    def make(self, data_plane, names, properties):
        resource, options = properties["resource"], properties["options"]
        offer = {}
        if "throughput" in options:
            offer = {"offer_throughput": str(options["throughput"])}
        if "autoscaleSettings" in options:
            most = options["autoscaleSettings"]["maxThroughput"]
            offer = {"cosmos_offer_autopilot_settings": json.dumps({"maxThroughput": most})}
        link = f"dbs/{names[1]}" if len(names) > 2 else ""
        kind = "colls" if link else "dbs"
        path = f"/{urllib.parse.quote(link)}/colls" if link else "/dbs"
        status, reply = data_plane.call("POST", kind, link, path, resource, **offer)
        if status == 409 and link:
            link = self.link(names)
            status, reply = data_plane.call("PUT", kind, link, "/" + urllib.parse.quote(link),
                                            resource)
        assert status in (200, 201, 409), reply

    @staticmethod
    def link(names):
        return f"dbs/{names[1]}" + (f"/colls/{names[3]}" if "containers" in names else "")

    def resource(self, data_plane, names):
        kind = "colls" if "containers" in names else "dbs"
        link = self.link(names)
        status, found = data_plane.call("GET", kind, link, "/" + urllib.parse.quote(link))
        return found if status == 200 else None

    def find_offer(self, data_plane, names):
        found = self.resource(data_plane, names)
        _, offers = data_plane.call("GET", "offers", "", "/offers")
        return next((offer for offer in offers["Offers"]
                     if found and offer["resource"] == found["_self"]), None)

    def delete(self, data_plane, names):
        kind, link = "colls" if len(names) > 2 else "dbs", self.link(names)
        status, reply = data_plane.call("DELETE", kind, link, "/" + urllib.parse.quote(link))
        if status == 404:
            return 404, {}, {"error": {"code": "NotFound", "message": "It is not there."}}
        assert status == 204, reply

    def containers(self, data_plane, names):
        link = f"dbs/{names[1]}"
        path = f"/{urllib.parse.quote(link)}/colls"
        status, found = data_plane.call("GET", "colls", link, path, max_item_count="1000")
        if status == 404:
            return 404, {}, {"error": {"code": "NotFound", "message": "It is not there."}}
        return 200, {}, {"value": [{"name": container["id"], "properties": {"resource": container}}
                                   for container in found["DocumentCollections"]]}

    def container(self, data_plane, names):
        found = self.resource(data_plane, names)
        if found is None:
            return 404, {}, {"error": {"code": "NotFound", "message": "It is not there."}}
        return 200, {}, {"properties": {"resource": found}}

    def settings(self, data_plane, names):
        offer = self.find_offer(data_plane, names)
        if offer is None:
            return self.NO_THROUGHPUT
        rid, content = offer["_rid"], offer["content"]
        data_plane.call("GET", "offers", rid.lower(), f"/offers/{rid}")
        least = data_plane.headers.get("x-ms-cosmos-min-throughput")
        pending = content.get("isOfferReplacePending", False)
        resource = {"throughput": content["offerThroughput"], "minimumThroughput": least,
                    "offerReplacePending": str(pending).lower(),
                    "throughputBuckets": content.get("throughputBuckets", [])}
        if "offerAutopilotSettings" in content:
            most = content["offerAutopilotSettings"]["maxThroughput"]
            resource["autoscaleSettings"] = {"maxThroughput": most}
        return 200, {}, {"properties": {"resource": resource}}


class Signed:
    """What it takes to sign in to a local server as somebody with nothing but a data-plane role,
    and to have containers made by a Resource Manager."""

    def __init__(self, server):
        self.imds = Imds().__enter__()
        self.manager = ResourceManager(server).__enter__()
        self.environment = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.imds.url}
        self.connection = {
            "auth": "managed_identity",
            "arm": {"subscription": "s1", "resource_group": "shop", "account": "a1",
                    "endpoint": self.manager.url},
        }

    def stop(self):
        self.imds.__exit__()
        self.manager.__exit__()


def make_certificate(folder) -> tuple:
    """A file with a certificate and its key, for nobody else to read, and the certificate alone."""
    import datetime

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "spillway")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256()))
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption())
    file = folder / "principal.pem"
    file.write_bytes(private + public)
    file.chmod(0o600)
    return file, public

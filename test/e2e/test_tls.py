"""Servers that may not be trusted are refused, each with its own words; a private authority by file
is trusted."""

import contextlib
import datetime
import http.server
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

AUTH = 6
DAY = datetime.timedelta(days=1)
# Any 64 bytes: nobody checks it here.
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="


def named(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


class Authority:
    def __init__(self, name="authority"):
        self.name = name
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.certificate = self.build(name, named(name), self.key, [], DAY, ca=True)

    def build(self, name, issuer, signer, hosts, ends, ca=False, key=None):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder().subject_name(named(name)).issuer_name(issuer)
            .public_key((key or self.key).public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY).not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True))
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(signer, hashes.SHA256())

    def server(self, folder, hosts=("localhost",), ends=DAY, self_signed=False):
        """A file with a certificate and its key."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        issuer, signer = (named("server"), key) if self_signed else (named(self.name), self.key)
        certificate = self.build("server", issuer, signer, hosts, ends, key=key)
        file = folder / "server.pem"
        file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption())
            + certificate.public_bytes(serialization.Encoding.PEM))
        return file

    def file(self, folder):
        file = folder / "authority.pem"
        file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return file


@contextlib.contextmanager
def serving(file, answer=(401, {}), old=False, minutes_ahead=0):
    """An https server that gives one answer; `old`: TLS 1.1 at most."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answer[0])
            for name, value in answer[1].items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def date_time_string(self, timestamp=None):
            return super().date_time_string(time.time() + 60 * minutes_ahead)

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if old:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(file)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # clients that hang up are what this is about
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def refusal(workspace, lake, tmp_path):
    """What `check --connect` says of a server."""

    def check(endpoint, ca_file=None, code=AUTH):
        project = workspace.project(lake.path("partition_strings").parent)
        shop = {"type": "cosmosdb", "endpoint": endpoint, "database": "d",
                "auth": {"key": {"env": "COSMOS_KEY"}}}
        if ca_file:
            shop["ca_file"] = str(ca_file)
        project["connections"]["shop"] = shop
        workspace.configure(project)
        workspace.spillway.environment["COSMOS_KEY"] = KEY
        return workspace.run("check", "--connect", code=code).text

    return check


def test_servers_that_may_not_be_trusted_are_refused_each_in_its_own_words(refusal, tmp_path):
    authority = Authority()
    ca_file = authority.file(tmp_path)
    stranger = Authority("stranger").file(tmp_path / "..")
    seen = {}
    with serving(authority.server(tmp_path, ends=-DAY)) as endpoint:
        seen["expired"] = refusal(endpoint, ca_file)
        assert "renews its certificate" in seen["expired"]
    with serving(authority.server(tmp_path, hosts=["other.example"])) as endpoint:
        seen["host"] = refusal(endpoint, ca_file)
        assert "for another host" in seen["host"]
    with serving(authority.server(tmp_path)) as endpoint:
        seen["authority"] = refusal(endpoint, stranger)
        assert "its authority is not known here" in seen["authority"]
        assert "its authority is not known here" in refusal(endpoint)
    with serving(authority.server(tmp_path, self_signed=True)) as endpoint:
        seen["self-signed"] = refusal(endpoint, ca_file)
        assert "signed by nobody but itself" in seen["self-signed"]
    with serving(authority.server(tmp_path), old=True) as endpoint:
        seen["old"] = refusal(endpoint, ca_file)
        assert "no TLS 1.2 or later" in seen["old"]
    elsewhere = (302, {"Location": "http://localhost:1/"})
    with serving(authority.server(tmp_path), answer=elsewhere) as endpoint:
        seen["redirect"] = refusal(endpoint, ca_file)
        assert "redirects are never followed" in seen["redirect"]
    assert len(set(seen.values())) == len(seen)


def test_a_private_authority_is_trusted_by_its_file(refusal, tmp_path):
    authority = Authority()
    with serving(authority.server(tmp_path)) as endpoint:
        # Its answer is heard: the key is refused, not the certificate.
        assert "401" in refusal(endpoint, authority.file(tmp_path))

"""Object stores on this machine: Azurite for ADLS, moto for S3, fake-gcs-server for GCS."""

import json
import os
import pathlib
import socket
import subprocess
import urllib.parse
import urllib.request

from programs import STOP_SECONDS_MAX, wait_until


def free_port() -> int:
    """A port that was free a moment ago; these servers cannot choose one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Store:
    """A server process that listens on `port` when the block begins."""

    def __init__(self, folder: pathlib.Path):
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self.log = (folder / "store.log").open("w")
        self.process = subprocess.Popen(
            self.command(folder),
            cwd=folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        wait_until(self.listens, f"{type(self).__name__} on port {self.port}")

    def command(self, folder: pathlib.Path) -> list:
        raise NotImplementedError

    def environment(self) -> dict:
        return dict(os.environ)

    def listens(self) -> bool:
        assert self.process.poll() is None, pathlib.Path(self.log.name).read_text()
        with socket.socket() as probe:
            probe.settimeout(0.2)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def files_of(table: pathlib.Path):
    """Every file below a folder, with its name relative to the folder's parent."""
    for file in sorted(table.rglob("*")):
        if file.is_file() and not file.name.endswith(".crc"):
            yield file, f"{table.parent.name}/{file.relative_to(table).as_posix()}"


class Azurite(Store):
    # The public development account of Azurite, as its documentation prints it.
    account = "devstoreaccount1"
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

    def command(self, folder):
        script = f"{os.environ['SPILLWAY_NODE_MODULES']}/azurite/dist/src/blob/main.js"
        return [
            "node",
            script,
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            str(self.port),
            "--location",
            str(folder),
            "--silent",
            "--skipApiVersionCheck",
        ]

    def container(self, name):
        from azure.storage.blob import BlobServiceClient

        service = BlobServiceClient(f"{self.url}/{self.account}", credential=self.key)
        return service.get_container_client(name)

    def create(self, bucket):
        self.container(bucket).create_container()

    def upload(self, table, bucket):
        client = self.container(bucket)
        for file, name in files_of(table):
            client.upload_blob(name, file.read_bytes())


class Moto(Store):
    access_key, secret_key = "test-access", "test-secret"

    def command(self, folder):
        server = pathlib.Path(os.environ["SPILLWAY_PYTHON"]).parent / "moto_server"
        return [str(server), "-H", "127.0.0.1", "-p", str(self.port)]

    def client(self):
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )

    def create(self, bucket):
        self.client().create_bucket(Bucket=bucket)

    def upload(self, table, bucket):
        client = self.client()
        for file, name in files_of(table):
            client.put_object(Bucket=bucket, Key=name, Body=file.read_bytes())


class FakeGcs(Store):
    def command(self, folder):
        server = f"{os.environ['SPILLWAY_GO_TOOLS']}/fake-gcs-server"
        return [
            server,
            "-scheme",
            "http",
            "-host",
            "127.0.0.1",
            "-port",
            str(self.port),
            "-backend",
            "memory",
            "-external-url",
            self.url,
            "-public-host",
            f"127.0.0.1:{self.port}",
        ]

    def create(self, bucket):
        body = json.dumps({"name": bucket}).encode()
        self.post("/storage/v1/b?project=test", body, "application/json")

    def upload(self, table, bucket):
        for file, name in files_of(table):
            query = urllib.parse.urlencode({"uploadType": "media", "name": name})
            path = f"/upload/storage/v1/b/{bucket}/o?{query}"
            self.post(path, file.read_bytes(), "application/octet-stream")

    def post(self, path, body, kind):
        request = urllib.request.Request(self.url + path, data=body, headers={"Content-Type": kind})
        urllib.request.urlopen(request, timeout=10).read()

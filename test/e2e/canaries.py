"""Secrets that would show: what the tests' secrets are, what their commands leave behind, and the
search of the one in the other.

SPILLWAY_CANARIES=1 has every test searched: each server has a key that nothing else knows, every
command runs at trace level, and whatever it leaves (both streams, how it is listed among the
processes, every file, its log) may hold neither that key nor a token that was given meanwhile.
"""

import base64
import json
import os
import pathlib
import subprocess
import tempfile
import urllib.parse
import uuid

WATCHING = os.environ.get("SPILLWAY_CANARIES") == "1"


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


def text_of_files(folder: pathlib.Path, on_purpose=()) -> str:
    """What all files below it hold, but for those in which a secret stands on purpose."""
    files = (file for file in sorted(folder.rglob("*")) if file not in on_purpose)
    return "".join(
        file.read_bytes().decode(errors="replace") for file in files if file.is_file())


class Watch:
    """The secrets and the artefacts of the test that runs now."""

    def __init__(self):
        self.keys = set()  # of all servers so far
        self.logs = pathlib.Path(tempfile.mkdtemp(prefix="spillway-logs-")) if WATCHING else None
        self.forget()

    def forget(self):
        self.tokens = set()
        self.left = []

    def new_key(self) -> str:
        key = base64.b64encode(canary("account-key").encode().ljust(64, b"k")).decode()
        self.keys.add(key)
        return key

    def give(self, token: str) -> None:
        """A token's claims are what no other has; its header is everybody's."""
        if WATCHING:
            self.tokens.add(token.split(".")[1])

    def environment(self) -> dict:
        if not WATCHING:
            return {}
        log = tempfile.NamedTemporaryFile(dir=self.logs, suffix=".log", delete=False)
        log.close()
        return {"SPILLWAY_LOG_LEVEL": "trace", "SPILLWAY_LOG_FILE": log.name}

    def keep(self, text) -> None:
        if WATCHING and text:
            self.left.append(text if isinstance(text, str) else text.decode(errors="replace"))

    def found(self, folder: pathlib.Path, on_purpose=()) -> list:
        """Which secrets show, and where. What a test left is forgotten with it."""
        places = {"said or listed": "".join(self.left), "files": text_of_files(folder, on_purpose),
                  "logs": text_of_files(self.logs)}
        secrets = {"account key": self.keys, "token": self.tokens}
        shown = [f"{kind} in {place}" for kind, values in secrets.items() for value in values
                 for form in forms(value) for place, text in places.items() if form in text]
        for log in self.logs.iterdir():
            log.write_bytes(b"")  # the next test may go on with it
        self.forget()
        return shown


WATCH = Watch()


class WatchedProcess(subprocess.Popen):
    """Keeps what it says, and how it is listed among the processes."""

    def __init__(self, *words, **options):
        super().__init__(*words, **options)
        WATCH.keep(pathlib.Path(f"/proc/{self.pid}/cmdline").read_bytes())

    def communicate(self, *words, **options):
        said = super().communicate(*words, **options)
        for text in said:
            WATCH.keep(text)
        return said

"""The programs under test, run as a user runs them: spillway and spillway-emulator."""

import dataclasses
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import time

import azure_fakes

# SPILLWAY_AUTH=entra: the whole suite signs in with tokens, with a role of the data plane alone.
ENTRA = os.environ.get("SPILLWAY_AUTH") == "entra"
READY_SECONDS_MAX = 20
RUN_SECONDS_MAX = 120
STOP_SECONDS_MAX = 20
MEMORY_POLL_SECONDS = 0.005


def program(name: str) -> str:
    """Path of a built program; SPILLWAY_BIN is the folder that holds them."""
    return str(pathlib.Path(os.environ["SPILLWAY_BIN"]) / name)


def cosmos_connection(server, database: str, tls: bool = True) -> dict:
    """How spillway.yaml names a database on the local server; `credentials` is what it needs."""
    place = {"endpoint": server.endpoint, "ca_file": server.certificate}
    if not tls:
        place = {"endpoint": server.http_endpoint}
    by_key = {"auth": {"key": {"env": "COSMOS_KEY"}}}
    identity = server.signed.connection if server.signed else by_key
    return {"type": "cosmosdb", **place, "database": database, **identity}


@dataclasses.dataclass
class Outcome:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def result(self):
        """Standard output as JSON (`--output json`)."""
        return json.loads(self.stdout)

    @property
    def text(self) -> str:
        return self.stdout + self.stderr


class Spillway:
    """Runs commands in one folder."""

    def __init__(self, folder: pathlib.Path, environment: dict | None = None):
        self.folder = folder
        self.environment = {**os.environ, "NO_COLOR": "1", **(environment or {})}

    def start(self, *words: str) -> subprocess.Popen:
        return subprocess.Popen(
            [program("spillway"), *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, code: int | None = 0, seconds_max: int = RUN_SECONDS_MAX) -> Outcome:
        """Runs a command to its end and asserts its exit code (None: any)."""
        return self.end_of(self.start(*words), code, seconds_max)

    def end_of(
        self, process: subprocess.Popen, code: int | None = 0, seconds_max: int = RUN_SECONDS_MAX
    ) -> Outcome:
        """Waits for a command that was started, and asserts its exit code (None: any)."""
        words = " ".join(process.args[1:])
        try:
            stdout, stderr = process.communicate(timeout=seconds_max)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            raise AssertionError(
                f"spillway {words} did not end in {seconds_max} s\n{stdout}\n{stderr}"
            ) from None
        outcome = Outcome(process.returncode, stdout, stderr)
        if code is not None:
            assert outcome.code == code, (
                f"spillway {words} ended with {outcome.code}, not {code}\n"
                f"--- stdout\n{stdout}\n--- stderr\n{stderr}"
            )
        return outcome

    def json(self, *words: str, code: int | None = 0):
        """Runs a command with `--output json` and returns its result."""
        return self.run(*words, "--output", "json", code=code).result


def on_terminal(spillway: Spillway, *words: str, answer: bytes | None = None) -> Outcome:
    """Runs a command on a terminal of its own; `answer` is typed when it asks."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [program("spillway"), *words],
        cwd=spillway.folder,
        env={**spillway.environment, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    said, end = b"", time.monotonic() + RUN_SECONDS_MAX
    try:
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            part = os.read(ours, 65536)
            said += part
            if answer is not None and b"[y/N]" in said:
                os.write(ours, answer)
                answer = None
    except OSError:  # the other side is closed: it has ended
        pass
    finally:
        os.close(ours)
    code = process.wait(STOP_SECONDS_MAX)
    return Outcome(code, said.decode(errors="replace"), "")


class Emulator:
    """A local Cosmos DB server of its own process; stops when the block ends."""

    def __init__(self, folder: pathlib.Path, *words: str, port: int = 0):
        folder.mkdir(parents=True, exist_ok=True)
        self.signed = None
        if ENTRA and "--entra-audience" not in words:
            words += ("--entra-audience", azure_fakes.COSMOS)
        self.log = folder / "emulator.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    program("spillway-emulator"),
                    *("--port", str(port), "--ready-json", "--cert", str(folder)),
                    *words,
                ],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        ready = self._ready_line()
        self.endpoint = ready["endpoint"]
        self.http_endpoint = ready["http_endpoint"]
        self.control_endpoint = ready.get("control_endpoint")
        self.key = ready["key"]
        self.certificate = ready["certificate"]
        if ENTRA:
            self.signed = azure_fakes.Signed(self)

    @property
    def credentials(self) -> dict:
        """Variables that cosmos_connection's `auth` needs."""
        return {"COSMOS_KEY": self.key} if self.signed is None else self.signed.environment

    def _ready_line(self) -> dict:
        readable, _, _ = select.select([self.process.stdout], [], [], READY_SECONDS_MAX)
        line = self.process.stdout.readline() if readable else ""
        if not line:
            self.stop()
            raise AssertionError(f"the emulator did not start: {self.log.read_text()}")
        return json.loads(line)

    def stop(self) -> None:
        if self.signed is not None:
            self.signed.stop()
            self.signed = None
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def wait_until(condition, what: str, seconds_max: float = READY_SECONDS_MAX):
    """Polls until a condition holds and returns its value."""
    end = time.monotonic() + seconds_max
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not seen in {seconds_max} s: {what}")


def peak_mib(process: subprocess.Popen) -> float:
    """Runs the process to its end; the most that it had in memory, as the kernel keeps it."""
    peak = 0.0
    while process.poll() is None:
        try:
            lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except ProcessLookupError:
            break
        peaks = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
        peak = max([peak, *peaks])
        time.sleep(MEMORY_POLL_SECONDS)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stdout + stderr
    return peak

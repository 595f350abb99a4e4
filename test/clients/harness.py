"""What every client's part shares: the context it runs in, and the score that it gives back."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import urllib.request

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent / "e2e"))

from programs import Emulator  # noqa: E402

__all__ = ["Context", "Emulator", "Score", "control", "read_left_out", "run_program",
           "score_against"]

OUTPUT_LINES_SHOWN = 40
CONTROL_SECONDS_MAX = 20


@dataclasses.dataclass
class Context:
    """`full`: everything, not the stated smaller number. `work`: a folder of the client's own."""

    full: bool
    work: pathlib.Path


@dataclasses.dataclass
class Score:
    """One suite's outcome. `failures` are what makes the run fail, each in one line."""

    suite: str
    passed: int
    total: int
    left_out: int = 0
    failures: list[str] = dataclasses.field(default_factory=list)


def control(server: Emulator, path: str, body: dict) -> dict:
    """Posts to the control port of a server that was started with one."""
    request = urllib.request.Request(server.control_endpoint.rstrip("/") + path,
                                     json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=CONTROL_SECONDS_MAX) as response:
        return json.load(response)


def read_left_out(path: pathlib.Path) -> dict[str, str]:
    """A committed list of tests that are left out: JSON, reason -> names; as name -> reason."""
    by_reason = json.loads(path.read_text())
    return {name: reason for reason, names in by_reason.items() for name in names}


def score_against(suite: str, outcomes: dict[str, str | None], left_out: dict[str, str]) -> Score:
    """Compares outcomes (test name -> None when it passed, else why it did not) with the list.

    The list may neither miss a failing test nor hold one that passes or is not there.
    """
    failures = []
    for name, failure in outcomes.items():
        if failure is not None and name not in left_out:
            failures.append(f"{name}: {failure}")
        if failure is None and name in left_out:
            failures.append(f"{name}: passes, so it must leave the list of tests left out")
    failures += [f"{name}: listed as left out, but no such test ran"
                 for name in left_out if name not in outcomes]
    passed = sum(failure is None for failure in outcomes.values())
    return Score(suite, passed, len(outcomes), sum(name in outcomes for name in left_out), failures)


def run_program(words: list[str], seconds_max: float, environment: dict | None = None,
                folder: pathlib.Path | None = None) -> subprocess.CompletedProcess:
    """Runs a program to its end; one that hangs is killed and reported as exit code -9."""
    with subprocess.Popen(words, cwd=folder, env={**os.environ, **(environment or {})}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        try:
            stdout, stderr = process.communicate(timeout=seconds_max)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            stderr += f"\nkilled after {seconds_max} s"
    return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

"""Programs that walk through a client's whole surface and print one JSON line for each check:

    {"name": "batch: rolled back as one", "failure": null}
"""

import json
import subprocess

from harness import Score

SHOWN_OF_ERRORS = 500


def score_of(suite: str, process: subprocess.CompletedProcess, checks_min: int) -> Score:
    """The score of a flow that has ended. Fewer checks than `checks_min` are a failure of their
    own: a flow that stops early must not look like one that passed."""
    lines = [json.loads(line) for line in process.stdout.splitlines()
             if line.startswith('{"name"')]
    failures = [f"{line['name']}: {line['failure']}" for line in lines
                if line["failure"] is not None]
    passed = len(lines) - len(failures)
    if process.returncode != 0 or len(lines) < checks_min:
        failures.append(f"ended with {process.returncode} after {len(lines)} of {checks_min} "
                        f"checks: {process.stderr[-SHOWN_OF_ERRORS:]}")
    return Score(suite, passed, max(len(lines), checks_min), failures=failures)

#!/usr/bin/env python3
"""Runs the official clients, and the suites that their packages carry, against spillway-emulator.

    run.py [--full] [--output FILE] [CLIENT ...]

A client is a folder beside this file with a `suite.py` that has `run(context) -> list[Score]`.
Without --full each runs the smaller number that it states. Needs SPILLWAY_BIN and the paths that
`tools/setup/setup.sh env` prints. Ends with a table of scores; exit code 1 when anything failed.
"""

import argparse
import importlib
import json
import pathlib
import sys
import tempfile
import time

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

from harness import OUTPUT_LINES_SHOWN, Context, Score  # noqa: E402

# In this order. Each is the name of a folder here.
CLIENTS = ["npm_suites", "js", "python", "python_suite", "java", "go", "rust", "spark", "groups",
           "soak"]


def run_client(name: str, full: bool, work: pathlib.Path) -> list[Score]:
    folder = work / name
    folder.mkdir()
    start = time.monotonic()
    scores = importlib.import_module(f"{name}.suite").run(Context(full, folder))
    seconds = time.monotonic() - start
    for score in scores:
        print(f"{score.suite}: {score.passed} of {score.total}, {score.left_out} left out, "
              f"{len(score.failures)} wrong ({name}: {seconds:.0f} s)", flush=True)
        for failure in score.failures[:OUTPUT_LINES_SHOWN]:
            print(f"  {failure}", flush=True)
    return scores


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="everything, not the smaller number")
    parser.add_argument("--output", type=pathlib.Path, help="also write the scores there, as JSON")
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=" ".join(CLIENTS))
    arguments = parser.parse_args()
    if unknown := set(arguments.clients) - set(CLIENTS):
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    scores = []
    with tempfile.TemporaryDirectory(prefix="spillway-clients-") as work:
        for name in arguments.clients or CLIENTS:
            scores += run_client(name, arguments.full, pathlib.Path(work))
    if arguments.output:
        arguments.output.write_text(json.dumps([vars(score) for score in scores], indent=1) + "\n")
    return int(any(score.failures for score in scores))


if __name__ == "__main__":
    sys.exit(main())

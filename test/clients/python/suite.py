"""azure-cosmos 4.x, the current client for Python: a walk through its whole surface.

Over HTTPS; the client itself does not check certificates of `localhost`. Takes seconds, so always
whole. Its own tests are in ../python_suite.
"""

import os
import pathlib

from flow import score_of
from harness import Context, Emulator, Score, run_program

FOLDER = pathlib.Path(__file__).resolve().parent
CHECKS = 56
RUN_SECONDS_MAX = 180


def run(context: Context) -> list[Score]:
    with Emulator(context.work) as server:
        account = [server.endpoint, server.key]
        words = [os.environ["SPILLWAY_PYTHON"], str(FOLDER / "flow.py"), *account]
        done = run_program(words, RUN_SECONDS_MAX)
    return [score_of("azure-cosmos 4.x for Python", done, CHECKS)]

"""@azure/cosmos 4.x, the current client for JavaScript: a walk through its whole surface.

Over HTTPS, with the server's certificate trusted by file. Takes seconds, so always whole. What it
cannot do here: scripts, users, permissions and conflicts (not served), and several regions.
"""

import os
import pathlib

from flow import score_of
from harness import Context, Emulator, Score, run_program

FOLDER = pathlib.Path(__file__).resolve().parent
CHECKS = 68
RUN_SECONDS_MAX = 180


def run(context: Context) -> list[Score]:
    with Emulator(context.work) as server:
        environment = {"NODE_PATH": os.environ["SPILLWAY_NODE_MODULES"],
                       "NODE_EXTRA_CA_CERTS": server.certificate}
        words = ["node", str(FOLDER / "flow.js"), server.endpoint, server.key]
        done = run_program(words, RUN_SECONDS_MAX, environment)
    return [score_of("@azure/cosmos 4.x", done, CHECKS)]

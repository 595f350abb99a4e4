"""azure-cosmos for Java in gateway mode, which is also what the Spark connector is made of.

What it cannot do here: direct mode (the server has no RNTBD front), migration between manual and
autoscale throughput (no such call in this client), and scripts, users and permissions (not served).
"""

import os
import pathlib

from flow import score_of
from harness import Context, Emulator, Score, run_program

FOLDER = pathlib.Path(__file__).resolve().parent
CHECKS = 42
COMPILE_SECONDS_MAX = 120
RUN_SECONDS_MAX = 300
# The server's certificate is its own; for loopback hosts the client takes it with this.
TRUST = "-DCOSMOS.EMULATOR_SERVER_CERTIFICATE_VALIDATION_DISABLED=true"


def run(context: Context) -> list[Score]:
    jars = os.environ["SPILLWAY_CLIENT_JARS"] + "/*"
    classes = context.work / "classes"
    sources = sorted(str(source) for source in FOLDER.glob("*.java"))
    compiled = run_program(["javac", "-nowarn", "-d", str(classes), "-cp", jars, *sources],
                           COMPILE_SECONDS_MAX)
    if compiled.returncode != 0:
        return [Score("java", 0, CHECKS, failures=[compiled.stderr])]
    with Emulator(context.work / "server", "--control-port", "0") as server:
        words = ["java", TRUST, "-cp", f"{classes}:{jars}", "Flow", server.endpoint, server.key]
        return [score_of("java", run_program(words, RUN_SECONDS_MAX), CHECKS)]

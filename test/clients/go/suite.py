"""azcosmos for Go: the emulator tests that the module carries, and a flow of ours.

Both are pinned by go.mod here. The module's tests know one address, https://localhost:8081/, so
nothing else may listen there meanwhile. What the client cannot do here: it has no bulk, no change
feed, no query plans (queries over several ranges that need one are refused, as the service does)
and no read-many.
"""

import pathlib
import re

from flow import score_of
from harness import Context, Emulator, Score, read_left_out, run_program, score_against

FOLDER = pathlib.Path(__file__).resolve().parent
MODULE = "github.com/Azure/azure-sdk-for-go/sdk/data/azcosmos"
CHECKS = 19
BUILD_SECONDS_MAX = 600
RUN_SECONDS_MAX = 120
PORT_OF_THE_MODULE = 8081
# In the module's tests a token's audience is this.
AUDIENCE = "https://localhost.localhost"
# Those that talk to a server; the rest are unit tests.
WITH_SERVER = ("TestAAD|TestItemTransactionalBatch|TestContainer.*CRUD|TestDatabase.*CRUD|"
               "Emulator$|TestItemCRUD|TestItemConcurrent|TestItemIdEncoding|PartitionQuery")
RESULT = re.compile(r"^--- (PASS|FAIL|SKIP): (\w+)", re.MULTILINE)


def build(words: list[str]) -> None:
    done = run_program(words, BUILD_SECONDS_MAX, folder=FOLDER)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}")


def run_flow(context: Context) -> Score:
    program = str(context.work / "flow")
    build(["go", "build", "-mod=readonly", "-o", program, "."])
    with Emulator(context.work / "flow_server") as server:
        trust = {"SSL_CERT_FILE": server.certificate}
        words = [program, server.endpoint, server.key]
        return score_of("go", run_program(words, RUN_SECONDS_MAX, trust), CHECKS)


def run_module_tests(context: Context) -> Score:
    program = str(context.work / "module_tests")
    build(["go", "test", "-mod=readonly", "-c", "-o", program, MODULE])
    with Emulator(context.work / "module_server", "--entra-audience", AUDIENCE,
                  port=PORT_OF_THE_MODULE) as server:
        done = run_program([program, "-test.run", WITH_SERVER, "-test.v"], RUN_SECONDS_MAX,
                           {"EMULATOR": "true", "SSL_CERT_FILE": server.certificate}, context.work)
    results = RESULT.findall(done.stdout)
    outcomes = {name: None if word == "PASS" else word for word, name in results}
    return score_against("go module's tests", outcomes, read_left_out(FOLDER / "left_out.json"))


def run(context: Context) -> list[Score]:
    scores = [run_flow(context)]
    if context.full:
        scores.append(run_module_tests(context))
    return scores

"""The test suites that two old npm packages of the official client carry, run file by file.

Each file has a process and a server of its own, because some leave databases behind and others
count them. The server is strict, as it is for every other client.
`left_out/` lists the tests that may fail, each with its reason.
"""

import concurrent.futures
import dataclasses
import json
import os
import pathlib

from harness import (
    Context, Emulator, Score, control, read_left_out, run_program, score_against)

FOLDER = pathlib.Path(__file__).resolve().parent
AT_ONCE = 6
FILE_SECONDS_MAX = 300

# Upstream skips, or ties to fixed ports and to several regions, what is not named here; the unit
# tests need no server.
COSMOS_FILES = [
    *(f"functional/{name}.spec.js" for name in (
        "authorization", "client", "container", "database", "databaseaccount", "item", "offer",
        "permission", "query", "spatial", "sproc", "trigger", "ttl", "udf", "user")),
    *(f"integration/{name}.spec.js" for name in (
        "aggregateQuery", "authorization", "container", "crossPartition", "encoding",
        "incrementalFeed", "query", "queryMetrics", "session")),
]
DOCUMENTDB_FILES = [
    f"{name}.js" for name in (
        "test", "crossPartitionTests", "aggregateQueryTests", "authorizationTests",
        "collectionNamingTest", "encodingTests", "incrementalFeedTests", "queryTests",
        "sessionTests")
]
# These have a test that takes a request for hung after a millisecond.
SLOW_FILES = {"client.spec.js", "test.js"}
SLOW_RULE = {"operation": "database", "effect": "none", "delay_ms": 10}


def modules() -> pathlib.Path:
    return pathlib.Path(os.environ["SPILLWAY_NPM_SUITES"])


def run_file(file: pathlib.Path, work: pathlib.Path, timeout_ms: int, requires: list) -> dict:
    """Outcomes of one file: title -> None or why it failed."""
    mocha = modules() / "mocha/bin/_mocha"
    with Emulator(work, "--control-port", "0") as server:
        if file.name in SLOW_FILES:
            control(server, "/faults", SLOW_RULE)
        environment = {
            "ACCOUNT_HOST": server.endpoint.replace("localhost", "127.0.0.1").rstrip("/"),
            "ACCOUNT_KEY": server.key,
            "NODE_TLS_REJECT_UNAUTHORIZED": "0",
        }
        words = ["node", "-r", str(FOLDER / "tls_shim.js"), str(mocha)]
        for required in requires:
            words += ["-r", str(required)]
        words += [str(file), "--timeout", str(timeout_ms), "--exit", "--reporter", "json"]
        done = run_program(words, FILE_SECONDS_MAX, environment, file.parent)
    (work / "report.txt").write_text(done.stdout + "\n---\n" + done.stderr)
    return outcomes_of(done.stdout, done.stderr)


def outcomes_of(stdout: str, stderr: str) -> dict:
    start = stdout.rfind('{\n  "stats"')
    if start < 0:
        return {"(the file)": f"no report; {stderr.strip()[-400:] or stdout.strip()[-400:]}"}
    report = json.loads(stdout[start:])
    outcomes = {}
    for test in report["passes"] + report["failures"]:
        title = test["fullTitle"].strip()
        number = 2
        while title in outcomes:  # Some titles are used twice.
            title = f"{test['fullTitle'].strip()} #{number}"
            number += 1
        message = test.get("err", {}).get("message")
        outcomes[title] = (message or "failed").split("\n")[0][:300] if test["err"] else None
    return outcomes


@dataclasses.dataclass
class Suite:
    """One package's files, and how its own scripts run them."""

    name: str
    folder: pathlib.Path
    files: list[str]
    timeout_ms: int
    requires: list[pathlib.Path]
    left_out: str

    def start(self, pool: concurrent.futures.Executor, work: pathlib.Path) -> dict:
        """File -> its outcomes to come."""
        return {
            file: pool.submit(run_file, self.folder / file,
                              work / f"{self.name}-{file}".replace("/", "_"), self.timeout_ms,
                              self.requires)
            for file in self.files
        }

    def score(self, running: dict) -> Score:
        outcomes = {f"{file}: {title}": failure
                    for file, result in running.items()
                    for title, failure in result.result().items()}
        left_out = read_left_out(FOLDER / "left_out" / self.left_out)
        return score_against(self.name, outcomes, left_out)


def suites() -> list[Suite]:
    cosmos = modules() / "@azure/cosmos/lib/src/test"
    return [
        # The one with the longest file first.
        Suite("documentdb@1.15.3", modules() / "documentdb/test", DOCUMENTDB_FILES, 10_000, [],
              "documentdb.json"),
        Suite("@azure/cosmos@2.1.7", cosmos, COSMOS_FILES, 15_000, [cosmos / "common/setup.js"],
              "cosmos.json"),
    ]


def run(context: Context) -> list[Score]:
    # They mostly wait for times to live to end, so more run at once than there are cores.
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [(suite, suite.start(pool, context.work)) for suite in suites()]
        return [suite.score(files) for suite, files in running]

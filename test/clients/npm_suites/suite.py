"""The test suites that two old npm packages of the official client carry, run file by file.

Each file has a process and a server of its own, because some leave databases behind and others count
them. The server is strict but for the aggregate queries, which these suites also send with an ORDER BY.
`left_out.json` lists the tests that may fail, each with its reason.
"""

import concurrent.futures
import json
import os
import pathlib

from harness import Context, Emulator, Score, read_left_out, run_program, score_against

FOLDER = pathlib.Path(__file__).resolve().parent
AT_ONCE = 6
FILE_SECONDS_MAX = 300

# Upstream skips, or ties to fixed ports and to several regions, what is not named here; the unit tests
# need no server.
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
LENIENT_FILES = {"aggregateQuery.spec.js", "aggregateQueryTests.js"}


def modules() -> pathlib.Path:
    return pathlib.Path(os.environ["SPILLWAY_NPM_SUITES"])


def run_file(file: pathlib.Path, work: pathlib.Path, timeout_ms: int, requires: list) -> dict:
    """Outcomes of one file: title -> None or why it failed. A file that reports nothing is a failure."""
    mocha = modules() / "mocha/bin/_mocha"
    flags = ["--lenient"] if file.name in LENIENT_FILES else []
    with Emulator(work, *flags) as server:
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


def run_suite(name: str, folder: pathlib.Path, files: list, context: Context, timeout_ms: int,
              requires: list) -> Score:
    outcomes = {}
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = {
            file: pool.submit(run_file, folder / file,
                              context.work / name.replace("/", "_") / file.replace("/", "_"),
                              timeout_ms, requires)
            for file in files
        }
        for file, result in running.items():
            outcomes.update({f"{file}: {title}": failure
                             for title, failure in result.result().items()})
    left_out = read_left_out(FOLDER / "left_out.json")
    mine = {key.removeprefix(f"{name} "): reason for key, reason in left_out.items()
            if key.startswith(f"{name} ")}
    return score_against(name, outcomes, mine)


def run(context: Context) -> list[Score]:
    cosmos = modules() / "@azure/cosmos/lib/src/test"
    return [
        run_suite("@azure/cosmos@2.1.7", cosmos, COSMOS_FILES, context, 15_000,
                  [cosmos / "common/setup.js"]),
        run_suite("documentdb@1.15.3", modules() / "documentdb/test", DOCUMENTDB_FILES, context,
                  10_000, []),
    ]

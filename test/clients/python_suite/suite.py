"""The tests that the source distribution of azure-cosmos for Python carries, run file by file.

Those files are run that have tests marked for Microsoft's emulator; the others want live accounts
of several regions, or minutes for each test. Each file has a server of its own, and a copy of the
tests whose configuration names it: they take their emulator to be on a fixed port.
`left_out.json` lists the tests that may fail, each with its reason. Quarter of an hour in all, so
the smaller run takes a few files.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import xml.etree.ElementTree

from harness import Context, Emulator, Score, read_left_out, run_program, score_against

FOLDER = pathlib.Path(__file__).resolve().parent
AT_ONCE = 3
FILE_SECONDS_MAX = 900
EMULATOR_MARK = "cosmosEmulator"
FIXED_ENDPOINT = "https://localhost:8081/"
# What CosmosEmulatorCredential of test_aad.py makes its tokens for.
AUDIENCE = "https://localhost.localhost"
SMALLER = ["test_aad.py", "test_encoding.py", "test_partition_key.py",
           "test_transactional_batch.py"]
# The client looks at its account in the background, and what it finds may take the place of the
# regions that these tests have put there: one of them fails in every third run, on any server.
RACES = re.compile(r"test_timeout_and_failover_retry_policy(_async)?\.py: test_cross_region_retry")


def source() -> pathlib.Path:
    return pathlib.Path(os.environ["SPILLWAY_PYTHON_SUITE"]) / "source/tests"


def files_of(full: bool) -> list[str]:
    if not full:
        return SMALLER
    return [str(file.relative_to(source())) for file in sorted(source().rglob("test_*.py"))
            if EMULATOR_MARK in file.read_text()]


def run_file(name: str, work: pathlib.Path) -> dict[str, str | None]:
    """Outcomes of one file: "file: test" -> None or why it failed. Skipped ones are not there."""
    tests = work / "tests"
    shutil.copytree(source(), tests)
    report = work / "report.xml"
    with Emulator(work / "server", "--entra-audience", AUDIENCE) as server:
        configuration = tests / "test_config.py"
        configuration.write_text(
            configuration.read_text().replace(FIXED_ENDPOINT, server.endpoint))
        environment = {"ACCOUNT_HOST": server.endpoint, "ACCOUNT_KEY": server.key,
                       "PYTHONPATH": str(FOLDER / "stub")}
        python = pathlib.Path(os.environ["SPILLWAY_PYTHON_SUITE"]) / "bin/python"
        words = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore",
                 "--tb=short", f"--junitxml={report}", name]
        done = run_program(words, FILE_SECONDS_MAX, environment, tests)
    (work / "output.txt").write_text(done.stdout + "\n---\n" + done.stderr)
    if not report.exists():
        return {f"{name}: (the file)": f"no report; {(done.stderr or done.stdout).strip()[-400:]}"}
    return outcomes_of(name, report)


def outcomes_of(name: str, report: pathlib.Path) -> dict[str, str | None]:
    outcomes: dict[str, str | None] = {}
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        if case.find("skipped") is not None:
            continue
        wrong = next((case.find(kind) for kind in ("failure", "error")
                      if case.find(kind) is not None), None)
        title = f"{name}: {case.get('name')}"
        message = None if wrong is None else (wrong.get("message") or "failed").split("\n")[0][:300]
        # A test may be reported twice: for itself, and for its end.
        outcomes[title] = outcomes.get(title) or message
    return outcomes


def run(context: Context) -> list[Score]:
    files = files_of(context.full)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(run_file, name, context.work / name.replace("/", "_"))
                   for name in files]
        outcomes = {title: failure for file in running for title, failure in file.result().items()
                    if failure is None or not RACES.match(title)}
    left_out = {title: reason for title, reason in read_left_out(FOLDER / "left_out.json").items()
                if title.split(": ")[0] in files}
    return [score_against("azure-cosmos's own tests for Python", outcomes, left_out)]

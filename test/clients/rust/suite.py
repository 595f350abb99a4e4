"""azure_data_cosmos for Rust: the emulator tests that the crate carries, and a flow of ours.

Both are built from crates, pinned by the lock files here and in the crate: 8 minutes from nothing
on two cores, so they belong to --full alone; what was built stays in the set-up's cache. They trust
the server's certificate by file. Binary JSON, which the client sends unless told otherwise, and
HTTP/2 are not served; it goes over to HTTP/1.1 by itself.
"""

import json
import os
import pathlib
import re
import shutil

from flow import score_of
from harness import Context, Emulator, Score, read_left_out, run_program, score_against

FOLDER = pathlib.Path(__file__).resolve().parent
CRATE = "azure_data_cosmos"
FEATURES = "key_auth,control_plane,fault_injection"
CHECKS = 14
BUILD_SECONDS_MAX = 1800
RUN_SECONDS_MAX = 600
SUMMARY = re.compile(r"^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)
FAILED = re.compile(r"^    (emulator_tests::\S+)$", re.MULTILINE)
NAME = re.compile(r"^(\S+): test$", re.MULTILINE)
IGNORED = re.compile(r"^test (\S+) \.\.\. ignored", re.MULTILINE)


def cargo(words: list[str], folder: pathlib.Path, **environment: str) -> str:
    target = {"CARGO_TARGET_DIR": os.environ["SPILLWAY_RUST_CLIENT"]}
    done = run_program(["cargo", *words], BUILD_SECONDS_MAX, {**target, **environment}, folder)
    if done.returncode != 0:
        raise RuntimeError(f"cargo {' '.join(words)}: {done.stderr[-2000:]}")
    return done.stdout


def executable(messages: str) -> str:
    """The program that cargo says it has built (--message-format=json)."""
    built = [json.loads(line) for line in messages.splitlines() if line.startswith("{")]
    return [message["executable"] for message in built if message.get("executable")][-1]


def run_flow(context: Context) -> Score:
    program = executable(cargo(["build", "--locked", "--message-format=json"], FOLDER))
    with Emulator(context.work / "flow_server") as server:
        words = [program, server.endpoint, server.key]
        trust = {"SSL_CERT_FILE": server.certificate}
        return score_of("rust", run_program(words, RUN_SECONDS_MAX, trust), CHECKS)


def source_of_crate(context: Context) -> pathlib.Path:
    """A copy of the crate as the registry has it: cargo tests only what is a package of its own."""
    packages = json.loads(cargo(["metadata", "--locked", "--format-version=1"], FOLDER))["packages"]
    found = next(package for package in packages if package["name"] == CRATE)
    source = context.work / CRATE
    shutil.copytree(pathlib.Path(found["manifest_path"]).parent, source)
    return source


def run_crate_tests(context: Context) -> Score:
    source = source_of_crate(context)
    built = cargo(["test", "--locked", "--features", FEATURES, "--test", "emulator", "--no-run",
                   "--message-format=json"], source, RUSTFLAGS='--cfg test_category="emulator"')
    with Emulator(context.work / "crate_server") as server:
        account = f"AccountEndpoint={server.endpoint};AccountKey={server.key};"
        environment = {
            "AZURE_COSMOS_CONNECTION_STRING": account,
            "AZURE_COSMOS_BINARY_ENCODING_ENABLED": "false",
            "SSL_CERT_FILE": server.certificate,
        }
        tests = executable(built)
        names = set(NAME.findall(run_program([tests, "--list"], RUN_SECONDS_MAX).stdout))
        done = run_program([tests, "--test-threads=1"], RUN_SECONDS_MAX, environment, source)
    return score_crate(names, done.stdout)


def score_crate(names: set[str], output: str) -> Score:
    """What a test prints can stand between its name and its outcome, so the summary decides."""
    failed = set(FAILED.findall(output))
    outcomes = {name: "FAILED" if name in failed else None
                for name in names - set(IGNORED.findall(output))}
    score = score_against("rust crate's tests", outcomes, read_left_out(FOLDER / "left_out.json"))
    summary = SUMMARY.search(output)
    if not summary or int(summary[1]) != score.passed:
        score.failures.append(f"the tests did not end, or were counted wrong: {output[-500:]}")
    return score


def run(context: Context) -> list[Score]:
    if not context.full:
        return []
    return [run_flow(context), run_crate_tests(context)]

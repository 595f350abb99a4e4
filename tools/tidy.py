#!/usr/bin/env python3
"""The rules of the house, checked: run by `./dev lint` and as the first test.

Each finding is one line, `file:line: what (and what to do instead)`. No finding, no output.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "test" / "simulation"))

from mutants import MUTANTS  # noqa: E402

LINE_MAX = 100
SHELL_LINE_MAX = 120
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 700

# What each folder under src/ may include, besides itself. A folder not listed is a finding.
LAYERS = {
    "base": set(),
    "parquet": {"base"},
    "sketches": {"base"},
    "model": {"base"},
    "json": {"base", "model"},
    "columns": {"base", "model"},
    "config": {"base", "model"},
    "net": {"base"},
    "identity": {"base", "config", "net", "json"},
    "state": {"base", "model", "connector", "json", "net"},
    "connector": {"base", "model"},
    "transforms": {"base", "model", "connector", "columns", "json"},
    "advice": {"base", "model", "connector", "columns", "json", "sketches", "transforms"},
    "sources/delta": {"base", "model", "config", "connector", "columns", "identity"},
    "destinations/cosmosdb": {"base", "model", "config", "connector", "net", "json", "identity"},
    "destinations/file": {"base", "model", "config", "connector", "json"},
    "generations": {"base", "model", "connector", "json", "state"},
    "throughput": {"base", "model", "config", "connector"},
    "engine": {"base", "model", "connector", "state", "throughput", "transforms", "columns",
               "json", "net"},
    "changes": {"base", "model", "connector", "state", "throughput", "transforms", "json",
                "engine"},
    "verify": {"base", "parquet", "model", "connector", "state", "throughput", "transforms",
               "json", "engine", "changes"},
    "app": {"base", "model", "config", "connector", "state", "throughput", "engine", "changes",
            "verify", "transforms", "json", "columns", "net", "advice", "generations"},
    "cli": {"base", "parquet", "model", "config", "app", "advice", "generations", "throughput",
            "engine", "changes", "verify", "state", "transforms", "connector"},
}
# The one file that names concrete connectors, and what it may include for that.
CONNECTOR_LIST = {"src/connectors.cc", "src/connectors.h"}
# The local server shares the partition hash and the base with the client, and nothing else.
EMULATOR_MAY_INCLUDE = ("base/", "destinations/cosmosdb/partition_hash.h")

# pattern, what to use instead, files where it is at home
BANNED = [
    (r"system_clock::now|steady_clock::now", "take a Clock", {"src/base/clock.cc"}),
    (r"\bsleep_for\b|\busleep\b|\bsleep\(", "wait on the Clock with the stop token", set()),
    (r"std::thread\b(?!::)", "std::jthread, joined by its owner", set()),
    (r"\bthrow\b(?!\s*\()", "return a Status", set()),
    (r"\bco_(await|yield|return)\b", "blocking code on threads (GCC 12.2 miscompiles coroutines)",
     set()),
    (r"std::endl", "'\\n'", set()),
    (r"\brand\(\)|\bsrand\(", "an Rng with a seed", set()),
    (r"\bsystem\(|\bpopen\(", "an argument list, never a shell", set()),
    (r"\b(FIXME|TODO|XXX|HACK)\b", "finish it, or write it into the issue", set()),
]
GETENV_HOMES = re.compile(r"_env(ironment)?\.(cc|h)$|secrets?\.cc$|src/cli/|emulator/")


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT,
                         capture_output=True, text=True, check=True).stdout
    return [path for path in out.splitlines() if (ROOT / path).is_file()]


def folder_of(path):
    parts = path.split("/")[1:-1]
    if parts and parts[0] in ("sources", "destinations"):
        return "/".join(parts[:2])
    return parts[0] if parts else ""


def check_lines(path, lines):
    line_max = SHELL_LINE_MAX if path.endswith(".sh") else LINE_MAX
    for number, line in enumerate(lines, 1):
        # A document or an address that a test quotes is easier to read, and to find, in one piece.
        quoted = "http" in line or ("_test.cc" in path and '"' in line)
        if len(line) > line_max and not quoted:
            yield number, f"line of {len(line)} characters (at most {line_max})"
        if line.rstrip() != line:
            yield number, "trailing white space"


def strip_comment(line):
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return line.split("//")[0]


def check_banned(path, lines):
    for number, line in enumerate(lines, 1):
        code = strip_comment(line)
        for pattern, instead, homes in BANNED:
            text = line if "FIXME" in pattern else code
            if path not in homes and re.search(pattern, text):
                yield number, f"banned: {re.search(pattern, text).group(0)} (use: {instead})"
        if "getenv" in code and not GETENV_HOMES.search(path) and "_test.cc" not in path:
            yield number, "banned: getenv (read the environment in one place, *_environment.cc)"


def included_folder(target):
    parts = target.split("/")
    if parts[0] in ("sources", "destinations"):
        return "/".join(parts[:2])
    return parts[0]


def check_includes(path, lines):
    for number, line in enumerate(lines, 1):
        match = re.match(r'#include "([^"]+)"', line)
        if not match:
            continue
        target = match.group(1)
        if path.startswith("emulator/"):
            from_src = (ROOT / "src" / target).exists()
            if from_src and not target.startswith(EMULATOR_MAY_INCLUDE):
                yield number, f"emulator/ may not include {target}"
        elif path.startswith("src/") and path not in CONNECTOR_LIST and "/" in target:
            home = folder_of(path)
            other = included_folder(target)
            test_only = path.endswith(("_test.cc", "_benchmark.cc"))
            if home not in LAYERS:
                yield number, f"src/{home} has no layer: add it to tools/tidy.py"
            elif other in LAYERS and other != home and other not in LAYERS[home] and not test_only:
                yield number, f"{home}/ may not include {target}"


def function_spans(lines):
    """(first line, length) of each definition at column 0, as clang-format lays it out."""
    start = None
    for number, line in enumerate(lines, 1):
        if start is None:
            if line.endswith("{") and re.match(r"[A-Za-z_~]", line) and not re.match(
                    r"(namespace|class|struct|enum|union|extern|typedef|constexpr .*=|const .*=|"
                    r"static const)", line):
                start = number
        elif line.startswith("}"):
            yield start, number - start + 1
            start = None


def check_sizes(path, lines):
    if len(lines) > FILE_LINES_MAX:
        yield 1, f"file of {len(lines)} lines (at most {FILE_LINES_MAX}): more than one concern?"
    if path.endswith("_test.cc"):
        return
    for start, length in function_spans(lines):
        if length > FUNCTION_LINES_MAX:
            yield start, f"function of {length} lines (at most {FUNCTION_LINES_MAX})"


def check_header_guard(path, lines):
    if not path.endswith(".h") or not path.startswith(("src/", "emulator/")):
        return
    name = path.removeprefix("src/").upper()
    guard = "SPILLWAY_" + re.sub(r"[^A-Z0-9]", "_", name) + "_"
    if f"#ifndef {guard}" not in lines:
        yield 1, f"header guard is not {guard}"
    if not lines or not lines[0].startswith("//"):
        yield 1, "a header opens with what it is and why it exists"


def check_built(sources):
    lists = "\n".join((ROOT / path).read_text() for path in tracked("*CMakeLists.txt", "*.cmake"))
    for path in sources:
        name = path.rsplit("/", 1)[1]
        if path.endswith(".cc") and not re.search(rf"\b{re.escape(name)}\b", lists):
            yield path, 1, "not in any CMakeLists.txt: dead file, or not built"


def check_planted_bugs():
    """A bug that cannot be planted proves nothing (test/simulation/mutants.py)."""
    for name, (_, _, path, right, _) in MUTANTS.items():
        found = (ROOT / path).read_text().count(right)
        if found != 1:
            yield path, 1, f"the planted bug {name} replaces a line that is there {found} times"


def main():
    findings = []
    sources = tracked("src/*.cc", "src/*.h", "emulator/*.cc", "emulator/*.h", "test/*.cc",
                      "test/*.h", "bridge/*.h", "capi/*.cc", "capi/*.h")
    for path in sources:
        lines = (ROOT / path).read_text().splitlines()
        for check in (check_lines, check_banned, check_includes, check_sizes, check_header_guard):
            findings += [(path, number, what) for number, what in check(path, lines)]
    findings += check_built(sources)
    findings += check_planted_bugs()
    for path in tracked("*.py", "*.rs", "*.sh", "*.cmake"):
        lines = (ROOT / path).read_text().splitlines()
        findings += [(path, number, what) for number, what in check_lines(path, lines)]
    for path, number, what in findings:
        print(f"{path}:{number}: {what}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

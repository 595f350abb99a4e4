"""`--log-level` and `--log-file`: what is told, and where. That no secret is: test_canaries.py."""

import json
import os
import re
import stat

import pytest

USAGE = 2
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
LINE = re.compile(TIME + r" (error|warning|info|debug|trace) [a-z]+: .")


@pytest.fixture
def place(followed):
    followed.create()
    for name in ("SPILLWAY_LOG_LEVEL", "SPILLWAY_LOG_FILE"):
        followed.workspace.spillway.environment.pop(name, None)
    return followed.workspace


def test_nothing_is_told_unless_asked_for(place):
    assert not any(LINE.match(line) for line in place.run("sync", "p").stderr.splitlines())


def test_the_result_stays_the_result(place):
    outcome = place.run("sync", "p", "--output", "json", "--log-level", "trace")
    assert json.loads(outcome.stdout)["outcome"] == "loaded"
    told = [line for line in outcome.stderr.splitlines() if LINE.match(line)]
    levels = {LINE.match(line).group(1) for line in told}
    assert {"info", "trace"} <= levels
    bulk = [line for line in told if " http: POST " in line and "/colls/items/docs 200" in line]
    assert bulk and all(" RU, there " in line and ", activity " in line for line in bulk)


def test_a_file_is_its_owners_and_is_appended_to(place):
    old_mask = os.umask(0)
    try:
        place.run("sync", "p", "--log-level", "info", "--log-file", "spillway.log")
    finally:
        os.umask(old_mask)
    log = place.folder / "spillway.log"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    first = log.read_text()
    place.spillway.environment |= {"SPILLWAY_LOG_LEVEL": "info", "SPILLWAY_LOG_FILE": str(log)}
    quiet = place.run("runs", "p")
    assert not any(LINE.match(line) for line in quiet.stderr.splitlines())
    assert log.read_text().startswith(first) and "command: runs ends" in log.read_text()
    assert all(LINE.match(line) for line in log.read_text().splitlines())
    assert " trace " not in first and "run: pipeline p: run 1 begins: load" in first


def test_a_level_or_a_file_that_cannot_be(place):
    assert "loud" in place.run("sync", "p", "--log-level", "loud", code=USAGE).text
    words = ("--log-level", "info", "--log-file", "nowhere/spillway.log")
    assert "nowhere/spillway.log: No such file" in place.run("sync", "p", *words, code=USAGE).text

"""What the walks in Python share: a check is a name and a function; one JSON line each says how it
went (flow.py reads them)."""

import json
import traceback

FAILURE_SHOWN = 600


def check(name: str, body, *arguments) -> None:
    """Runs one check and prints how it went."""
    failure = None
    try:
        body(*arguments)
    except Exception as error:  # pylint: disable=broad-except
        where = traceback.extract_tb(error.__traceback__)
        line = next((f"{frame.name}:{frame.lineno}" for frame in reversed(where)
                     if frame.filename.endswith("_flow.py")), "")
        # Without Java's stack.
        words = "\n".join(said for said in str(error).splitlines() if not said.startswith("\tat"))
        failure = f"{line} {type(error).__name__}: {words[:FAILURE_SHOWN]}"
    print(json.dumps({"name": name, "failure": failure}), flush=True)


def same(actual, expected) -> None:
    assert actual == expected, f"{actual!r:.300}, not {expected!r:.300}"

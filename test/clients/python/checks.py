"""What the flows share: a check is a name and a function; one JSON line each says how it went."""

import json
import traceback

from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError


class Account:
    """How clients of the server under test are made."""

    def __init__(self, endpoint: str, key: str):
        self.endpoint = endpoint
        self.key = key
        self.client = self.make_client()

    def make_client(self, **options) -> CosmosClient:
        options.setdefault("credential", self.key)
        return CosmosClient(self.endpoint, **options)


def check(name: str, body, *arguments) -> None:
    """Runs one check and prints how it went."""
    failure = None
    try:
        body(*arguments)
    except Exception as error:  # pylint: disable=broad-except
        where = traceback.extract_tb(error.__traceback__)
        line = next((f"{frame.name}:{frame.lineno}" for frame in reversed(where)
                     if frame.filename.endswith("_flow.py")), "")
        failure = f"{line} {type(error).__name__}: {str(error)[:400]}"
    print(json.dumps({"name": name, "failure": failure}), flush=True)


def refused(status: int, call, *arguments, substatus: int | None = None, **keywords):
    """Asserts that a call is refused with a status and, if given, a substatus."""
    try:
        call(*arguments, **keywords)
    except CosmosHttpResponseError as error:
        assert error.status_code == status, f"{error.status_code}, not {status}: {error.message}"
        if substatus is not None:
            assert error.sub_status == substatus, f"{error.sub_status}, not {substatus}"
        return error
    raise AssertionError(f"expected {status}, but it was done")


def same(actual, expected) -> None:
    assert actual == expected, f"{actual!r:.300}, not {expected!r:.300}"


def rows(container, query: str, **options) -> list:
    """All rows of a query; across partitions unless a key is given."""
    if "partition_key" not in options:
        options.setdefault("enable_cross_partition_query", True)
    return list(container.query_items(query, **options))

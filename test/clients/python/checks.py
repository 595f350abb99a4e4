"""What the flows share: the account, and how a call is refused."""

import pathlib
import sys

from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

from checked import check, same  # noqa: E402, F401: the flows take them from here


class Account:
    """How clients of the server under test are made."""

    def __init__(self, endpoint: str, key: str):
        self.endpoint = endpoint
        self.key = key
        self.client = self.make_client()

    def make_client(self, **options) -> CosmosClient:
        options.setdefault("credential", self.key)
        return CosmosClient(self.endpoint, **options)


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


def rows(container, query: str, **options) -> list:
    """All rows of a query; across partitions unless a key is given."""
    if "partition_key" not in options:
        options.setdefault("enable_cross_partition_query", True)
    return list(container.query_items(query, **options))

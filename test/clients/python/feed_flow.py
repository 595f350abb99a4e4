"""The change feed, throttling with the client's retries, and session consistency."""

import datetime
import time

from azure.cosmos import PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError

from checks import Account, check, refused, same

DOCUMENTS = 60
WRITES_MAX = 500
# Costs a good part of what the container has in a second.
BIG_TEXT = "x" * 100_000


def changes(container, **options) -> tuple[list, str]:
    """What is new, and the token to go on from."""
    found = list(container.query_items_change_feed(max_item_count=7, **options))
    return found, container.client_connection.last_response_headers["etag"]


def from_the_beginning(container) -> None:
    found, _ = changes(container, start_time="Beginning")
    same(len({change["id"] for change in found}), DOCUMENTS)
    same(len(found), DOCUMENTS)


def latest_version_only(container) -> None:
    _, token = changes(container, start_time="Beginning")
    for n in (1, 2):
        container.upsert_item({"id": "d1", "pk": "p1", "n": n})
    container.create_item({"id": "gone", "pk": "p1"})
    container.delete_item("gone", "p1")
    found, _ = changes(container, continuation=token)
    same([(change["id"], change["n"]) for change in found], [("d1", 2)])


def from_now(container) -> None:
    found, token = changes(container, start_time="Now")
    same(found, [])
    container.upsert_item({"id": "d2", "pk": "p2"})
    found, _ = changes(container, continuation=token)
    same([change["id"] for change in found], ["d2"])


def from_a_time(container) -> None:
    time.sleep(2.1)
    start = datetime.datetime.now(datetime.timezone.utc)
    container.upsert_item({"id": "d3", "pk": "p3"})
    found, _ = changes(container, start_time=start)
    same([change["id"] for change in found], ["d3"])


def scopes(container) -> None:
    found, _ = changes(container, start_time="Beginning", partition_key="p5")
    same(sorted(change["id"] for change in found), ["d25", "d45", "d5"])
    found = []
    for feed_range in container.read_feed_ranges():
        found += changes(container, start_time="Beginning", feed_range=feed_range)[0]
    same(len(found), DOCUMENTS)


def all_versions(database) -> None:
    container = database.create_container(
        "versions", PartitionKey("/pk"), change_feed_policy={"retentionDuration": 10})
    mode = {"mode": "AllVersionsAndDeletes"}
    _, token = changes(container, **mode)
    container.create_item({"id": "v", "pk": "a", "n": 1})
    container.upsert_item({"id": "v", "pk": "a", "n": 2})
    container.delete_item("v", "a")
    found, _ = changes(container, continuation=token, **mode)
    same([change["metadata"]["operationType"] for change in found],
         ["create", "replace", "delete"])
    same([change["current"].get("n") for change in found[:2]], [1, 2])


def throttled(account: Account, database) -> None:
    # This client takes a 0 for "not given".
    impatient = account.make_client(retry_throttle_total=1, retry_fixed_interval=1)
    container = impatient.get_database_client(database.id).get_container_client("slow")
    try:
        for n in range(WRITES_MAX):
            container.upsert_item({"id": "same", "pk": "a", "n": n, "text": BIG_TEXT})
        raise AssertionError("never throttled")
    except CosmosHttpResponseError as error:
        same((error.status_code, error.sub_status), (429, 3200))
        assert int(error.headers["x-ms-retry-after-ms"]) > 0


def retried(database) -> None:
    container = database.get_container_client("slow")
    statuses = []
    for n in range(WRITES_MAX):
        document = {"id": "same", "pk": "a", "n": n, "text": BIG_TEXT}
        container.upsert_item(
            document, raw_response_hook=lambda raw: statuses.append(raw.http_response.status_code))
        if 429 in statuses:
            same(statuses[-1], 200)
            return
    raise AssertionError("never throttled")


def sessions(account: Account, database) -> None:
    container = database.create_container("session", PartitionKey("/pk"))
    created = container.create_item({"id": "1", "pk": "a"})
    token = created.get_response_headers()["x-ms-session-token"]
    stranger = account.make_client().get_database_client(database.id)
    stranger = stranger.get_container_client("session")
    same(stranger.read_item("1", "a", session_token=token)["_etag"], created["_etag"])
    front, lsn = token.rsplit("#", 1)
    refused(404, stranger.read_item, "1", "a", session_token=f"{front}#{int(lsn) + 1000}",
            substatus=1002)


def feed_flow(account: Account) -> None:
    database = account.client.create_database_if_not_exists("feed")
    container = database.create_container("feed", PartitionKey("/pk"), offer_throughput=18_000)
    for n in range(DOCUMENTS):
        container.create_item({"id": f"d{n}", "pk": f"p{n % 20}", "n": n})
    check("change feed: from the beginning", from_the_beginning, container)
    check("change feed: of one key, of each range", scopes, container)
    check("change feed: the latest version, no deletes", latest_version_only, container)
    check("change feed: from now", from_now, container)
    check("change feed: from a time", from_a_time, container)
    check("change feed: all versions and deletes", all_versions, database)
    database.create_container("slow", PartitionKey("/pk"), offer_throughput=400)
    check("throttling: 429/3200 says when to come back", throttled, account, database)
    check("throttling: the client waits and goes on", retried, database)
    check("sessions: a token ahead is 404/1002", sessions, account, database)
    account.client.delete_database(database)

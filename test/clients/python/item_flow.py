"""Documents one by one, patches and atomic batches. This client has no bulk call."""

import time

from azure.core import MatchConditions
from azure.cosmos import PartitionKey
from azure.cosmos.exceptions import CosmosBatchOperationError
from azure.cosmos.partition_key import NonePartitionKeyValue, NullPartitionKeyValue

from checks import Account, check, refused, rows, same

EXPIRED_SECONDS_MAX = 10


def life(items) -> None:
    created = items.create_item({"id": "1", "pk": "a", "n": 1})
    for member in ("_rid", "_self", "_etag", "_ts", "_attachments"):
        assert created[member], member
    assert float(created.get_response_headers()["x-ms-request-charge"]) > 0
    refused(409, items.create_item, {"id": "1", "pk": "a"})
    same(items.read_item("1", "a"), created)
    replaced = items.replace_item("1", {"id": "1", "pk": "a", "n": 2})
    same((replaced["n"], replaced["_rid"]), (2, created["_rid"]))
    assert replaced["_etag"] != created["_etag"]
    same(items.upsert_item({"id": "1", "pk": "a", "n": 3})["n"], 3)
    items.upsert_item({"id": "2", "pk": "a"})
    items.delete_item("1", "a")
    refused(404, items.delete_item, "1", "a")
    refused(404, items.read_item, "1", "a")
    refused(404, items.replace_item, "1", {"id": "1", "pk": "a"})


def etags(items) -> None:
    old = items.upsert_item({"id": "etag", "pk": "a"})
    guard = {"etag": old["_etag"], "match_condition": MatchConditions.IfNotModified}
    new = items.replace_item("etag", {"id": "etag", "pk": "a", "n": 1}, **guard)
    refused(412, items.replace_item, "etag", {"id": "etag", "pk": "a"}, **guard)
    refused(412, items.upsert_item, {"id": "etag", "pk": "a"}, **guard)
    refused(412, items.delete_item, "etag", "a", **guard)
    refused(412, items.patch_item, "etag", "a", [{"op": "set", "path": "/n", "value": 2}], **guard)
    items.delete_item("etag", "a", etag=new["_etag"],
                      match_condition=MatchConditions.IfNotModified)


def key_types(items) -> None:
    for key in ("text", "ünï€", 5, -1.5, 0, True, False):
        items.create_item({"id": "typed", "pk": key})
        same(items.read_item("typed", key)["pk"], key)
    items.create_item({"id": "typed", "pk": None})
    same(items.read_item("typed", NullPartitionKeyValue)["pk"], None)
    items.create_item({"id": "typed"})
    assert "pk" not in items.read_item("typed", NonePartitionKeyValue)
    same(len(rows(items, "SELECT * FROM c WHERE c.id = 'typed'")), 9)


def minimal_return(items) -> None:
    created = items.create_item({"id": "minimal", "pk": "a"}, no_response=True)
    same(dict(created), {})
    assert created.get_response_headers()["etag"]
    same(items.read_item("minimal", "a")["id"], "minimal")


def refusals(items) -> None:
    refused(413, items.create_item, {"id": "big", "pk": "a", "text": "x" * 2_200_000})
    refused(400, items.create_item, {"id": "ttl", "pk": "a", "ttl": 0})
    refused(400, items.create_item, {"id": "key", "pk": {"an": "object"}})


def generated_ids(items) -> None:
    created = items.create_item({"pk": "a"}, enable_automatic_id_generation=True)
    same(items.read_item(created["id"], "a")["_rid"], created["_rid"])


def time_to_live(database) -> None:
    container = database.create_container("ttl", PartitionKey("/pk"), default_ttl=1)
    container.create_item({"id": "short", "pk": "a"})
    container.create_item({"id": "never", "pk": "a", "ttl": -1})
    end = time.monotonic() + EXPIRED_SECONDS_MAX
    while len(rows(container, "SELECT * FROM c")) > 1:
        assert time.monotonic() < end, "still there"
        time.sleep(0.2)
    refused(404, container.read_item, "short", "a")
    same(container.read_item("never", "a")["ttl"], -1)


def unique_keys(database) -> None:
    unique = {"uniqueKeys": [{"paths": ["/first", "/last"]}]}
    container = database.create_container("unique", PartitionKey("/pk"), unique_key_policy=unique)
    container.create_item({"id": "1", "pk": "a", "first": "x", "last": "y"})
    refused(409, container.create_item, {"id": "2", "pk": "a", "first": "x", "last": "y"},
            substatus=3301)
    container.create_item({"id": "2", "pk": "a", "first": "x"})
    container.create_item({"id": "2", "pk": "b", "first": "x", "last": "y"})


def patches(items) -> None:
    items.upsert_item({"id": "p", "pk": "a", "n": 1, "list": [1, 2], "sub": {"x": 1}, "old": 1})
    patched = items.patch_item("p", "a", [
        {"op": "add", "path": "/list/1", "value": 9},
        {"op": "add", "path": "/list/-", "value": 7},
        {"op": "set", "path": "/sub/y", "value": {"deep": None}},
        {"op": "replace", "path": "/sub/x", "value": "two"},
        {"op": "incr", "path": "/n", "value": 4.5},
        {"op": "remove", "path": "/old"},
        {"op": "move", "from": "/list/0", "path": "/first"},
    ])
    user = {name: value for name, value in patched.items() if not name.startswith("_")}
    same(user, {"id": "p", "pk": "a", "n": 5.5, "list": [9, 2, 7],
                "sub": {"x": "two", "y": {"deep": None}}, "first": 1})
    operations = [{"op": "set", "path": "/n", "value": 0}]
    refused(412, items.patch_item, "p", "a", operations, filter_predicate="from c where c.n > 9",
            substatus=1110)
    same(items.patch_item("p", "a", operations, filter_predicate="from c where c.n > 5")["n"], 0)
    for wrong in ({"op": "remove", "path": "/none"}, {"op": "incr", "path": "/first/x", "value": 1},
                  {"op": "set", "path": "/pk", "value": "b"}):
        refused(400, items.patch_item, "p", "a", [wrong])


def batches(items) -> None:
    kept = items.upsert_item({"id": "b0", "pk": "batch", "n": 0})
    results = items.execute_item_batch([
        ("create", ({"id": "b1", "pk": "batch"},)),
        ("upsert", ({"id": "b2", "pk": "batch"},)),
        ("read", ("b1",)),
        ("replace", ("b0", {"id": "b0", "pk": "batch", "n": 1}), {"if_match_etag": kept["_etag"]}),
        ("patch", ("b2", [{"op": "set", "path": "/n", "value": 5}])),
        ("delete", ("b1",)),
    ], "batch")
    same([result["statusCode"] for result in results], [201, 201, 200, 200, 200, 204])
    same(rows(items, "SELECT VALUE c.n FROM c ORDER BY c.id", partition_key="batch"), [1, 5])
    before = rows(items, "SELECT * FROM c", partition_key="batch")
    try:
        items.execute_item_batch([
            ("delete", ("b2",)), ("create", ({"id": "b0", "pk": "batch"},)),
            ("upsert", ({"id": "b9", "pk": "batch"},)),
        ], "batch")
        raise AssertionError("the batch was done")
    except CosmosBatchOperationError as error:
        same((error.status_code, error.error_index), (409, 1))
        same([result["statusCode"] for result in error.operation_responses], [424, 409, 424])
    same(rows(items, "SELECT * FROM c", partition_key="batch"), before)
    many = [("upsert", ({"id": f"{i}", "pk": "batch"},)) for i in range(101)]
    refused(400, items.execute_item_batch, many, "batch")


def read_many(items) -> None:
    for n in range(40):
        items.upsert_item({"id": f"m{n}", "pk": f"m{n % 13}", "n": n})
    wanted = [(f"m{n}", f"m{n % 13}") for n in range(0, 40, 2)] + [("none", "m1")]
    same(sorted(found["n"] for found in items.read_items(wanted)), list(range(0, 40, 2)))


def delete_partition_key(items) -> None:
    assert rows(items, "SELECT * FROM c", partition_key="m1")
    items.delete_all_items_by_partition_key("m1")
    same(rows(items, "SELECT * FROM c", partition_key="m1"), [])
    assert rows(items, "SELECT * FROM c", partition_key="m2")


def item_flow(account: Account) -> None:
    database = account.client.create_database_if_not_exists("items")
    items = database.create_container("items", PartitionKey("/pk"), offer_throughput=20_000)
    check("items: create, read, replace, upsert, delete", life, items)
    check("items: conditions on etags", etags, items)
    check("items: keys of every type, and none", key_types, items)
    check("items: minimal return", minimal_return, items)
    check("items: what is refused", refusals, items)
    check("items: ids made by the client", generated_ids, items)
    check("items: expire", time_to_live, database)
    check("items: unique keys", unique_keys, database)
    check("patch: operations, condition, refusals", patches, items)
    check("batch: done, or rolled back, as one", batches, items)
    check("items: read many", read_many, items)
    check("items: delete by partition key", delete_partition_key, items)
    account.client.delete_database(database)

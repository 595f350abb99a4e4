"""Account, databases, containers and throughput."""

from azure.cosmos import PartitionKey, ThroughputProperties

from checks import Account, check, refused, same


def account_document(account: Account) -> None:
    document = account.client.get_database_account()
    same(document.ConsistencyPolicy["defaultConsistencyLevel"], "Session")
    same(len(document.WritableLocations), 1)
    same(document.WritableLocations[0]["databaseAccountEndpoint"], account.endpoint)


def wrong_key(account: Account) -> None:
    refused(401, account.make_client, credential="bm90IHRoZSBrZXk=")


def databases(client) -> None:
    database = client.create_database("life")
    refused(409, client.create_database, "life")
    assert client.create_database_if_not_exists("life").id == "life"
    assert "life" in [found["id"] for found in client.list_databases()]
    query = "SELECT VALUE r.id FROM r WHERE r.id = @id"
    found = client.query_databases(query, parameters=[{"name": "@id", "value": "life"}])
    same(list(found), ["life"])
    same(database.read()["_colls"], "colls/")
    client.delete_database("life")
    refused(404, database.read)


def container_defaults(database) -> None:
    properties = database.create_container("plain", PartitionKey("/pk")).read()
    same(properties["partitionKey"], {"paths": ["/pk"], "kind": "Hash", "version": 2})
    same(properties["indexingPolicy"], {
        "indexingMode": "consistent", "automatic": True, "includedPaths": [{"path": "/*"}],
        "excludedPaths": [{"path": '/"_etag"/?'}]})
    same(properties["geospatialConfig"], {"type": "Geography"})
    same(properties["conflictResolutionPolicy"]["mode"], "LastWriterWins")


def container_life(database) -> None:
    policy = {"indexingMode": "consistent", "excludedPaths": [{"path": "/big/*"}]}
    container = database.create_container(
        "life", PartitionKey("/pk"), indexing_policy=policy, default_ttl=60)
    properties = container.read()
    same(properties["defaultTtl"], 60)
    assert {"path": "/big/*"} in properties["indexingPolicy"]["excludedPaths"]
    refused(409, database.create_container, "life", PartitionKey("/pk"))
    database.replace_container(container, PartitionKey("/pk"), default_ttl=-1)
    same(container.read()["defaultTtl"], -1)
    refused(400, database.replace_container, container, PartitionKey("/other"))
    unique = {"uniqueKeys": [{"paths": ["/email"]}]}
    fixed = database.create_container("fixed", PartitionKey("/pk"), unique_key_policy=unique)
    same(fixed.read()["uniqueKeyPolicy"]["uniqueKeys"], unique["uniqueKeys"])
    # This client leaves the unique keys out when it replaces; the service takes that for a change.
    refused(403, database.replace_container, fixed, PartitionKey("/pk"))
    query = "SELECT VALUE r.id FROM r WHERE r.id = 'life'"
    same(list(database.query_containers(query)), ["life"])
    database.delete_container(container)
    refused(404, container.read)


def hierarchical_keys(database) -> None:
    key = PartitionKey(["/tenant", "/user", "/session"], kind="MultiHash")
    container = database.create_container("levels", key)
    for tenant, user in (("a", 1), ("a", 2), ("b", 1)):
        container.create_item({"id": "same", "tenant": tenant, "user": user, "session": "s"})
    same(container.read_item("same", ["a", 2, "s"])["user"], 2)
    found = container.query_items("SELECT VALUE c.user FROM c", partition_key=["a"])
    same(sorted(found), [1, 2])
    found = container.query_items("SELECT VALUE c.user FROM c", partition_key=["a", 2])
    same(list(found), [2])
    refused(400, database.create_container, "four",
            PartitionKey(["/a", "/b", "/c", "/d"], kind="MultiHash"))


def ranges(database) -> None:
    container = database.create_container("wide", PartitionKey("/pk"), offer_throughput=30_000)
    feed_ranges = list(container.read_feed_ranges())
    same(len(feed_ranges), 5)
    key_range = container.feed_range_from_partition_key("somewhere")
    same(sum(container.is_feed_range_subset(whole, key_range) for whole in feed_ranges), 1)
    container.read(populate_quota_info=True, response_hook=lambda headers, _: same(
        "documentsCount=0;" in headers["x-ms-resource-usage"], True))


def manual_offer(database) -> None:
    container = database.create_container("manual", PartitionKey("/pk"), offer_throughput=500)
    same(container.get_throughput().offer_throughput, 500)
    same(container.replace_throughput(1000).offer_throughput, 1000)
    offer = container.get_throughput()
    same(offer.offer_throughput, 1000)
    same(offer.properties["content"]["offerThroughput"], 1000)
    refused(400, container.replace_throughput, 350)
    refused(400, container.replace_throughput, 1_000_100)


def autoscale_offer(database) -> None:
    autoscale = ThroughputProperties(auto_scale_max_throughput=4000)
    container = database.create_container("auto", PartitionKey("/pk"), offer_throughput=autoscale)
    same(container.get_throughput().auto_scale_max_throughput, 4000)
    more = ThroughputProperties(auto_scale_max_throughput=7000)
    container.replace_throughput(more)
    same(container.get_throughput().auto_scale_max_throughput, 7000)


def shared_offer(client) -> None:
    database = client.create_database("shared", offer_throughput=600)
    same(database.get_throughput().offer_throughput, 600)
    same(database.replace_throughput(700).offer_throughput, 700)
    client.delete_database(database)


def resource_flow(account: Account) -> None:
    client = account.client
    check("account: read", account_document, account)
    check("account: a wrong key is refused", wrong_key, account)
    check("databases: create, list, query, delete", databases, client)
    database = client.create_database_if_not_exists("resources")
    check("containers: the service's defaults", container_defaults, database)
    check("containers: create, replace, query, delete", container_life, database)
    check("containers: hierarchical keys", hierarchical_keys, database)
    check("containers: ranges by throughput", ranges, database)
    check("offers: manual", manual_offer, database)
    check("offers: autoscale", autoscale_offer, database)
    check("offers: shared by a database", shared_offer, client)
    client.delete_database(database)

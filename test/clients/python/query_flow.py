"""Queries over several ranges, with what this client merges by itself."""

from azure.cosmos import PartitionKey

from checks import Account, check, refused, rows, same

DOCUMENTS = 120
CITIES = ["Oslo", "Bergen", "Turku", "Aarhus"]
NUMBERS = list(range(DOCUMENTS))

# Name, query, the rows that the language's rules give, whether their order is part of that.
CASES = [
    ("everything", "SELECT VALUE c.n FROM c", NUMBERS, False),
    ("filter", "SELECT VALUE c.n FROM c WHERE c.n >= 100 AND c.city = 'Oslo'",
     [100, 104, 108, 112, 116], False),
    ("projection", "SELECT c.n AS number, {'city': c.city} AS place FROM c WHERE c.n = 5",
     [{"number": 5, "place": {"city": "Bergen"}}], True),
    ("order", "SELECT VALUE c.n FROM c ORDER BY c.n", NUMBERS, True),
    ("order, descending", "SELECT VALUE c.n FROM c ORDER BY c.n DESC", NUMBERS[::-1], True),
    ("top", "SELECT TOP 3 VALUE c.id FROM c ORDER BY c.id DESC", ["d99", "d98", "d97"], True),
    ("offset and limit", "SELECT VALUE c.n FROM c ORDER BY c.n OFFSET 10 LIMIT 5",
     [10, 11, 12, 13, 14], True),
    ("distinct", "SELECT DISTINCT VALUE c.city FROM c", CITIES, False),
    ("distinct, ordered", "SELECT DISTINCT VALUE c.city FROM c ORDER BY c.city", sorted(CITIES),
     True),
    ("count", "SELECT VALUE COUNT(1) FROM c", [DOCUMENTS], True),
    ("sum", "SELECT VALUE SUM(c.n) FROM c WHERE c.n < 11", [55], True),
    ("average of what is there", "SELECT VALUE AVG(c.score) FROM c", [14.75], True),
    ("least", "SELECT VALUE MIN(c.n) FROM c WHERE c.n > 17", [18], True),
    ("greatest", "SELECT VALUE MAX(c.id) FROM c", ["d99"], True),
    ("join", "SELECT VALUE t FROM c JOIN t IN c.tags WHERE c.n < 2", ["t0", "all", "t1", "all"],
     False),
    ("exists", "SELECT VALUE c.n FROM c WHERE c.n < 6 AND "
     "EXISTS(SELECT VALUE t FROM t IN c.tags WHERE t = 't2')", [2, 5], False),
    ("pattern", "SELECT VALUE c.n FROM c WHERE c.id LIKE 'd11_'", NUMBERS[110:], False),
    ("between, in, missing", "SELECT VALUE c.n FROM c WHERE c.n BETWEEN 1 AND 6 AND "
     "c.n IN (1, 2, 3) AND NOT IS_DEFINED(c.score)", [1, 3], False),
    ("default for what is missing", "SELECT VALUE (c.score ?? -1) FROM c WHERE c.n IN (4, 5)",
     [1, -1], False),
    ("functions", "SELECT VALUE CONCAT(UPPER(c.city), '-', ToString(LENGTH(c.city))) FROM c "
     "WHERE c.n = 1", ["BERGEN-6"], True),
]


def document_of(n: int) -> dict:
    document = {"id": f"d{n}", "pk": f"p{n % 30}", "n": n, "city": CITIES[n % 4],
                "tags": [f"t{n % 3}", "all"]}
    if n % 2 == 0:
        document["score"] = n / 4
    return document


def query_case(container, query: str, expected: list, ordered: bool) -> None:
    key = (lambda found: found) if ordered else (lambda found: sorted(found, key=repr))
    same(key(rows(container, query)), key(expected))
    same(key(rows(container, query, max_item_count=7)), key(expected))


def continuations(container) -> None:
    found, token = [], None
    while True:
        pages = container.query_items("SELECT VALUE c.n FROM c WHERE c.n < 100",
                                      enable_cross_partition_query=True,
                                      max_item_count=9).by_page(token)
        page = list(next(pages))
        assert len(page) <= 9
        found += page
        token = pages.continuation_token
        if token is None:
            break
    same(sorted(found), NUMBERS[:100])


def groups(container) -> None:
    # Grouped by the server; over several ranges this client does not merge groups.
    query = "SELECT c.city, COUNT(1) AS count FROM c GROUP BY c.city"
    found = rows(container, query, partition_key="p3")
    same(sorted(map(repr, found)), sorted(map(repr, [{"city": "Aarhus", "count": 2},
                                                     {"city": "Bergen", "count": 2}])))


def parameters(container) -> None:
    query = "SELECT VALUE c.n FROM c WHERE c.city = @city AND ARRAY_CONTAINS(@numbers, c.n)"
    values = [{"name": "@city", "value": "Turku"}, {"name": "@numbers", "value": [1, 2, 6]}]
    same(sorted(rows(container, query, parameters=values)), [2, 6])


def scopes(container) -> None:
    same(rows(container, "SELECT VALUE c.n FROM c ORDER BY c.n DESC", partition_key="p3"),
         [93, 63, 33, 3])
    same(rows(container, "SELECT VALUE COUNT(1) FROM c", partition_key="p3"), [4])
    found = []
    for feed_range in container.read_feed_ranges():
        found += container.query_items("SELECT VALUE c.n FROM c", feed_range=feed_range)
    same(sorted(found), NUMBERS)
    refused(400, lambda: list(container.query_items("SELECT * FROM c",
                                                    enable_cross_partition_query=False)))


def refusals(container) -> None:
    for query in ("SELEC * FROM c", "SELECT VALUE nope(1) FROM c", "SELECT VALUE x.n FROM c"):
        refused(400, rows, container, query)


def query_flow(account: Account) -> None:
    database = account.client.create_database_if_not_exists("queries")
    container = database.create_container("queries", PartitionKey("/pk"), offer_throughput=30_000)
    for n in NUMBERS:
        container.create_item(document_of(n))
    for name, query, expected, ordered in CASES:
        check(f"query: {name}", query_case, container, query, expected, ordered)
    check("query: continuation tokens", continuations, container)
    check("query: groups", groups, container)
    check("query: parameters", parameters, container)
    check("query: one key, one range, all", scopes, container)
    check("query: what is refused", refusals, container)
    account.client.delete_database(database)

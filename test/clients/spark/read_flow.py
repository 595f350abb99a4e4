"""What the connector reads: queries, its partitioning strategies, and the change feed."""

from checks import CHANGES, Account, check, same

ROWS = 1000
CONTAINER = "bulk"  # as the writing flow has left it


def pushed_down(account: Account) -> None:
    found = account.read(CONTAINER).where("n >= 990 and pk in ('p1', 'p2') and seventh is not null")
    same(sorted(row.n for row in found.collect()), [991, 992])
    same(account.read(CONTAINER).where("place.city = 'c1'").count(), 333)
    same(account.read(CONTAINER).where("id like '99%'").count(), 11)


def custom_query(account: Account) -> None:
    query = "SELECT c.id, c.n * 2 AS twice FROM c WHERE c.seventh = true AND c.n < 50"
    found = account.read(CONTAINER, read__customQuery=query)
    same(sorted(row.twice for row in found.collect()), list(range(0, 100, 14)))


def with_schema(account: Account) -> None:
    """Without inference: the raw document, and a schema of the caller's."""
    raw = account.read(CONTAINER, read__inferSchema__enabled="false")
    same("_rawBody" in raw.columns, True)
    same(raw.count(), ROWS)
    place = account.place(CONTAINER)
    typed = account.spark.read.format("cosmos.oltp").schema("id string, n double, none string")
    row = typed.options(**place).load().where("id = '3'").first()
    same((row.n, row.none), (3.0, None))


def strategy(account: Account, name: str) -> None:
    options = {"read__partitioning__strategy": name}
    if name == "Custom":
        options["partitioning__targetedCount"] = "9"
    found = account.read(CONTAINER, **options)
    same(found.count(), ROWS)
    assert found.rdd.getNumPartitions() >= (9 if name == "Custom" else 1)


def small_pages(account: Account) -> None:
    found = account.read(CONTAINER, read__maxItemCount="7")
    same(found.selectExpr("sum(n)").first()[0], ROWS * (ROWS - 1) // 2)


def changes(account: Account, start: str) -> list:
    """The ids that the feed gives, with a schema of their own: nothing may be there to infer."""
    place = account.place(CONTAINER, changeFeed__startFrom=start,
                          changeFeed__mode="Incremental", read__inferSchema__enabled="false")
    found = account.spark.read.format(CHANGES).schema("id string, n long").options(**place).load()
    return [row.id for row in found.collect()]


def feed_in_full(account: Account) -> None:
    found = changes(account, "Beginning")
    same((len(found), len(set(found))), (ROWS, ROWS))


def feed_from_now(account: Account) -> None:
    same(changes(account, "Now"), [])


def streamed(account: Account, folder: str) -> None:
    """The change feed as a stream: two runs with one checkpoint, each sees what is new."""
    place = account.place(CONTAINER, changeFeed__startFrom="Beginning",
                          changeFeed__mode="Incremental", read__inferSchema__enabled="false",
                          changeFeed__itemCountPerTriggerHint="300")
    def run(name: str) -> list:
        stream = account.spark.readStream.format(CHANGES).options(**place)
        query = stream.schema("id string, n long").load().writeStream.format("parquet")
        query = query.option("checkpointLocation", f"{folder}/checkpoint")
        query = query.option("path", f"{folder}/stream").trigger(once=True).start()
        query.awaitTermination(120)
        return [row.id for row in account.spark.read.parquet(f"{folder}/stream").collect()]

    first = run("first")
    assert 0 < len(first) <= ROWS, len(first)
    while len(first) < ROWS:
        more = run("more")
        assert len(more) > len(first), "no progress"
        first = more
    same(len(set(first)), ROWS)
    rows = account.rows("cast(id as string) id", "concat('p', id % 10) pk", "id n", count=5)
    account.write(rows, CONTAINER)
    same(len(run("second")), ROWS + 5)


def catalog(account: Account) -> None:
    tables = account.spark.sql("SHOW TABLES IN cosmos.shop").collect()
    same(CONTAINER in {row[1] for row in tables}, True)
    same(account.spark.table(f"cosmos.shop.{CONTAINER}").count(), ROWS)
    account.make_container("short_lived")
    account.spark.sql("DROP TABLE cosmos.shop.short_lived")
    tables = account.spark.sql("SHOW TABLES IN cosmos.shop").collect()
    same("short_lived" in {row[1] for row in tables}, False)


def read_flow(account: Account, folder: str) -> None:
    check("read: filters pushed down", pushed_down, account)
    check("read: a query of one's own", custom_query, account)
    check("read: raw, and with a schema", with_schema, account)
    check("read: small pages", small_pages, account)
    for name in ("Restrictive", "Default", "Aggressive", "Custom"):
        check(f"read: partitioning {name}", strategy, account, name)
    check("read: the catalog's tables", catalog, account)
    check("change feed: in full", feed_in_full, account)
    check("change feed: from now", feed_from_now, account)
    check("change feed: as a stream with a checkpoint", streamed, account, folder)

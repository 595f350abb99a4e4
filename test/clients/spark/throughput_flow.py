"""The connector's throughput control, and what it does when it is throttled."""

from checks import Account, check, same

ROWS = 600
BUDGET = 400


def controlled(account: Account) -> None:
    """Its options are taken and its control container is found: this version does not pace in
    gateway mode (see suite.py)."""
    account.make_container("paced")
    account.spark.sql(
        "CREATE TABLE IF NOT EXISTS cosmos.shop.control USING cosmos.oltp TBLPROPERTIES("
        "partitionKeyPath = '/groupId', manualThroughput = '1000', defaultTtlInSeconds = '-1')")
    rows = account.rows("cast(id as string) id", "concat('p', id % 10) pk", "id n", count=ROWS)
    control = {"throughputControl__enabled": "true", "throughputControl__name": "loaders",
               "throughputControl__targetThroughput": BUDGET,
               "throughputControl__globalControl__database": "shop",
               "throughputControl__globalControl__container": "control"}
    account.write(rows, "paced", write__strategy="ItemOverwrite", **control)
    same(account.read("paced").count(), ROWS)


def throttled(account: Account) -> None:
    """Without control, a small container answers 429, and the connector waits and goes on."""
    account.make_container("small", 400)
    rows = account.rows("cast(id as string) id", "concat('p', id % 10) pk", "id n", count=500)
    account.write(rows, "small", write__strategy="ItemOverwrite")
    same(account.read("small").count(), 500)


def throughput_flow(account: Account) -> None:
    check("throughput: control with a container is taken", controlled, account)
    check("throughput: 429 is waited out", throttled, account)

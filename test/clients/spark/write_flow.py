"""What the connector writes: every strategy, in bulk and row by row."""

from checks import Account, check, refused, same

ROWS = 1000
DOCUMENT = ("cast(id as string) id", "concat('p', id % 10) pk", "id n", "id % 7 = 0 seventh",
            "named_struct('city', concat('c', id % 3), 'list', array(id, id + 1)) place")


def stored(account: Account, container: str, columns: str, where: str = "true") -> list:
    """The rows that the server holds, in the order of `n` or `id`."""
    found = account.read(container).where(where).selectExpr(*columns.split(","))
    return sorted(tuple(row) for row in found.collect())


def overwritten_in_bulk(account: Account) -> None:
    rows = account.rows(*DOCUMENT, count=ROWS)
    for _ in range(2):
        account.write(rows, "bulk", write__strategy="ItemOverwrite", write__bulk__enabled="true")
    found = account.read("bulk")
    same(found.count(), ROWS)
    row = found.where("id = '14'").first()
    same((row.pk, row.n, row.seventh, row.place.city, list(row.place.list)),
         ("p4", 14, True, "c2", [14, 15]))


def overwritten_one_by_one(account: Account) -> None:
    rows = account.rows(*DOCUMENT, count=50)
    account.write(rows, "points", write__strategy="ItemOverwrite", write__bulk__enabled="false")
    changed = account.rows("cast(id as string) id", "concat('p', id % 10) pk", "id + 1000 n",
                           count=10)
    account.write(changed, "points", write__strategy="ItemOverwrite",
                  write__bulk__enabled="false")
    same(stored(account, "points", "n", "n >= 1000"), [(n,) for n in range(1000, 1010)])
    same(account.read("points").count(), 50)


def appended(account: Account, container: str, bulk: str) -> None:
    """What exists is left as it is."""
    account.make_container(container)
    old = account.rows("cast(id as string) id", "'a' pk", "'old' state", count=10)
    new = account.rows("cast(id as string) id", "'a' pk", "'new' state", count=20)
    for rows in (old, new):
        account.write(rows, container, write__strategy="ItemAppend", write__bulk__enabled=bulk)
    same(stored(account, container, "count(state)", "state = 'old'"), [(10,)])
    same(stored(account, container, "count(state)", "state = 'new'"), [(10,)])


def if_not_modified(account: Account, container: str, bulk: str) -> None:
    """A row whose etag is no longer the stored one does not overwrite."""
    account.make_container(container)
    account.write(account.rows("cast(id as string) id", "'a' pk", "1 n", count=4), container)
    read = account.read(container, read__inferSchema__includeSystemProperties="true")
    before = read.select("id", "pk", "n", "_etag").cache()
    same(before.count(), 4)
    touched = before.where("id < '2'").selectExpr("id", "pk", "2 n")
    account.write(touched, container, write__bulk__enabled=bulk)
    account.write(before.selectExpr("id", "pk", "3 n", "_etag"), container,
                  write__strategy="ItemOverwriteIfNotModified", write__bulk__enabled=bulk)
    same(stored(account, container, "id,n"), [("0", 2), ("1", 2), ("2", 3), ("3", 3)])
    account.write(before.select("id", "pk", "_etag"), container,
                  write__strategy="ItemDeleteIfNotModified", write__bulk__enabled=bulk)
    same(account.read(container).count(), 4)


def deleted(account: Account, container: str, bulk: str) -> None:
    account.make_container(container)
    rows = account.rows("cast(id as string) id", "concat('p', id % 10) pk", "id n", count=100)
    account.write(rows, container)
    gone = rows.where("id < 60").select("id", "pk")
    for _ in range(2):
        account.write(gone, container, write__strategy="ItemDelete", write__bulk__enabled=bulk)
    same(account.read(container).count(), rows.where("id >= 60").count())


def patched(account: Account, container: str, bulk: str) -> None:
    account.make_container(container)
    rows = account.rows("cast(id as string) id", "concat('p', id % 10) pk", "id n",
                        "'keep' kept", "'x' old", count=40)
    account.write(rows, container)
    patch = account.rows("cast(id as string) id", "concat('p', id % 10) pk", "5 n", "'new' fresh",
                         "'y' old", count=10)
    # No operation for the columns that name the document: the service refuses to patch those.
    columns = "[col(n).path(/n).op(increment), col(fresh).op(set), col(old).op(remove)]"
    options = {"write__strategy": "ItemPatch", "write__bulk__enabled": bulk,
               "write__patch__defaultOperationType": "None",
               "write__patch__columnConfigs": columns}
    account.write(patch, container, write__patch__filter="from c where c.n < 10", **options)
    refused("412", account.write, patch, container, write__patch__filter="from c where c.n < 5",
            **options)
    found = account.read(container).where("fresh = 'new'")
    same(sorted(row.n for row in found.collect()), list(range(5, 15)))
    same(found.where("kept = 'keep' and old is null").count(), 10)


def refusals(account: Account) -> None:
    rows = account.rows("'a' pk", "id n", count=2)
    refused("id", account.write, rows, "bulk")
    row = account.rows("'1' id", "'a' pk", "1 n", count=1)
    refused("strategy", account.write, row, "bulk", write__strategy="Whatever")
    refused("404", account.write, row, "missing")


def write_flow(account: Account) -> None:
    account.make_container("bulk", 30_000)
    account.make_container("points")
    check("write: ItemOverwrite in bulk, twice", overwritten_in_bulk, account)
    check("write: ItemOverwrite row by row", overwritten_one_by_one, account)
    for name, bulk in (("bulk", "true"), ("rows", "false")):
        check(f"write: ItemAppend, {name}", appended, account, f"append_{name}", bulk)
        check(f"write: IfNotModified, {name}", if_not_modified, account, f"etag_{name}", bulk)
        check(f"write: ItemDelete, {name}", deleted, account, f"delete_{name}", bulk)
        check(f"write: ItemPatch, {name}", patched, account, f"patch_{name}", bulk)
    check("write: what is refused", refusals, account)

"""A table and the pipeline that follows it: what the tests of changes share."""

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from mirror import assert_adds_up, assert_equal, by_identity, rows_of, version_of

DONE, USAGE, MISMATCH, LOCKED, DECISION, INTERRUPTED, TERMINATED = 0, 2, 5, 8, 9, 130, 143
ROWS = 40
FEED = {"delta.enableChangeDataFeed": "true"}
FEED_WAS_OFF = "the change feed was off"


def rows(numbers, stock=0) -> pa.Table:
    return pa.table(
        {
            "id": [f"p{n:04}" for n in numbers],
            "category": [f"c{n % 3}" for n in numbers],
            "stock": pa.array([n + stock for n in numbers], pa.int32()),
        }
    )


class Followed:
    """A table, and the pipeline that follows it."""

    def __init__(self, workspace, folder):
        self.workspace = workspace
        self.folder = folder
        self.path = folder / "table"

    def create(self, feed=True, partition_by=None, count=ROWS, **pipeline):
        configuration = FEED if feed else {}
        for first in (0, count // 2):
            data = rows(range(first, first + count // 2))
            write_deltalake(
                str(self.path),
                data,
                mode="append",
                partition_by=partition_by,
                configuration=configuration if first == 0 else None,
            )
        destination = {"partition_key": "/category", **pipeline.pop("destination", {})}
        sync = {"delete_guard": "off", **pipeline.pop("sync", {})}
        project = self.workspace.project(
            self.folder, destination=destination, sync=sync, **pipeline
        )
        self.workspace.configure(project)
        return self

    @property
    def table(self) -> DeltaTable:
        return DeltaTable(str(self.path))

    def append(self, numbers, stock=0, **options):
        write_deltalake(str(self.path), rows(numbers, stock), mode="append", **options)

    def vacuum(self):
        """Takes away every file that the newest version does not name."""
        self.table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    def sync(self, *words, version=None):
        """Runs `sync`, and compares the container with the table."""
        summary = self.workspace.json("sync", "p", *words)
        assert summary["version"] == (version_of(self.path) if version is None else version)
        assert_adds_up(summary)
        assert_equal(self.workspace, self.path, version, "category", where=f"after {words}")
        return summary


def methods(summary) -> dict:
    return {(m["method"], m["reason"]): m["versions"] for m in summary["methods"]}


def stored(followed) -> dict:
    """By identity, as the official client reads them."""
    return by_identity(followed.workspace.documents(), "category")


def live(followed, version=None) -> dict:
    return by_identity(rows_of(followed.path, version), "category")


def sync_and_read(followed) -> dict:
    followed.sync()
    return live(followed)


# Operations. Each takes the table, and changes some rows of it.


def merge(table, source: pa.Table, predicate="t.id = s.id"):
    return table.merge(source, predicate, source_alias="s", target_alias="t")


def do_merge(f):
    source = rows(range(ROWS - 5, ROWS + 5), stock=700)
    merger = merge(f.table, source).when_matched_delete(predicate="s.stock % 2 = 0")
    merger.when_matched_update_all().when_not_matched_insert_all().execute()


def do_restore(f):
    f.table.delete("stock < 10")
    f.append(range(100, 110))
    f.table.restore(1)


def do_optimize(f):
    f.append(range(100, 104))
    f.table.optimize.compact()


def do_key_swap(f):
    source = pa.table({"id": ["p0003", "p0006"], "other": ["p0006", "p0003"]})
    merge(f.table, source).when_matched_update({"id": "s.other"}).execute()


def do_key_shift(f):
    f.table.update(updates={"id": "concat('p', lpad(cast(stock + 3 as string), 4, '0'))"})


def do_overwrite(f):
    same_and_other = pa.concat_tables([rows(range(10, 25)), rows(range(25, 55), stock=9)])
    write_deltalake(str(f.path), same_and_other, mode="overwrite")


def do_replace_where(f):
    write_deltalake(
        str(f.path), rows(range(1, 31, 3), 5), mode="overwrite", predicate="category = 'c1'"
    )


def do_vacuum(f):
    f.table.update(updates={"stock": "stock + 1"})
    f.table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=True)


OPERATIONS = {
    "append": lambda f: f.append(range(ROWS, ROWS + 7)),
    "update": lambda f: f.table.update(updates={"stock": "stock + 1000"}, predicate="stock > 30"),
    "delete": lambda f: f.table.delete("stock % 7 = 1"),
    "delete all": lambda f: f.table.delete(),
    "merge": do_merge,
    "overwrite": do_overwrite,
    "restore": do_restore,
    "optimize": do_optimize,
    "key change": lambda f: f.table.update(
        updates={"id": "concat(id, '-new')"}, predicate="stock < 9"
    ),
    "key swap": do_key_swap,
    "key shift": do_key_shift,
    "partition move": lambda f: f.table.update(
        updates={"category": "'c9'"}, predicate="category = 'c1'"
    ),
    "replace where": do_replace_where,
    "update that changes nothing": lambda f: f.table.update(updates={"stock": "stock"}),
    "vacuum": do_vacuum,
}

"""A Delta table written by hand: JSON commits and Parquet files, nothing between.

Quick enough for thousands of random tables, and free to write what no writer at hand does: feeds in
any order and in several files, rewrites that tell no feed, commits prepared now and shown later.
Rows are dicts; `delta-rs` must read what is written here, and the tests that use it check that.
"""

import json
import os
import pathlib
import time
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

DELTA_TYPES = {pa.string(): "string", pa.int32(): "integer", pa.int64(): "long"}
FEED_TYPE = "_change_type"
FEED_PROPERTY = "delta.enableChangeDataFeed"


class HandTable:
    """Keeps which rows every live file has: an operation is made of files to add and remove."""

    def __init__(
        self, path: pathlib.Path, columns: dict, partition_by=None, feed=False, names=None
    ):
        self.path = path
        self.log = path / "_delta_log"
        self.log.mkdir(parents=True)
        self.columns = dict(columns)  # name → Arrow type
        self.partition_by = partition_by
        self.feed = feed
        self.table_id = str(uuid.uuid4())
        self.version = -1
        self.files = {}  # live files: path → rows
        self.sizes = {}
        self.history = []  # files of every version
        self.new_name = names or (lambda: uuid.uuid4().hex)
        self.commit([self.protocol(), self.metadata()], operation="CREATE TABLE")

    def rows(self) -> list:
        return [row for rows in self.files.values() for row in rows]

    # Actions.

    def protocol(self) -> dict:
        return {"protocol": {"minReaderVersion": 1, "minWriterVersion": 4}}

    def metadata(self, **more) -> dict:
        fields = [
            {"name": name, "type": DELTA_TYPES[kind], "nullable": True, "metadata": {}}
            for name, kind in self.columns.items()
        ]
        schema = json.dumps({"type": "struct", "fields": fields})
        return {
            "metaData": {
                "id": self.table_id,
                "format": {"provider": "parquet", "options": {}},
                "schemaString": schema,
                "partitionColumns": [self.partition_by] if self.partition_by else [],
                "configuration": {FEED_PROPERTY: "true"} if self.feed else {},
                "createdTime": 0,
                **more,
            }
        }

    def add(self, path: str, data_change=True) -> dict:
        return {
            "add": {
                "path": path,
                "partitionValues": self._values_in(path),
                "size": self.sizes[path],
                "modificationTime": 0,
                "dataChange": data_change,
                "stats": json.dumps({"numRecords": len(self.files[path])}),
            }
        }

    def remove(self, path: str, data_change=True) -> dict:
        return {
            "remove": {
                "path": path,
                "deletionTimestamp": int(time.time() * 1000),
                "dataChange": data_change,
                "extendedFileMetadata": True,
                "partitionValues": self._values_in(path),
                "size": self.sizes[path],
            }
        }

    def _values_in(self, path: str) -> dict:
        if not self.partition_by:
            return {}
        folder = next(part for part in path.split("/") if part.startswith(f"{self.partition_by}="))
        return {self.partition_by: folder.split("=", 1)[1]}

    # Files.

    def write_files(self, rows: list, folder="", kinds=None) -> list:
        """One file per partition; with `kinds`, a feed's: one per row. Returns the paths."""
        groups = {}
        for i, row in enumerate(rows):
            groups.setdefault(row[self.partition_by] if self.partition_by else None, []).append(i)
        paths = []
        for value, members in groups.items():
            path = f"{folder}{self.partition_by}={value}/" if self.partition_by else folder
            path += f"part-{self.new_name()}.parquet"
            self._write(path, [rows[i] for i in members], kinds and [kinds[i] for i in members])
            paths.append(path)
        return paths

    def _write(self, path: str, rows: list, kinds) -> None:
        columns = {
            name: pa.array([row.get(name) for row in rows], kind)
            for name, kind in self.columns.items()
            if name != self.partition_by
        }
        if kinds:
            columns[FEED_TYPE] = pa.array(kinds, pa.string())
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), self.path / path)
        self.sizes[path] = (self.path / path).stat().st_size

    # Commits.

    def commit(self, actions: list, operation="WRITE", show=True) -> pathlib.Path:
        """Writes the next commit; not shown, it lies beside its place until `show_commit`."""
        self.version += 1
        self.history.append(dict(self.files))
        info = {"commitInfo": {"timestamp": int(time.time() * 1000), "operation": operation}}
        text = "".join(json.dumps(action) + "\n" for action in [info, *actions])
        hidden = self.log / f".{self.version:020}.json.hidden"
        hidden.write_text(text)
        if show:
            show_commit(hidden)
        return hidden

    def replace(self, removed: list, rows: list, feed=None, operation="WRITE", show=True):
        """Removes files, adds rows in new ones; `feed`: lists of (row, change type), one a file."""
        removes = [self.remove(path) for path in removed]
        for path in removed:
            del self.files[path]
        adds = self.add_rows(rows)
        told = [action for part in feed or [] for action in self._feed(part)]
        return self.commit([*removes, *adds, *told], operation, show)

    def add_rows(self, rows: list, data_change=True) -> list:
        by_file = {}
        for path in self.write_files(rows) if rows else []:
            value = self._values_in(path).get(self.partition_by)
            by_file[path] = [
                row for row in rows if not self.partition_by or row[self.partition_by] == value
            ]
        self.files.update(by_file)
        return [self.add(path, data_change) for path in by_file]

    def _feed(self, changes: list) -> list:
        rows, kinds = [row for row, _ in changes], [kind for _, kind in changes]
        return [
            {
                "cdc": {
                    "path": path,
                    "partitionValues": self._values_in(path),
                    "size": self.sizes[path],
                    "dataChange": False,
                }
            }
            for path in (self.write_files(rows, "_change_data/", kinds) if rows else [])
        ]

    def optimize(self, paths: list, show=True):
        """The same rows in one file per partition: no data changes."""
        rows = [row for path in paths for row in self.files[path]]
        removes = [self.remove(path, data_change=False) for path in paths]
        for path in paths:
            del self.files[path]
        return self.commit([*removes, *self.add_rows(rows, data_change=False)], "OPTIMIZE", show)

    def restore(self, version: int, show=True):
        """The files of an older version again."""
        target = self.history[version]
        gone = [path for path in self.files if path not in target]
        back = [path for path in target if path not in self.files]
        removes = [self.remove(path) for path in gone]
        self.files = dict(target)
        return self.commit([*removes, *(self.add(path) for path in back)], "RESTORE", show)

    def set_feed(self, feed: bool, show=True):
        self.feed = feed
        return self.commit([self.metadata()], "SET TBLPROPERTIES", show)

    def add_column(self, name: str, kind, show=True):
        self.columns[name] = kind
        return self.commit([self.metadata()], "ADD COLUMNS", show)

    def comment(self, text: str, show=True):
        return self.commit([self.metadata(description=text)], "CHANGE COLUMN", show)


def show_commit(hidden: pathlib.Path) -> None:
    """Makes a commit visible, whole and at once."""
    os.rename(hidden, hidden.with_name(hidden.name.removeprefix(".").removesuffix(".hidden")))

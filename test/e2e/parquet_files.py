"""Parquet files as other programs read them, and as the program's own reader does."""

import json
import os
import pathlib

import duckdb
import pyarrow.parquet as pq


def read_by_pyarrow(path: pathlib.Path) -> list:
    return pq.read_table(path).to_pylist()


def read_by_duckdb(path: pathlib.Path) -> list:
    found = duckdb.sql(f"SELECT * FROM read_parquet('{path}')")
    return [dict(zip(found.columns, row)) for row in found.fetchall()]


def _log_of(name: str, size: int, columns: dict) -> str:
    fields = [{"name": n, "type": t, "nullable": True, "metadata": {}} for n, t in columns.items()]
    metadata = {
        "id": name,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": fields}),
        "partitionColumns": [],
        "configuration": {},
        "createdTime": 0,
    }
    add = {
        "path": "part.parquet",
        "partitionValues": {},
        "size": size,
        "modificationTime": 0,
        "dataChange": True,
    }
    protocol = {"minReaderVersion": 1, "minWriterVersion": 2}
    actions = [{"protocol": protocol}, {"metaData": metadata}, {"add": add}]
    return "".join(json.dumps(action) + "\n" for action in actions)


def read_as_a_table(workspace, path: pathlib.Path, columns: dict, id) -> list:
    """The documents that a load of the file, as a Delta table of these `columns`, makes of it."""
    name = f"as-table-{path.stem}"
    table = workspace.folder / name
    (table / "_delta_log").mkdir(parents=True)
    os.link(path, table / "part.parquet")
    log = table / "_delta_log" / f"{0:020}.json"
    log.write_text(_log_of(name, path.stat().st_size, columns))
    project = workspace.project(
        workspace.folder, table=name, destination={"container": name, "id": id}
    )
    project["pipelines"] = {"again": project["pipelines"]["p"]}
    workspace.configure(project)
    workspace.run("sync", "again")
    return workspace.documents(name)

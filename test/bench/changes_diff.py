"""What it costs to compare a whole table with the index, and to apply one large commit.

changes_diff.py --bin FOLDER [--rows N] [diff] [memory]

  diff    a table of N rows (10,000,000), of which one in a hundred changes, compared with the index
          by `sync` with `changes: index`, against a full outer join of the same two versions by
          DuckDB, which compares the rows' values
  memory  one commit of N/2 rows (5,000,000), applied within the default memory

CPU is user plus system time of the process, as the kernel counts it; memory its peak of resident
pages. Spillway's figures include sending what changed; DuckDB has nothing to send. The container is
compared with the table at the end: a run that differs is void.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import duckdb  # noqa: E402
from azure.cosmos import CosmosClient, PartitionKey  # noqa: E402
from deltalake import DeltaTable, write_deltalake  # noqa: E402

from bench import measured  # noqa: E402
from programs import Emulator, cosmos_connection, program  # noqa: E402

ROWS = 10_000_000
CHANGED_ONE_IN = 100
DATABASE = "bench"
THREADS = 2  # of either side
# About 0.35 KB as a document, and values that do not compress away.
ROW = """
  printf('p%010d', n) AS id, 'c' || (hash(n) % 500) AS category,
  md5(n::VARCHAR) AS name, md5((n * 7)::VARCHAR) || md5((n * 11)::VARCHAR) AS note,
  (hash(n * 3) % 1000000) / 100 AS price, (hash(n * 5) % 10000)::INTEGER AS stock,
  (hash(n * 13) % 1000000000)::BIGINT AS seller, hash(n) % 2 = 0 AS active,
  make_timestamptz((1700000000000000 + hash(n * 17) % 1000000000000)::BIGINT) AS created,
  make_date(2020 + (n % 5)::INTEGER, 1 + (n % 12)::INTEGER, 1) AS day
"""
COLUMNS = "category name note price stock seller active created day".split()


def write_version(path, query):
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = 'UTC'; SET threads = {THREADS}")
        rows = connection.sql(query).fetch_record_batch(100_000)
        write_deltalake(str(path), rows, mode="overwrite", target_file_size=64 << 20)


def files_of(path, version):
    uris = DeltaTable(str(path), version=version).file_uris()
    return [uri.removeprefix("file://") for uri in uris]


def parquet(files):
    return f"read_parquet({[str(file) for file in files]})"


def configure(folder, server, sync):
    source = {"connection": "lake", "table": "table"}
    keys = {"id": "id", "partition_key": "/category", "container": "items"}
    project = {
        "version": 1,
        "connections": {
            "lake": {"type": "delta", "root": str(folder)},
            "shop": cosmos_connection(server, DATABASE, tls=False),
        },
        "pipelines": {
            "p": {"source": source, "destination": {"connection": "shop", **keys}, "sync": sync}
        },
    }
    (folder / "spillway.yaml").write_text(json.dumps(project))
    client = CosmosClient(server.endpoint, server.key)
    database = client.create_database_if_not_exists(DATABASE)
    return database.create_container_if_not_exists("items", PartitionKey("/category"))


def sync(folder, server, *words):
    run = [program("spillway"), "sync", "p", "--output", "json", *words]
    result = measured(run, folder, {"COSMOS_KEY": server.key})
    result["summary"] = json.loads(result["output"])
    return result


def join_of(folder, path):
    """A full outer join of the two versions by DuckDB, in a process of its own."""
    different = " OR ".join(f"a.{name} IS DISTINCT FROM b.{name}" for name in COLUMNS)
    script = textwrap.dedent(
        f"""
        import duckdb
        connection = duckdb.connect()
        connection.execute("SET threads = {THREADS}; SET enable_progress_bar = false")
        print(connection.sql(\"\"\"
          SELECT count(*) FROM {parquet(files_of(path, 0))} a
          FULL OUTER JOIN {parquet(files_of(path, 1))} b ON a.id = b.id
          WHERE a.id IS NULL OR b.id IS NULL OR {different}\"\"\").fetchone()[0])
        """
    )
    result = measured([sys.executable, "-c", script], folder, {})
    result["changed"] = int(result["output"])
    return result


def diff(folder, server, options):
    path = folder / "table"
    write_version(path, f"SELECT {ROW} FROM range({options.rows}) t(n)")
    container = configure(folder, server, {"changes": "index", "delete_guard": "off"})
    # The container counts as loaded, so that only what changed is in it at the end.
    made = sync(folder, server, "--from", "0")
    index = folder / ".spillway" / "spill" / "p.index"
    bytes_of_index = sum(part.stat().st_size for part in index.glob("*.part"))
    changed = f"hash(id) % {CHANGED_ONE_IN} = 0"
    write_version(
        path,
        f"SELECT * REPLACE (CASE WHEN {changed} THEN stock + 1 ELSE stock END AS stock)"
        f" FROM {parquet(files_of(path, 0))}",
    )
    theirs = join_of(folder, path)
    ours = sync(folder, server)
    counts = ours["summary"]["counts"]
    [documents] = container.query_items(
        "SELECT VALUE COUNT(1) FROM c", enable_cross_partition_query=True
    )
    if not counts["upserted"] == theirs["changed"] == documents:
        raise SystemExit(f"{counts}, {theirs['changed']} by DuckDB, {documents} documents: void")
    print(
        f"\n| {options.rows:,} rows, {documents:,} of them changed | CPU s | peak MiB | s |\n"
        "|---|---|---|---|"
    )
    rows = {"the index is made": made, "compared with the index, and written": ours}
    for name, run in {**rows, "DuckDB: full outer join": theirs}.items():
        print(f"| {name} | {run['cpu']:.1f} | {run['memory_mib']:.0f} | {run['wall']:.1f} |")
    key_bytes = duckdb.sql(
        f"SELECT avg(length(id) + length(category) + 4) FROM {parquet(files_of(path, 0))}"
    ).fetchone()[0]
    print(
        f"\nCPU: {ours['cpu'] / theirs['cpu']:.2f} of the join's (bar: at most 1.5). The index has"
        f" {bytes_of_index / options.rows:.1f} bytes per row; a key alone has {key_bytes:.1f}."
    )


def memory(folder, server, options):
    path = folder / "table"
    rows = options.rows // 2
    write_version(path, f"SELECT {ROW} FROM range(1000) t(n)")
    configure(folder, server, {"delete_guard": "off"})
    sync(folder, server)
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = 'UTC'; SET threads = {THREADS}")
        new = connection.sql(f"SELECT {ROW} FROM range(1000, {1000 + rows}) t(n)")
        write_deltalake(str(path), new.fetch_record_batch(100_000), mode="append")
    ours = sync(folder, server)
    if ours["summary"]["counts"]["upserted"] != rows:
        raise SystemExit(f"{ours['summary']['counts']}: void")
    print(
        f"\n| one commit of {rows:,} rows | CPU s | peak MiB (bar: 256) | s |\n|---|---|---|---|\n"
        f"| applied | {ours['cpu']:.1f} | {ours['memory_mib']:.0f} | {ours['wall']:.1f} |"
    )


PARTS = {"diff": diff, "memory": memory}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    options = parser.parse_args()
    os.environ["SPILLWAY_BIN"] = options.bin
    with tempfile.TemporaryDirectory(prefix="spillway-bench-") as root:
        for part in options.parts or PARTS:
            folder = pathlib.Path(root) / part
            words = ["--throughput", "unlimited"]
            with Emulator(folder / "server", *words) as server:
                PARTS[part](folder, server, options)


if __name__ == "__main__":
    main()

"""Test tables of Spark: what commits, schemas, partitions and logs can be."""

import pathlib

from spark_tables import table

PRODUCTS = "id STRING, category STRING, price DOUBLE, stock INT"
DELETION_VECTORS = {"delta.enableDeletionVectors": "true"}
COPY_ON_WRITE = {"delta.enableDeletionVectors": "false"}


def products(first: int, last: int, price: str = "id * 1.5") -> str:
    """A query for products with numbers first..last."""
    return (
        f"SELECT concat('p', lpad(id, 4, '0')) AS id, concat('c', id % 3) AS category, CAST({price}"
        f" AS DOUBLE) AS price, CAST(id AS INT) AS stock FROM range({first}, {last + 1})"
    )


# ---- What a commit can do ----


@table("append", versions=[1, 2])
def append(t):
    t.create(PRODUCTS)
    for first in (1, 11, 21):
        t.fill(products(first, first + 9))


@table("overwrite")
def overwrite(t):
    t.create(PRODUCTS)
    t.fill(products(1, 20))
    t.fill(products(11, 25, "id * 2"), mode="overwrite")


@table("dynamic partition overwrite", partition_key="/category")
def dynamic_partition_overwrite(t):
    t.create(PRODUCTS, suffix="PARTITIONED BY (category)")
    t.fill(products(1, 12))
    query = f"SELECT * FROM ({products(101, 106)}) WHERE category <> 'c1'"
    t.fill(query, mode="overwrite", partitionOverwriteMode="dynamic")


@table("replaceWhere on a data column")
def replace_where(t):
    t.create(PRODUCTS)
    t.fill(products(1, 20), files=2)
    t.fill(products(15, 22, "id * 3"), mode="overwrite", replaceWhere="stock >= 15")


@table("DELETE that rewrites files")
def delete_copy_on_write(t):
    t.create(PRODUCTS, properties=COPY_ON_WRITE)
    t.fill(products(1, 20))
    t.sql("DELETE FROM {t} WHERE stock % 4 = 0")


@table("DELETE that writes deletion vectors", versions=[1])
def delete_deletion_vector(t):
    t.create(PRODUCTS, properties=DELETION_VECTORS)
    t.fill(products(1, 20))
    t.sql("DELETE FROM {t} WHERE stock % 4 = 0")
    t.sql("DELETE FROM {t} WHERE stock = 7")


@table("DELETE of a whole partition", partition_key="/category")
def delete_partition(t):
    t.create(PRODUCTS, suffix="PARTITIONED BY (category)")
    t.fill(products(1, 12))
    t.sql("DELETE FROM {t} WHERE category = 'c2'")


@table("UPDATE that rewrites files")
def update_copy_on_write(t):
    t.create(PRODUCTS, properties=COPY_ON_WRITE)
    t.fill(products(1, 20))
    t.sql("UPDATE {t} SET price = price + 0.25 WHERE stock BETWEEN 5 AND 9")


@table("UPDATE that writes deletion vectors")
def update_deletion_vector(t):
    t.create(PRODUCTS, properties=DELETION_VECTORS)
    t.fill(products(1, 20))
    t.sql("UPDATE {t} SET price = price + 0.25 WHERE stock BETWEEN 5 AND 9")


def merge_into(t, query, clauses):
    t.sql(f"MERGE INTO {{t}} AS t USING ({query}) AS s ON t.id = s.id {clauses}")


@table("MERGE that updates, inserts and deletes")
def merge_all(t):
    t.create(PRODUCTS, properties={"delta.enableChangeDataFeed": "true"})
    t.fill(products(1, 20))
    merge_into(
        t,
        products(10, 25, "id * 7"),
        "WHEN MATCHED AND s.stock % 5 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET * WHEN NOT"
        " MATCHED THEN INSERT *",
    )


@table("MERGE that only inserts")
def merge_insert_only(t):
    t.create(PRODUCTS)
    t.fill(products(1, 5))
    merge_into(t, products(4, 8, "id * 7"), "WHEN NOT MATCHED THEN INSERT *")


@table("MERGE that changes nothing")
def merge_no_op(t):
    t.create(PRODUCTS, properties=COPY_ON_WRITE)
    t.fill(products(1, 5))
    merge_into(t, products(1, 5), "WHEN MATCHED AND s.price < 0 THEN UPDATE SET *")


@table("OPTIMIZE of many small files")
def optimize(t):
    t.create(PRODUCTS)
    for first in range(1, 21, 5):
        t.fill(products(first, first + 4))
    t.sql("OPTIMIZE {t}")


@table("RESTORE to an older version")
def restore(t):
    t.create(PRODUCTS)
    t.fill(products(1, 10))
    t.sql("DELETE FROM {t} WHERE stock > 3")
    t.fill(products(20, 22))
    t.sql("RESTORE TABLE {t} TO VERSION AS OF 1")


@table("REPLACE TABLE: a new table id and schema under the same path")
def replace_table(t):
    t.sql(f"CREATE TABLE replaced ({PRODUCTS}) USING delta LOCATION '{t.path}'")
    t.fill(products(1, 10))
    t.sql(
        "CREATE OR REPLACE TABLE replaced (id STRING, title STRING, rank INT) USING delta LOCATION"
        f" '{t.path}'"
    )
    t.append("('a', 'first', 1), ('b', 'second', 2)")


@table("DELETE without a condition (TRUNCATE, for a path): no rows left")
def truncate(t):
    t.create(PRODUCTS)
    t.fill(products(1, 10))
    t.sql("DELETE FROM {t}")


@table("VACUUM after a rewrite")
def vacuum(t):
    t.create(PRODUCTS, properties=COPY_ON_WRITE)
    t.fill(products(1, 10))
    t.sql("DELETE FROM {t} WHERE stock = 2")
    with t.conf(spark__databricks__delta__retentionDurationCheck__enabled="false"):
        t.sql("VACUUM {t} RETAIN 0 HOURS")


# ---- Schema ----


@table("a column added, older files lack it")
def add_column(t):
    t.create(PRODUCTS)
    t.fill(products(1, 5))
    t.sql("ALTER TABLE {t} ADD COLUMNS (colour STRING, details STRUCT<width: INT, height: INT>)")
    t.append("('p0100', 'c9', 9.5D, 9, 'red', struct(3, 4))")


@table("comments changed on the table and on a column")
def comment_change(t):
    t.create(PRODUCTS)
    t.fill(products(1, 5))
    t.sql("COMMENT ON TABLE {t} IS 'goods we sell'")
    t.sql("ALTER TABLE {t} ALTER COLUMN price COMMENT 'in euro'")


def rename_and_drop(t, mode):
    t.create(
        "id STRING, category STRING, price DOUBLE, stock INT, gone INT, nested STRUCT<a: INT, b:"
        " STRING>",
        properties={"delta.columnMapping.mode": mode},
        suffix="PARTITIONED BY (category)",
    )
    t.append("('a', 'c1', 1.5D, 1, 7, struct(1, 'x')), ('b', 'c2', 2.5D, 2, 8, struct(2, 'y'))")
    t.sql("ALTER TABLE {t} RENAME COLUMN price TO cost")
    t.sql("ALTER TABLE {t} RENAME COLUMN nested.a TO alpha")
    t.sql("ALTER TABLE {t} RENAME COLUMN category TO kind")
    t.sql("ALTER TABLE {t} DROP COLUMN gone")
    t.sql("ALTER TABLE {t} ADD COLUMNS (gone STRING)")
    t.append(
        "('c', 'c1', 3.5D, 3, struct(3, 'z'), 'back'), ('d', NULL, NULL, NULL, NULL, NULL)",
        "(id, kind, cost, stock, nested, gone)",
    )


@table(
    "columns renamed, dropped and added again under column mapping by name", partition_key="/kind"
)
def column_mapping_name(t):
    rename_and_drop(t, "name")


@table("columns renamed, dropped and added again under column mapping by id", partition_key="/kind")
def column_mapping_id(t):
    rename_and_drop(t, "id")


@table("column names with every character that column mapping allows")
def column_names(t):
    t.create(
        'id STRING, `a b` INT, `c.d` INT, `e,f` INT, `g"h` INT, `i\\\\j` INT, `größe` INT, `{k}`'
        " INT, `Upper` INT",
        properties={"delta.columnMapping.mode": "name"},
    )
    t.append("('x', 1, 2, 3, 4, 5, 6, 7, 8)")


@table(
    "types widened after files were written",
    documents={"columns": {"to_decimal": {"inexact_numbers": "string"}}},
)
def type_widening(t):
    t.create(
        "id STRING, a BYTE, b SHORT, c INT, d FLOAT, to_double INT, to_decimal INT, price"
        " DECIMAL(6,2), day DATE",
        properties={"delta.enableTypeWidening": "true", "delta.feature.timestampNtz": "supported"},
    )
    t.append("('narrow', 127, 32767, 2147483647, 1.5F, 12, 34, 1234.56, DATE'2024-02-29')")
    for column, kind in {
        "a": "INT",
        "b": "LONG",
        "c": "LONG",
        "d": "DOUBLE",
        "to_double": "DOUBLE",
        "to_decimal": "DECIMAL(12,2)",
        "price": "DECIMAL(10,4)",
        "day": "TIMESTAMP_NTZ",
    }.items():
        t.sql(f"ALTER TABLE {{t}} ALTER COLUMN {column} TYPE {kind}")
    t.append(
        "('wide', 2147483647, 9007199254740991, 9007199254740991, 1e300D, 12.25D, 34.5,"
        " 123456.7891, TIMESTAMP_NTZ'2024-02-29 12:30:00.5')"
    )


# ---- Partition columns ----


@table(
    "a partition column of every type, NULL among them",
    partition_key="/id",
    documents={"columns": {"dec": {"inexact_numbers": "string"}}},
)
def partition_types(t):
    t.create(
        "id STRING, s STRING, i INT, l LONG, sh SHORT, b BYTE, t BOOLEAN, d DATE, ts TIMESTAMP, ntz"
        " TIMESTAMP_NTZ, dec DECIMAL(20,4), f FLOAT, dbl DOUBLE, bin BINARY",
        suffix="PARTITIONED BY (s, i, l, sh, b, t, d, ts, ntz, dec, f, dbl, bin)",
    )
    t.append(
        "('all', 'text', -7, 9007199254740991, -300, -5, true, DATE'1969-12-31',"
        " TIMESTAMP'1969-12-31 23:59:59.999999', TIMESTAMP_NTZ'2024-06-30 23:59:59.123456',"
        " -1234567890.1250, 0.1F, 1e-7D, X'412f25'), ('none', NULL, NULL, NULL, NULL, NULL, NULL,"
        " NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('zero', 'x', 0, 0, 0, 0, false,"
        " DATE'2024-01-01', TIMESTAMP'2024-01-01 00:00:00', TIMESTAMP_NTZ'2024-01-01 00:00:00',"
        " 0.0000, 0.0F, 0.0D, X'41')"
    )


@table("partition values with characters that paths escape", partition_key="/place")
def partition_strings(t):
    t.create("id STRING, place STRING, n INT", suffix="PARTITIONED BY (place)")
    places = [
        "100%",
        "a/b",
        "a b",
        "a:b",
        "k=v",
        "a+b",
        "q?",
        "h#",
        "[x]",
        "{y}",
        "~t",
        'quote"',
        "apos\\'s",
        "back\\\\slash",
        "grün",
        "日本",
        "emoji 😀",
        "%2F",
        "a&b",
        "tab\\there",
        "..",
        ".",
    ]
    t.append(
        ", ".join(f"('r{i}', '{place}', {i})" for i, place in enumerate(places))
        + ", ('none', NULL, -1)"
    )


@table("partitions by timestamp with microseconds", partition_key="/id")
def partition_timestamp(t):
    t.create("id STRING, at TIMESTAMP, local TIMESTAMP_NTZ", suffix="PARTITIONED BY (at, local)")
    t.append(
        "('a', TIMESTAMP'2024-03-31 01:30:00.000001', TIMESTAMP_NTZ'2024-03-31 02:30:00'), ('b',"
        " TIMESTAMP'1899-12-31 23:59:59.999999', TIMESTAMP_NTZ'9999-12-31 23:59:59.999999'), ('c',"
        " NULL, NULL)"
    )


# ---- The log ----


@table("in-commit timestamps switched on after some commits", versions=[1])
def in_commit_timestamps(t):
    t.create(PRODUCTS)
    t.fill(products(1, 5))
    t.sql("ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')")
    t.fill(products(6, 8))


def remove_commits_before_checkpoint(t):
    """As log cleanup does: what is needed is in the checkpoint alone."""
    log = pathlib.Path(t.path) / "_delta_log"
    newest = max(int(file.name[:20]) for file in log.glob("[0-9]*.checkpoint*"))
    for file in [*log.glob("[0-9]*.json"), *log.glob("[0-9]*.crc")]:
        if "checkpoint" not in file.name and int(file.name[:20]) < newest:
            file.unlink()


def checkpointed(t, properties):
    t.create(
        PRODUCTS,
        properties={"delta.checkpointInterval": "3", **properties},
        suffix="PARTITIONED BY (category)",
    )
    for first in range(1, 31, 10):
        t.fill(products(first, first + 9))
    t.sql("DELETE FROM {t} WHERE stock % 10 = 3")
    remove_commits_before_checkpoint(t)


@table("classic checkpoint, older commits cleaned away")
def checkpoint_classic(t):
    checkpointed(t, {})


@table("classic checkpoint in several parts, older commits cleaned away")
def checkpoint_multipart(t):
    with t.conf(spark__databricks__delta__checkpoint__partSize="4"):
        checkpointed(t, COPY_ON_WRITE)


@table("v2 checkpoint in JSON with sidecars, older commits cleaned away")
def checkpoint_v2_json(t):
    with t.conf(
        spark__databricks__delta__checkpoint__partSize="4",
        spark__databricks__delta__checkpointV2__topLevelFileFormat="json",
    ):
        checkpointed(t, {"delta.checkpointPolicy": "v2"})


@table("v2 checkpoint in Parquet with sidecars, older commits cleaned away")
def checkpoint_v2_parquet(t):
    with t.conf(
        spark__databricks__delta__checkpoint__partSize="4",
        spark__databricks__delta__checkpointV2__topLevelFileFormat="parquet",
    ):
        checkpointed(t, {"delta.checkpointPolicy": "v2"})


# ---- Features that a reader may ignore, or may not ----


@table("change data feed on, with change files")
def change_data_feed(t):
    t.create(PRODUCTS, properties={"delta.enableChangeDataFeed": "true"})
    t.fill(products(1, 10))
    t.sql("UPDATE {t} SET price = 0.5D WHERE stock = 3")
    t.sql("DELETE FROM {t} WHERE stock = 4")


@table("row tracking")
def row_tracking(t):
    t.create(PRODUCTS, properties={"delta.enableRowTracking": "true"})
    t.fill(products(1, 10))
    t.sql("UPDATE {t} SET price = 0.5D WHERE stock = 3")


@table("liquid clustering")
def liquid_clustering(t):
    t.create(PRODUCTS, suffix="CLUSTER BY (category)")
    t.fill(products(1, 10))
    t.sql("OPTIMIZE {t}")


@table("a generated column, a constraint and NOT NULL")
def constraints(t):
    t.build(
        t.column("id", "STRING").nullable(False),
        t.column("price", "DOUBLE"),
        t.column("gross", "DOUBLE").generatedAlwaysAs("price * 2"),
    )
    t.sql("ALTER TABLE {t} ADD CONSTRAINT positive CHECK (price > 0)")
    t.fill("SELECT * FROM VALUES ('a', 1.5D), ('b', 2.5D) AS v(id, price)")


@table("an identity column as the key", key="number", partition_key="/name")
def identity_column(t):
    t.build(t.column("number", "LONG").generatedAlwaysAsIdentity(), t.column("name", "STRING"))
    t.fill("SELECT * FROM VALUES ('first'), ('second') AS v(name)")


@table("deletion vectors over files with several row groups")
def row_groups_deletion_vector(t):
    t.create(PRODUCTS, properties=DELETION_VECTORS)
    with t.conf(parquet__block__size="8192", parquet__page__size="1024"):
        t.fill(products(1, 6000))
    t.sql("DELETE FROM {t} WHERE stock % 7 = 0 OR stock BETWEEN 2000 AND 2500 OR stock = 6000")


@table("files written with every compression")
def compressions(t):
    t.create(PRODUCTS)
    for first, codec in enumerate(["none", "snappy", "gzip", "zstd", "lz4_raw"]):
        with t.conf(spark__sql__parquet__compression__codec=codec):
            t.fill(products(first * 10 + 1, first * 10 + 9))

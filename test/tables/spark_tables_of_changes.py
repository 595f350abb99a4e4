"""Spark's recipes for tables of changes: what each version did is told by its statement."""

import pathlib
import shutil

from change_recipes import changes

FEED = {"delta.enableChangeDataFeed": "true"}
VECTORS = {"delta.enableDeletionVectors": "true"}
MAPPING = {"delta.columnMapping.mode": "name", "delta.minReaderVersion": "2",
           "delta.minWriterVersion": "5"}
COLUMNS = "id BIGINT, name STRING, amount DECIMAL(10,2)"


def rows(first, last, name="n"):
    return ", ".join(f"({n}, '{name}{n}', {n}.50)" for n in range(first, last + 1))


def merge(table, source, clauses):
    table.sql(f"MERGE INTO {{t}} t USING (SELECT * FROM VALUES {source} AS s(id, name, amount)) s "
              f"ON t.id = s.id {clauses}")


UPDATE = "WHEN MATCHED THEN UPDATE SET name = s.name"
DELETE = "WHEN MATCHED THEN DELETE"
INSERT = "WHEN NOT MATCHED THEN INSERT *"


def every_operation(t):
    """Works on a table of COLUMNS, whatever its properties."""
    t.append(rows(1, 20))
    t.append(rows(21, 30))
    t.sql("UPDATE {t} SET name = 'changed' WHERE id % 5 = 0")
    t.sql("DELETE FROM {t} WHERE id IN (3, 4, 25)")
    merge(t, rows(28, 33, "m"), f"{UPDATE} {INSERT}")
    merge(t, rows(1, 2, "m"), DELETE)
    merge(t, rows(32, 36, "x"), f"WHEN MATCHED AND s.id = 32 THEN DELETE {UPDATE} {INSERT}")
    merge(t, rows(100, 102), INSERT)
    merge(t, rows(100, 102), INSERT)  # all there: inserts nothing
    merge(t, rows(5, 9), "WHEN MATCHED AND t.name = 'no such' THEN UPDATE SET name = 'z'")
    t.sql("UPDATE {t} SET id = id + 1000 WHERE id < 10")  # keys change
    t.sql("UPDATE {t} SET id = id + 1")  # every key is taken by the next
    t.sql("UPDATE {t} SET id = CASE id WHEN 101 THEN 102 WHEN 102 THEN 101 END "
          "WHERE id IN (101, 102)")  # two swap
    t.sql("OPTIMIZE {t}")
    t.append(rows(21, 22, "twin"))  # duplicate keys
    t.sql("DELETE FROM {t} WHERE name LIKE 'twin%'")
    t.sql("INSERT OVERWRITE {t} VALUES " + rows(1, 12, "over"))
    t.sql("RESTORE TABLE {t} TO VERSION AS OF 3")
    t.sql("UPDATE {t} SET name = name")  # nothing differs
    t.sql("DELETE FROM {t}")
    t.append(rows(1, 3))


@changes("every operation, copy on write, with the feed", columns=["id", "name", "amount"])
def feed_operations(t):
    t.create(COLUMNS, properties=FEED | {"delta.enableDeletionVectors": "false"})
    every_operation(t)


@changes("every operation, deletion vectors, with the feed", columns=["id", "name", "amount"])
def feed_vectors(t):
    t.create(COLUMNS, properties=FEED | VECTORS)
    every_operation(t)


@changes("every operation, copy on write, without the feed", columns=["id", "name", "amount"])
def files_operations(t):
    t.create(COLUMNS, properties={"delta.enableDeletionVectors": "false"})
    every_operation(t)


@changes("every operation, deletion vectors, without the feed", columns=["id", "name", "amount"])
def files_vectors(t):
    t.create(COLUMNS, properties=VECTORS)
    every_operation(t)


@changes("every operation, row tracking and in-commit timestamps",
         columns=["id", "name", "amount"], times=True)
def feed_row_tracking(t):
    t.create(COLUMNS, properties=FEED | {"delta.enableRowTracking": "true",
                                         "delta.enableInCommitTimestamps": "true"})
    every_operation(t)


PARTITIONS = ("id BIGINT, name STRING, s STRING, n INT, d DATE, at TIMESTAMP, price DECIMAL(6,2), "
              "flag BOOLEAN")


@changes("partition columns of each type, with NULL and odd characters",
         columns=["id", "name", "s", "n", "d", "at", "price", "flag"])
def feed_partitioned(t):
    t.create(PARTITIONS, properties=FEED, suffix="PARTITIONED BY (s, n, d, at, price, flag)")
    day, at = "DATE'2024-02-29'", "TIMESTAMP'2024-02-29 12:30:45.123456'"
    t.append(f"(1, 'a', 'x y', 1, {day}, {at}, 1.5, true), "
             f"(2, 'b', '50%/2', -1, {day}, {at}, -1.25, false), "
             f"(3, 'c', NULL, NULL, NULL, NULL, NULL, NULL), "
             f"(4, 'd', 'x y', 1, {day}, {at}, 1.5, true), "
             f"(5, 'e', 'ä=ö?#', 7, DATE'1900-01-01', TIMESTAMP'1969-12-31 23:59:59', 9, true)")
    t.sql("UPDATE {t} SET name = 'changed' WHERE id IN (1, 3)")
    t.sql("UPDATE {t} SET s = 'moved: here', n = NULL WHERE id IN (2, 3)")  # partitions change
    with t.conf(spark__sql__sources__partitionOverwriteMode="dynamic"):
        t.sql(f"INSERT OVERWRITE {{t}} VALUES (9, 'i', 'x y', 1, {day}, {at}, 1.5, true)")
    t.sql("DELETE FROM {t} WHERE s = 'x y'")  # a whole partition
    t.fill(f"SELECT 20L id, 'r' name, 'moved: here' s, CAST(NULL AS INT) n, {day} d, {at} at, "
           "CAST(-1.25 AS DECIMAL(6,2)) price, false flag",
           mode="overwrite", replaceWhere="s = 'moved: here'")
    t.sql("DELETE FROM {t} WHERE s IS NULL")


@changes("the feed off, on, off and on again", columns=["id", "name", "amount"])
def feed_toggled(t):
    t.create(COLUMNS, properties={"delta.enableDeletionVectors": "false"})
    t.append(rows(1, 10))
    t.sql("UPDATE {t} SET name = 'a' WHERE id = 1")
    t.sql("ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
    t.sql("UPDATE {t} SET name = 'b' WHERE id = 2")
    t.sql("DELETE FROM {t} WHERE id = 3")
    t.sql("ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'false')")
    t.sql("UPDATE {t} SET name = 'c' WHERE id = 4")
    t.append(rows(11, 12))
    t.sql("ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
    t.sql("UPDATE {t} SET name = 'd' WHERE id = 5")


def every_column_change(t):
    t.append("(1, 'a', 'o1', 1), (2, 'b', 'o2', 2), (3, 'c', 'o3', 3)")
    t.sql("ALTER TABLE {t} RENAME COLUMN old TO fresh")
    t.sql("UPDATE {t} SET name = 'changed' WHERE id = 1")
    t.sql("ALTER TABLE {t} DROP COLUMN gone")
    t.sql("DELETE FROM {t} WHERE id = 2")
    t.sql("ALTER TABLE {t} ADD COLUMN gone STRING")
    t.append("(4, 'd', 'o4', 'g4')")
    t.sql("ALTER TABLE {t} ALTER COLUMN name COMMENT 'of the thing'")
    t.sql("UPDATE {t} SET gone = 'g1' WHERE id = 1")


@changes("columns renamed, dropped and added under column mapping, comments",
         columns=["id", "name"])
def feed_mapping(t):
    t.create("id BIGINT, name STRING, old STRING, gone INT", properties=FEED | MAPPING | VECTORS)
    every_column_change(t)


# Spark refuses to replace such a schema while there is a feed.
@changes("the same without the feed, and the schema replaced", columns=["id", "name"])
def files_mapping(t):
    t.create("id BIGINT, name STRING, old STRING, gone INT", properties=MAPPING)
    every_column_change(t)
    t.fill("SELECT id, name, 'extra' extra FROM VALUES (1L, 'new'), (7L, 'seven') AS v(id, name)",
           mode="overwrite", overwriteSchema="true")
    t.sql("DELETE FROM {t} WHERE id = 1")


@changes("column mapping by id, turned on later", columns=["id", "name"])
def files_mapping_later(t):
    t.create("id BIGINT, name STRING", properties=FEED)
    t.append("(1, 'a'), (2, 'b')")
    t.sql("ALTER TABLE {t} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name', "
          "'delta.minReaderVersion' = '2', 'delta.minWriterVersion' = '5')")
    t.sql("UPDATE {t} SET name = 'c' WHERE id = 1")
    t.sql("INSERT OVERWRITE {t} VALUES (1, 'x'), (5, 'y')")


@changes("columns widened and added between changes", columns=["id", "small", "price"])
def feed_widening(t):
    t.create("id BIGINT, small SMALLINT, price DECIMAL(6,2)",
             properties=FEED | {"delta.enableTypeWidening": "true"})
    t.append("(1, 10, 1.5), (2, 20, 2.5), (3, 30, NULL)")
    t.sql("ALTER TABLE {t} ALTER COLUMN small TYPE INT")
    t.sql("UPDATE {t} SET small = 70000 WHERE id = 1")
    t.sql("ALTER TABLE {t} ALTER COLUMN price TYPE DECIMAL(12,2)")
    t.append("(4, 40, 12345678.5)")
    t.sql("ALTER TABLE {t} ADD COLUMN note STRING")
    t.sql("DELETE FROM {t} WHERE id = 2")
    t.sql("INSERT OVERWRITE {t} VALUES (1, 1, 1, 'x'), (2, 2, 2, 'y')")


@changes("in-commit timestamps turned on between changes", columns=["id", "name"], times=True)
def feed_in_commit_timestamps(t):
    t.create("id BIGINT, name STRING", properties=FEED)
    t.append("(1, 'a'), (2, 'b')")
    t.sql("ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')")
    t.sql("UPDATE {t} SET name = 'c' WHERE id = 1")
    t.sql("DELETE FROM {t} WHERE id = 2")


@changes("checkpoints with sidecars between changes", columns=["id", "name", "amount"])
def feed_v2_checkpoints(t):
    t.create(COLUMNS, properties=FEED | {"delta.checkpointPolicy": "v2",
                                         "delta.checkpointInterval": "2"})
    with t.conf(spark__databricks__delta__checkpoint__partSize="1"):
        t.append(rows(1, 6))
        t.sql("UPDATE {t} SET name = 'x' WHERE id = 2")
        t.append(rows(7, 8))
        t.sql("DELETE FROM {t} WHERE id > 6")


@changes("a streaming write and nested columns", columns=["id", "address", "tags"])
def feed_nested(t):
    t.create("id BIGINT, address STRUCT<street: STRING, zip: INT>, tags ARRAY<STRING>",
             properties=FEED | MAPPING)
    t.append("(1, NAMED_STRUCT('street', 's1', 'zip', 1), ARRAY('a', NULL)), (2, NULL, NULL)")
    t.sql("UPDATE {t} SET address.zip = 5 WHERE id = 1")
    t.sql("UPDATE {t} SET tags = ARRAY() WHERE id = 2")
    t.sql("INSERT OVERWRITE {t} VALUES (3, NAMED_STRUCT('street', NULL, 'zip', 3), ARRAY('z'))")


@changes("the table replaced by another of its name", columns=["id", "name"], last=1,
         stops="was replaced by version 2")
def replaced(t):
    t.create("id BIGINT, name STRING", properties=FEED)
    t.append("(1, 'a')")
    t.sql("CREATE OR REPLACE TABLE {t} USING delta "
          "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true') "
          "AS SELECT id, name FROM VALUES (1L, 'b') AS v(id, name)")


@changes("the files of the feed removed, as VACUUM removes them", columns=["id", "name"], last=1,
         stops="_change_data/cdc-")
def vacuumed(t):
    t.create("id BIGINT, name STRING", properties=FEED | {"delta.enableDeletionVectors": "false"})
    t.append("(1, 'a'), (2, 'b')")
    t.sql("UPDATE {t} SET name = 'c' WHERE id = 1")
    # VACUUM would take the files of version 1 too, and with them what to compare with.
    shutil.rmtree(pathlib.Path(t.path) / "_change_data")


@changes("the first commits cleaned from the log, a checkpoint in their place",
         columns=["id", "name", "amount"], first=4)
def log_cleaned(t):
    t.create(COLUMNS, properties=FEED | {"delta.checkpointInterval": "4"})
    t.append(rows(1, 4))
    t.sql("UPDATE {t} SET name = 'x' WHERE id = 2")
    t.append(rows(5, 6))
    t.sql("DELETE FROM {t} WHERE id = 1")
    t.sql("UPDATE {t} SET name = 'y' WHERE id = 3")
    for version in range(4):
        (pathlib.Path(t.path) / f"_delta_log/{version:020}.json").unlink()

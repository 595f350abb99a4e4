"""Writes the test tables that need Spark with delta-spark, each with its rows as Spark reads them.

  write_spark_tables.py OUTPUT_FOLDER [NAME...]

Run it with the interpreter and the jars of `tools/setup/setup.sh full`. One session writes all tables; the archives
in archive/ are made from the output by pack_tables.py.
"""

import base64
import dataclasses
import json
import math
import os
import pathlib
import shutil
import sys

os.environ["TZ"] = "UTC"

import pyspark
from pyspark.sql import SparkSession, types

from table_archive import About, save_about, save_rows

DELTA_VERSION = "4.0.1"


def open_session(jars: pathlib.Path, scratch: pathlib.Path) -> SparkSession:
    options = {
        "spark.jars": ",".join(str(jar) for jar in sorted(jars.glob("*.jar"))),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        "spark.driver.extraJavaOptions": f"-Duser.timezone=UTC -Dderby.system.home={scratch}",
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.master("local[2]").appName("spillway test tables")
    for name, value in options.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


# ---- Rows, as table_archive.py documents them ----


def plain(value, kind):
    """One value of Spark's in the form that table_archive.py documents."""
    if value is None:
        return None
    match kind:
        case types.StructType():
            return {field.name: plain(value[i], field.dataType) for i, field in enumerate(kind)}
        case types.ArrayType():
            return [plain(item, kind.elementType) for item in value]
        case types.MapType():
            return {text_of_key(k, kind.keyType): plain(v, kind.valueType) for k, v in value.items()}
        case types.FloatType() | types.DoubleType():
            return plain_float(value)
        case types.DecimalType():
            return format(value, "f")
        case types.BinaryType():
            return base64.b64encode(bytes(value)).decode()
        case types.TimestampType():
            return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        case types.TimestampNTZType():
            return value.isoformat(timespec="microseconds")
        case types.DateType():
            return value.isoformat()
        case types.VariantType():
            return {"variant": json.loads(value.toJson())}
        case _:
            return value


def plain_float(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def text_of_key(key, kind):
    text = plain(key, kind)
    return text if isinstance(text, str) else json.dumps(text)


# ---- The session of one table ----


@dataclasses.dataclass
class Table:
    """What a table's function writes with."""

    spark: SparkSession
    path: str

    @property
    def name(self) -> str:
        return f"delta.`{self.path}`"

    def sql(self, text: str):
        """Runs a statement; {t} stands for the table."""
        return self.spark.sql(text.replace("{t}", self.name))

    def create(self, columns: str, *, properties: dict | None = None, suffix: str = "") -> None:
        listed = ", ".join(f"'{k}' = '{v}'" for k, v in (properties or {}).items())
        clause = f"TBLPROPERTIES ({listed})" if listed else ""
        self.sql(f"CREATE TABLE {{t}} ({columns}) USING delta {suffix} {clause}")

    def column(self, name: str, kind: str):
        """A column for build(): a builder of delta-spark's Java interface."""
        return self.delta_table().columnBuilder(self.spark._jsparkSession, name).dataType(kind)

    def build(self, *columns) -> None:
        """Creates the table by the Java interface, which knows more about columns than SQL does."""
        builder = self.delta_table().create(self.spark._jsparkSession).location(self.path)
        for column in columns:
            builder = builder.addColumn(column.build())
        builder.execute()

    def delta_table(self):
        return self.spark._jvm.io.delta.tables.DeltaTable

    def append(self, rows: str, columns: str = "") -> None:
        self.sql(f"INSERT INTO {{t}} {columns} VALUES {rows}")

    def fill(self, query: str, *, files: int = 1, mode: str = "append", **options) -> None:
        writer = self.spark.sql(query).coalesce(files).write.format("delta").mode(mode)
        writer.options(**options).save(self.path)

    def conf(self, **settings) -> "Settings":
        """Session settings for a block; `__` in a name stands for a dot."""
        return Settings(self.spark, {name.replace("__", "."): value for name, value in settings.items()})


class Settings:
    def __init__(self, spark, settings):
        self.spark, self.settings = spark, settings

    def __enter__(self):
        for name, value in self.settings.items():
            self.spark.conf.set(name, value)

    def __exit__(self, *_):
        for name in self.settings:
            self.spark.conf.unset(name)


@dataclasses.dataclass
class Recipe:
    write: callable
    about: dict


RECIPES: dict[str, Recipe] = {}


def table(shows: str, **about):
    """Registers a function that writes one table; `about` are fields of table_archive.About."""

    def register(function):
        RECIPES[function.__name__] = Recipe(function, {"shows": shows, **about})
        return function

    return register


PRODUCTS = "id STRING, category STRING, price DOUBLE, stock INT"
DELETION_VECTORS = {"delta.enableDeletionVectors": "true"}
COPY_ON_WRITE = {"delta.enableDeletionVectors": "false"}


def products(first: int, last: int, price: str = "id * 1.5") -> str:
    """A query for products with numbers first..last."""
    return (
        f"SELECT concat('p', lpad(id, 4, '0')) AS id, concat('c', id % 3) AS category,"
        f" CAST({price} AS DOUBLE) AS price, CAST(id AS INT) AS stock FROM range({first}, {last + 1})"
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
        "WHEN MATCHED AND s.stock % 5 = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
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
    t.sql(f"CREATE OR REPLACE TABLE replaced (id STRING, title STRING, rank INT) USING delta LOCATION '{t.path}'")
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
        "id STRING, category STRING, price DOUBLE, stock INT, gone INT, nested STRUCT<a: INT, b: STRING>",
        properties={"delta.columnMapping.mode": mode},
        suffix="PARTITIONED BY (category)",
    )
    t.append("('a', 'c1', 1.5D, 1, 7, struct(1, 'x')), ('b', 'c2', 2.5D, 2, 8, struct(2, 'y'))")
    t.sql("ALTER TABLE {t} RENAME COLUMN price TO cost")
    t.sql("ALTER TABLE {t} RENAME COLUMN nested.a TO alpha")
    t.sql("ALTER TABLE {t} RENAME COLUMN category TO kind")
    t.sql("ALTER TABLE {t} DROP COLUMN gone")
    t.sql("ALTER TABLE {t} ADD COLUMNS (gone STRING)")
    t.append("('c', 'c1', 3.5D, 3, struct(3, 'z'), 'back'), ('d', NULL, NULL, NULL, NULL, NULL)",
             "(id, kind, cost, stock, nested, gone)")


@table("columns renamed, dropped and added again under column mapping by name", partition_key="/kind")
def column_mapping_name(t):
    rename_and_drop(t, "name")


@table("columns renamed, dropped and added again under column mapping by id", partition_key="/kind")
def column_mapping_id(t):
    rename_and_drop(t, "id")


@table("column names with every character that column mapping allows")
def column_names(t):
    t.create(
        "id STRING, `a b` INT, `c.d` INT, `e,f` INT, `g\"h` INT, `i\\\\j` INT, `größe` INT, `{k}` INT, `Upper` INT",
        properties={"delta.columnMapping.mode": "name"},
    )
    t.append("('x', 1, 2, 3, 4, 5, 6, 7, 8)")


@table("types widened after files were written",
       documents={"columns": {"to_decimal": {"inexact_numbers": "string"}}})
def type_widening(t):
    t.create(
        "id STRING, a BYTE, b SHORT, c INT, d FLOAT, to_double INT, to_decimal INT, price DECIMAL(6,2), day DATE",
        properties={"delta.enableTypeWidening": "true", "delta.feature.timestampNtz": "supported"},
    )
    t.append("('narrow', 127, 32767, 2147483647, 1.5F, 12, 34, 1234.56, DATE'2024-02-29')")
    for column, kind in {
        "a": "INT", "b": "LONG", "c": "LONG", "d": "DOUBLE", "to_double": "DOUBLE",
        "to_decimal": "DECIMAL(12,2)", "price": "DECIMAL(10,4)", "day": "TIMESTAMP_NTZ",
    }.items():
        t.sql(f"ALTER TABLE {{t}} ALTER COLUMN {column} TYPE {kind}")
    t.append(
        "('wide', 2147483647, 9007199254740991, 9007199254740991, 1e300D, 12.25D, 34.5, 123456.7891,"
        " TIMESTAMP_NTZ'2024-02-29 12:30:00.5')"
    )


# ---- Partition columns ----


@table("a partition column of every type, NULL among them", partition_key="/id",
       documents={"columns": {"dec": {"inexact_numbers": "string"}}})
def partition_types(t):
    t.create(
        "id STRING, s STRING, i INT, l LONG, sh SHORT, b BYTE, t BOOLEAN, d DATE, ts TIMESTAMP, ntz TIMESTAMP_NTZ,"
        " dec DECIMAL(20,4), f FLOAT, dbl DOUBLE, bin BINARY",
        suffix="PARTITIONED BY (s, i, l, sh, b, t, d, ts, ntz, dec, f, dbl, bin)",
    )
    t.append(
        "('all', 'text', -7, 9007199254740991, -300, -5, true, DATE'1969-12-31', TIMESTAMP'1969-12-31 23:59:59.999999',"
        " TIMESTAMP_NTZ'2024-06-30 23:59:59.123456', -1234567890.1250, 0.1F, 1e-7D, X'412f25'),"
        " ('none', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),"
        " ('zero', 'x', 0, 0, 0, 0, false, DATE'2024-01-01', TIMESTAMP'2024-01-01 00:00:00',"
        " TIMESTAMP_NTZ'2024-01-01 00:00:00', 0.0000, 0.0F, 0.0D, X'41')"
    )


@table("partition values with characters that paths escape", partition_key="/place")
def partition_strings(t):
    t.create("id STRING, place STRING, n INT", suffix="PARTITIONED BY (place)")
    places = ["100%", "a/b", "a b", "a:b", "k=v", "a+b", "q?", "h#", "[x]", "{y}", "~t", "quote\"", "apos\\'s", "back\\\\slash",
              "grün", "日本", "emoji 😀", "%2F", "a&b", "tab\\there", "..", "."]
    t.append(", ".join(f"('r{i}', '{place}', {i})" for i, place in enumerate(places)) + ", ('none', NULL, -1)")


@table("partitions by timestamp with microseconds", partition_key="/id")
def partition_timestamp(t):
    t.create("id STRING, at TIMESTAMP, local TIMESTAMP_NTZ", suffix="PARTITIONED BY (at, local)")
    t.append(
        "('a', TIMESTAMP'2024-03-31 01:30:00.000001', TIMESTAMP_NTZ'2024-03-31 02:30:00'),"
        " ('b', TIMESTAMP'1899-12-31 23:59:59.999999', TIMESTAMP_NTZ'9999-12-31 23:59:59.999999'), ('c', NULL, NULL)"
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
    t.create(PRODUCTS, properties={"delta.checkpointInterval": "3", **properties}, suffix="PARTITIONED BY (category)")
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
    with t.conf(spark__databricks__delta__checkpoint__partSize="4",
                spark__databricks__delta__checkpointV2__topLevelFileFormat="json"):
        checkpointed(t, {"delta.checkpointPolicy": "v2"})


@table("v2 checkpoint in Parquet with sidecars, older commits cleaned away")
def checkpoint_v2_parquet(t):
    with t.conf(spark__databricks__delta__checkpoint__partSize="4",
                spark__databricks__delta__checkpointV2__topLevelFileFormat="parquet"):
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
        t.column("id", "STRING"),
        t.column("price", "DOUBLE"),
        t.column("gross", "DOUBLE").generatedAlwaysAs("price * 2"),
    )
    t.sql("ALTER TABLE {t} ADD CONSTRAINT positive CHECK (price > 0)")
    t.sql("ALTER TABLE {t} ALTER COLUMN id SET NOT NULL")
    t.fill("SELECT * FROM VALUES ('a', 1.5D), ('b', 2.5D) AS v(id, price)")


@table("an identity column as the key", key="number", partition_key="/name")
def identity_column(t):
    t.build(t.column("number", "LONG").generatedAlwaysAsIdentity(), t.column("name", "STRING"))
    t.fill("SELECT * FROM VALUES ('first'), ('second') AS v(name)")


@table("deletion vectors over files with several row groups")
def row_groups_deletion_vector(t):
    t.create(PRODUCTS, properties=DELETION_VECTORS)
    t.fill(products(1, 6000), **{"parquet.block.size": 16384, "parquet.page.size": 2048})
    t.sql("DELETE FROM {t} WHERE stock % 7 = 0 OR stock BETWEEN 2000 AND 2500 OR stock = 6000")


@table("files written with every compression")
def compressions(t):
    t.create(PRODUCTS)
    for first, codec in enumerate(["none", "snappy", "gzip", "zstd", "lz4_raw"]):
        with t.conf(spark__sql__parquet__compression__codec=codec):
            t.fill(products(first * 10 + 1, first * 10 + 9))


# ---- Types ----


@table("every primitive type, with NULL")
def primitives(t):
    t.create(
        "id STRING, t BOOLEAN, b BYTE, sh SHORT, i INT, l LONG, f FLOAT, d DOUBLE, dec DECIMAL(10,2), s STRING, bin BINARY,"
        " day DATE, at TIMESTAMP, local TIMESTAMP_NTZ, c CHAR(4), v VARCHAR(10)"
    )
    t.append(
        "('full', true, 1, 2, 3, 4, 0.1F, 0.1D, 12.95, 'text', X'00ff10', DATE'2024-02-29', TIMESTAMP'2024-02-29 12:30:15.123456',"
        " TIMESTAMP_NTZ'2024-02-29 12:30:15', 'ab', 'cd'),"
        " ('null', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),"
        " ('least', false, -128, -32768, -2147483648, -9007199254740991, 1.17549435E-38F, 4.9E-324D, -99999999.99, '', X'',"
        " DATE'0001-01-01', TIMESTAMP'0001-01-03 00:00:00', TIMESTAMP_NTZ'0001-01-01 00:00:00', '', ''),"
        " ('most', true, 127, 32767, 2147483647, 9007199254740991, 3.402823E38F, 1.7976931348623157E308D, 99999999.99, 'z',"
        " X'ff', DATE'9999-12-31', TIMESTAMP'9999-12-31 23:59:59.999999', TIMESTAMP_NTZ'9999-12-31 23:59:59.999999', 'abcd',"
        " 'abcdefghij')"
    )


@table("strings: escapes, controls, all planes of Unicode, long ones")
def strings(t):
    t.create("id STRING, s STRING")
    rows = [
        ("empty", ""), ("quote", '"'), ("backslash", "\\"), ("slash", "/"), ("controls", "".join(map(chr, range(32)))),
        ("delete", "\x7f\x80\x9f"), ("line separators", "\u2028\u2029"), ("latin", "äöüßé"), ("cjk", "日本語"),
        ("emoji", "😀👩\u200d👩\u200d👧"), ("byte order mark", "\ufeffx"), ("noncharacter", "\ufffe\uffff"),
        ("last plane", "\U0010fffd"), ("combining", "e\u0301"), ("right to left", "\u202eabc"), ("long", "x€" * 20000),
        ("json", '{"a": [1, "\\u0000"]}'), ("html", "</script>&amp;"),
    ]
    t.spark.createDataFrame(rows, "id STRING, s STRING").coalesce(1).write.format("delta").mode("append").save(t.path)


@table("timestamps in int96, milliseconds and microseconds; before 1970, far away")
def timestamps(t):
    t.create("id STRING, at TIMESTAMP")
    instants = ["1582-10-15 00:00:00", "1899-12-31 23:59:59.999", "1969-12-31 23:59:59.999", "1970-01-01 00:00:00",
                "2024-03-31 01:30:00.123", "2038-01-19 03:14:08", "2262-04-11 23:47:16"]
    for kind in ("INT96", "TIMESTAMP_MILLIS", "TIMESTAMP_MICROS"):
        with t.conf(spark__sql__parquet__outputTimestampType=kind):
            t.append(", ".join(f"('{kind} {i}', TIMESTAMP'{instant}')" for i, instant in enumerate(instants)))


@table("timestamps without a time zone")
def timestamp_ntz(t):
    t.create("id STRING, local TIMESTAMP_NTZ, list ARRAY<TIMESTAMP_NTZ>")
    t.append("('a', TIMESTAMP_NTZ'2024-03-31 02:30:00', array(TIMESTAMP_NTZ'1969-12-31 23:59:59.000001')), ('b', NULL, NULL)")


@table("decimals of every width, as numbers when a double keeps their digits",
       documents={"inexact_numbers": "string"})
def decimals(t):
    t.create("id STRING, small DECIMAL(4,2), middle DECIMAL(18,6), large DECIMAL(38,10), whole DECIMAL(38,0), part DECIMAL(38,38)")
    t.append(
        "('price', 12.95, 12.950000, 12.95, 1295, 0.1295),"
        " ('negative', -12.95, -0.000001, -0.0000000001, -1, -0.00000000000000000000000000000000000001),"
        " ('many digits', 99.99, 123456789012.123456, 1234567890123456789012345678.0123456789,"
        " 99999999999999999999999999999999999999, 0.12345678901234567890123456789012345678),"
        " ('zero', 0.00, 0.000000, 0, 0, 0), ('null', NULL, NULL, NULL, NULL, NULL)"
    )


@table("decimals in the older Parquet layout", documents={"inexact_numbers": "string"})
def decimals_legacy(t):
    t.create("id STRING, small DECIMAL(4,2), middle DECIMAL(18,6), large DECIMAL(38,10)")
    with t.conf(spark__sql__parquet__writeLegacyFormat="true"):
        t.append("('a', 12.95, -12.950000, 1234567890123456789012345678.0123456789), ('b', -0.01, 0.000001, -0.0000000001)")


@table("integers that a double cannot keep", documents={"inexact_numbers": "string"})
def integers_wide(t):
    t.create("id STRING, n LONG")
    t.append(
        "('safe', 9007199254740991), ('even', 9007199254740992), ('odd', 9007199254740993), ('least', -9223372036854775808),"
        " ('most', 9223372036854775807), ('negative', -9007199254740993), ('power', 4611686018427387904)"
    )


@table("floats and doubles that JSON cannot say", documents={"non_finite": "string"})
def non_finite(t):
    t.create("id STRING, f FLOAT, d DOUBLE")
    t.append(
        "('nan', float('NaN'), double('NaN')), ('plus', float('Infinity'), double('Infinity')),"
        " ('minus', float('-Infinity'), double('-Infinity')), ('zero', float('-0.0'), double('-0.0')), ('tenth', 0.1F, 0.1D)"
    )


@table("binary values")
def binary(t):
    t.create("id STRING, bin BINARY, list ARRAY<BINARY>")
    every_byte = "".join(f"{i:02x}" for i in range(256))
    t.append(f"('empty', X'', array()), ('one', X'00', array(X'ff', NULL)), ('two', X'fffe', NULL), ('every', X'{every_byte}', NULL)")


@table("structs, arrays and maps inside each other, empty and NULL")
def nested(t):
    t.create(
        "id STRING, s STRUCT<a: INT, b: STRUCT<c: STRING, d: ARRAY<INT>>>, list ARRAY<STRUCT<k: STRING, v: DOUBLE>>,"
        " lists ARRAY<ARRAY<INT>>, m MAP<STRING, INT>, ms MAP<STRING, STRUCT<x: INT>>, mi MAP<INT, ARRAY<STRING>>,"
        " md MAP<DATE, DECIMAL(6,2)>, days ARRAY<DATE>, empty STRUCT<only: STRING>"
    )
    t.append(
        "('full', named_struct('a', 1, 'b', named_struct('c', 'x', 'd', array(1, NULL, 3))),"
        " array(named_struct('k', 'a', 'v', 1.5D), NULL, named_struct('k', NULL, 'v', NULL)), array(array(1, 2), array(), NULL),"
        " map('a', 1, 'b', NULL), map('x', named_struct('x', 1), 'y', NULL), map(1, array('p', NULL), -2, array()),"
        " map(DATE'2024-01-31', 12.95), array(DATE'2024-01-31', NULL), named_struct('only', 'one')),"
        " ('empty', named_struct('a', NULL, 'b', NULL), array(), array(), map(), map(), map(), map(), array(),"
        " named_struct('only', NULL))"
    )
    # INSERT writes a NULL struct as a struct of NULLs; a data frame keeps it.
    schema = t.spark.read.format("delta").load(t.path).schema
    t.spark.createDataFrame([("null", *[None] * 9)], schema).write.format("delta").mode("append").save(t.path)


@table("variant, not shredded")
def variant(t):
    t.create("id STRING, v VARIANT")
    values = ['{"a": 1, "b": [true, null, "x", 1.5]}', "[]", '"text"', "12", "12.95", "true", "null", '{"größe": {"deep": [[1]]}}']
    rows = ", ".join(f"('v{i}', '{value}')" for i, value in enumerate(values))
    t.sql(f"INSERT INTO {{t}} SELECT id, parse_json(text) FROM VALUES {rows} AS x(id, text)")
    t.append("('none', NULL)")


@table("a column of type void", left_out=["nothing"])
def void_column(t):
    t.fill("SELECT 'a' AS id, 1 AS n, NULL AS nothing")


@table("keys that are whole numbers", key="number", partition_key="/number")
def integer_key(t):
    t.fill("SELECT id AS number, concat('name ', id) AS name FROM range(1, 50)", files=2)


# ---- Running ----


def content(spark, path, version=None):
    reader = spark.read.format("delta")
    frame = (reader.option("versionAsOf", version) if version is not None else reader).load(path)
    rows = [plain(row, frame.schema) for row in frame.collect()]
    return frame.schema, sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def write(spark, name, output):
    recipe = RECIPES[name]
    folder = output / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = str(folder / "table")
    recipe.write(Table(spark, path))
    schema, rows = content(spark, path)
    save_rows(folder / "expected.jsonl", rows)
    for version in recipe.about.get("versions", []):
        save_rows(folder / f"expected.{version}.jsonl", content(spark, path, version)[1])
    writer = f"Spark {pyspark.__version__}, delta-spark {DELTA_VERSION}"
    save_about(folder, About(writer=writer, schema=json.loads(schema.json()), **recipe.about))
    print(f"{name}: {len(rows)} rows", flush=True)


def main():
    output = pathlib.Path(sys.argv[1]).resolve()
    names = sys.argv[2:] or list(RECIPES)
    scratch = output / ".scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    spark = open_session(pathlib.Path(os.environ["SPILLWAY_SPARK_JARS"]), scratch)
    failed = []
    for name in names:
        try:
            write(spark, name, output)
        except Exception as error:  # noqa: BLE001: one table that cannot be written must not hide the others
            failed.append(name)
            print(f"{name}: {str(error)[:500]}", file=sys.stderr, flush=True)
    spark.stop()
    shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(f"not written: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()

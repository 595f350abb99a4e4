"""What the scripts of Spark's test tables share: the session, a table to write to, rows as text."""

import base64
import dataclasses
import json
import math
import os
import pathlib
import shutil
import sys

import pyspark
from pyspark.sql import SparkSession, types

WRITER = f"Spark {pyspark.__version__}, delta-spark 4.3.1"


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
            return {
                text_of_key(k, kind.keyType): plain(v, kind.valueType) for k, v in value.items()
            }
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

    def append_frame(self, frame) -> None:
        frame.write.format("delta").mode("append").save(self.path)

    def conf(self, **settings) -> "Settings":
        """Session settings for a block; `__` in a name stands for a dot."""
        return Settings(
            self.spark, {name.replace("__", "."): value for name, value in settings.items()}
        )


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


# ---- The programs that write ----


def write_all(write, recipes) -> None:
    """Writes the tables that the command line names, or all, into folders below its first word.

    `write(spark, recipe, folder)` gets an empty folder; one session writes all tables.
    """
    output = pathlib.Path(sys.argv[1]).resolve()
    scratch = output / ".scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    spark = open_session(pathlib.Path(os.environ["SPILLWAY_SPARK_JARS"]), scratch)
    failed = []
    for name in sys.argv[2:] or list(recipes):
        try:
            recipe, folder = recipes[name], output / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            write(spark, recipe, folder)
        except Exception as error:  # noqa: BLE001: one table must not hide the others
            failed.append(name)
            print(f"{name}: {str(error)[:500]}", file=sys.stderr, flush=True)
    spark.stop()
    shutil.rmtree(scratch, ignore_errors=True)
    sys.exit(f"not written: {', '.join(failed)}" if failed else 0)

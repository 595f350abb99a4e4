"""The lake of the tests: tables that Spark and delta-rs wrote, with what they read back."""

import os
import pathlib
import subprocess
import sys

TABLES = pathlib.Path(__file__).resolve().parent.parent / "tables"
sys.path.insert(0, str(TABLES))

import table_archive  # noqa: E402
import write_deltalake_tables  # noqa: E402

ARCHIVES = sorted((TABLES / "archive").glob("*.tar.gz"))
SPARK_TABLES = [archive.name.removesuffix(".tar.gz") for archive in ARCHIVES]
DELTALAKE_TABLES = list(write_deltalake_tables.RECIPES)
ALL_TABLES = SPARK_TABLES + DELTALAKE_TABLES

SPARK_SECONDS_MAX = 1200
FULL = os.environ.get("SPILLWAY_FULL") == "1"


class Lake:
    """Every table below one folder. The full suite writes Spark's anew."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        if FULL:
            write_with_spark(folder)
        else:
            for name, archive in zip(SPARK_TABLES, ARCHIVES):
                table_archive.unpack(archive, folder / name)
        for name in DELTALAKE_TABLES:
            write_deltalake_tables.write(name, folder)

    def path(self, name: str) -> pathlib.Path:
        return self.folder / name / "table"

    def about(self, name: str) -> table_archive.About:
        return table_archive.load_about(self.folder / name)

    def rows(self, name: str, version: int | None = None) -> list:
        return table_archive.load_rows(self.folder / name, version)


def write_with_spark(folder: pathlib.Path) -> None:
    script = str(TABLES / "write_spark_tables.py")
    subprocess.run([os.environ["SPILLWAY_SPARK_PYTHON"], script, str(folder)], check=True,
                   timeout=SPARK_SECONDS_MAX)

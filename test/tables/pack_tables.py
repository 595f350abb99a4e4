"""Makes the committed archives from what write_spark_tables.py wrote: pack_tables.py FOLDER."""

import pathlib
import sys

from table_archive import pack

ARCHIVES = pathlib.Path(__file__).parent / "archive"


def main():
    ARCHIVES.mkdir(exist_ok=True)
    for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        if (folder / "about.json").exists():
            pack(folder, ARCHIVES / f"{folder.name}.tar.gz")


if __name__ == "__main__":
    main()

"""Makes the committed archives from what write_spark_tables.py and the write_*_changes.py wrote.

  pack_tables.py FOLDER [archive|changes]
"""

import pathlib
import sys

from table_archive import pack



def main():
    archives = pathlib.Path(__file__).parent / (sys.argv[2] if len(sys.argv) > 2 else "archive")
    archives.mkdir(exist_ok=True)
    for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        if (folder / "about.json").exists():
            pack(folder, archives / f"{folder.name}.tar.gz")


if __name__ == "__main__":
    main()

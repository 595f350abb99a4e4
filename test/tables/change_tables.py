"""How a table of changes is kept, with what an independent reader found at each version.

  <name>/table/      the Delta table
  <name>/rows.V.txt  the rows at version V, one a line, sorted
  <name>/feed.V.txt  what the reader's change feed tells of version V: rows with '+' (insert, image
                     after an update) or '-' (delete, image before) in front, sorted; only where
                     there is one
  <name>/about.json  what the test must know (class About)

A row is its columns joined by '|'. NULL is "∅"; decimals are their unscaled digits, dates days and
timestamps microseconds since 1970-01-01; structs are {a:1,b:2}, arrays [1,2], binary x00ff. It is
the text that src/sources/delta/delta_test_table.cc makes of a row.
"""

import dataclasses
import datetime
import decimal
import json
import pathlib


@dataclasses.dataclass
class About:
    writer: str  # program and version that wrote the table
    shows: str  # what changes it is there for
    columns: list  # projection: the columns that every version has
    last: int = 0  # the last version with rows
    first: int = 0  # the first version with rows: following starts behind it
    methods: list = dataclasses.field(default_factory=list)  # per version after `first`
    stops: str = ""  # a part of the message of what stops behind `last`; empty: nothing does
    times: dict = dataclasses.field(default_factory=dict)  # version: in-commit time, ms


def save_about(folder: pathlib.Path, about: About) -> None:
    (folder / "about.json").write_text(json.dumps(dataclasses.asdict(about), indent=1) + "\n")


def save_lines(file: pathlib.Path, lines) -> None:
    file.write_text("".join(line + "\n" for line in sorted(lines)), encoding="utf-8")


EPOCH = datetime.datetime(1970, 1, 1)


def text(value) -> str:
    match value:
        case None:
            return "∅"
        case bool():
            return "true" if value else "false"
        case decimal.Decimal():
            return str(int(value.scaleb(-value.as_tuple().exponent)))
        case datetime.datetime():
            return str((value.replace(tzinfo=None) - EPOCH) // datetime.timedelta(microseconds=1))
        case datetime.date():
            return str((value - EPOCH.date()).days)
        case bytes() | bytearray():
            return "x" + value.hex()
        case dict():
            return "{" + ",".join(f"{k}:{text(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ",".join(text(v) for v in value) + "]"
        case _:
            return str(value)


def row_text(row) -> str:
    return "|".join(text(value) for value in row)


SIGNS = {"insert": "+", "update_postimage": "+", "delete": "-", "update_preimage": "-"}

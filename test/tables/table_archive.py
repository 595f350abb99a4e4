"""How a test table is kept: a folder, or an archive of it, with what an independent reader found.

  <name>/table/            the Delta table
  <name>/expected.jsonl    the rows of the newest version, one JSON object a line
  <name>/expected.V.jsonl  the same for an older version V
  <name>/about.json        what a reader of the rows must know (class About)

Values in the rows (the types are Spark's, found in about.json):
  integers, boolean, string, NULL   as JSON has them
  float, double                     JSON numbers; "NaN", "Infinity", "-Infinity" as strings
  decimal                           a string with its exact digits
  binary                            base64
  date                              "2024-01-31"
  timestamp                         "2024-01-31T12:00:00.000000Z": an instant, UTC, six digits
  timestamp_ntz                     "2024-01-31T12:00:00.000000"
  struct, map                       objects (keys of maps as text); array: arrays
  variant                           {"variant": the value as JSON}
"""

import dataclasses
import io
import json
import pathlib
import tarfile


@dataclasses.dataclass
class About:
    """What a table shows, and how a test has to load it."""

    writer: str  # program and version that wrote the table
    shows: str  # the feature of Delta that the table is there for
    schema: dict  # Spark's JSON form of the schema of the newest version
    key: str = "id"  # column that becomes the id of the document
    partition_key: str = "/id"  # path of the container's partition key
    documents: dict = dataclasses.field(default_factory=dict)  # the pipeline's `documents` block
    columns: list = dataclasses.field(default_factory=list)  # projection; empty: every column
    versions: list = dataclasses.field(default_factory=list)  # older versions with expected rows
    left_out: list = dataclasses.field(
        default_factory=list
    )  # void columns: Spark leaves them out when it reads


def save_about(folder: pathlib.Path, about: About) -> None:
    (folder / "about.json").write_text(json.dumps(dataclasses.asdict(about), indent=1) + "\n")


def load_about(folder: pathlib.Path) -> About:
    return About(**json.loads((folder / "about.json").read_text()))


def save_rows(file: pathlib.Path, rows: list) -> None:
    with file.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def load_rows(folder: pathlib.Path, version: int | None = None) -> list:
    name = "expected.jsonl" if version is None else f"expected.{version}.jsonl"
    # Not splitlines(): U+2028 and its kind are line breaks to Python, and text to JSON.
    lines = (folder / name).read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def pack(folder: pathlib.Path, archive: pathlib.Path) -> None:
    """Packs a folder, times of files included: Delta reads the time of a commit from them."""
    with tarfile.open(archive, "w:gz", compresslevel=9) as tar:
        for path in sorted(folder.rglob("*")):
            if path.name.endswith(".crc") and path.name.startswith("."):
                continue  # Hadoop's own check sums; no reader of Delta asks for them
            info = tar.gettarinfo(path, arcname=str(path.relative_to(folder)))
            info.uid = info.gid = 0
            info.uname = info.gname = ""
            tar.addfile(info, path.open("rb") if path.is_file() else None)


def unpack(archive: pathlib.Path, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
        tar.extractall(folder, filter="data")

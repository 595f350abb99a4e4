"""Whether a container equals its table, proven by the whole cluster: what `spillway verify` does,
with the executors for the reading.

    found = spillway.spark.verify(spark, "spillway.yaml", "products")
    print(found)
    assert found.matches

The table's rows and the container's documents are read by the engine in the executors, and reduced
to 40 bytes each (of documents with their keys); the driver compares these on its own disk. Each
part is a Spark job of one task, so that Spark's retries are a part's; what comes of a part counts
once.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional

from spillway._verify import Verify, do_part
from spillway.spark.crew import Crew
from spillway.spark.job import readable_errors
from spillway.spark.writing import tasks_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

#: What a task's readers hold, besides the records of its part.
MEMORY_BYTES = 64 << 20


@dataclasses.dataclass(frozen=True)
class Difference:
    """A document that is not as its row says. `kind`: missing, extra or different."""

    kind: str
    partition_key: List[Any]
    id: str
    fields: List[str] = dataclasses.field(default_factory=list)  # that differ
    written_by: str = ""  # where the documents bear a stamp


@dataclasses.dataclass(frozen=True)
class Verification:
    """What `spillway verify` says. Counts are of documents."""

    pipeline: str
    version: int
    source_documents: int
    destination_documents: int
    equal: int
    missing: int
    extra: int
    different: int
    rejected: int = 0  # rows that the mapping refuses
    rejected_kept: int = 0  # documents of rows that are refused now
    soft_deleted: int = 0  # marked, and without a row, as they should be
    moving: int = 0  # on the way to a newer version while they were read
    through_version: int = 0
    request_units: float = 0.0  # of reading the destination
    differences: List[Difference] = dataclasses.field(default_factory=list)  # the first of them

    @property
    def matches(self) -> bool:
        return self.missing + self.extra + self.different == 0

    @staticmethod
    def of(found: Mapping[str, Any]) -> Verification:
        names = {field.name for field in dataclasses.fields(Verification)}
        known = {name: value for name, value in found.items() if name in names}
        keys = {field.name for field in dataclasses.fields(Difference)}
        known["differences"] = [
            Difference(**{name: value for name, value in one.items() if name in keys})
            for one in found["differences"]]
        return Verification(**known)

    def __str__(self) -> str:
        lines = [f"{self.pipeline}: source at version {self.version} has "
                 f"{self.source_documents:,} documents, the destination has "
                 f"{self.destination_documents:,}",
                 f"  equal {self.equal:,}, missing {self.missing:,}, extra {self.extra:,}, "
                 f"different {self.different:,}"]
        for name, what in (("rejected", "rows rejected by the mapping and not expected there"),
                           ("rejected_kept", "documents of rows that are rejected now"),
                           ("soft_deleted", "documents marked as deleted, as the mode says"),
                           ("moving", f"documents on the way to version {self.through_version}")):
            if getattr(self, name):
                lines.append(f"  {getattr(self, name):,} {what}")
        lines += [f"  {one.kind} {one.partition_key} {one.id}"
                  + (f": {', '.join(one.fields)}" if one.fields else "")
                  for one in self.differences]
        if self.matches:
            lines.append("  they are equal, document by document")
        return "\n".join(lines)


def _do_part(settings: Dict[str, Any], part: str) -> bytes:
    """In an executor."""
    with readable_errors():
        return do_part(settings, part)


def verify(spark: SparkSession, project: str, pipeline: str, version: Optional[int] = None,
           differences: int = 20, report: Optional[str] = None,
           tasks: Optional[int] = None) -> Verification:
    """Proves that a pipeline's container equals its table, or says where it does not, as
    `spillway verify` does, with the executors for the reading. Writes nothing but its own history.

    `project`: the path of spillway.yaml, as of `sync`. `version`: of the table; left out: the one
    that is loaded, and a pipeline at work meanwhile is no difference. `differences`: that are
    listed; all are counted. `report`: a file on the driver for all of them. `tasks`: parts at a
    time; left out: as many as the session runs. A limit (`throughput.verify`) is shared out evenly
    among them. Raises SpillwayError where it cannot be told.
    """
    path = pathlib.Path(project).resolve()
    settings: Dict[str, Any] = {"project": path.read_text(encoding="utf-8"), "path": str(path),
                                "pipeline": pipeline}
    count = tasks or tasks_of(spark) or 1
    part = {**settings, "share": 1 / count, "memory_bytes": MEMORY_BYTES}
    asked: Dict[str, Any] = {"at_a_time": count, "differences": differences}
    if version is not None:
        asked["version"] = version
    if report is not None:
        asked["report"] = str(pathlib.Path(report).resolve())
    with Verify({**settings, **asked}) as driver:
        crew = Crew(spark, driver, functools.partial(_do_part, part), "verification")
        return Verification.of(crew.run(count))

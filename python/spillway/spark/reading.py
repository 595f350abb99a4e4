"""One job's reading: planned on the driver, one part of the container's keys for each task."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

import spillway
from spillway.spark import limits
from spillway.spark.identity import for_this_process
from spillway.spark.job import tasks_for_limit
from spillway.spark.option_table import ReadPlan
from spillway.spark.options import plan_read, warn_once

RAW_BODY = "_rawBody"
RAW_SCHEMA = f"id string, {RAW_BODY} string"


@dataclasses.dataclass
class ReadJob:
    """What travels to the tasks. Holds the account's key, and does not print it."""

    engine: Dict[str, Any] = dataclasses.field(repr=False)
    place: str = ""
    parts: int = 1

    def ask_for(self, query: str, parameters: str) -> None:
        """Its results, in place of the documents."""
        self.engine["read"].update({"query": query, "parameters": parameters})

    def engine_of(self, part: int) -> Dict[str, Any]:
        """A reader's options."""
        read = {**self.engine["read"], "from": part / self.parts, "to": (part + 1) / self.parts}
        return {**for_this_process(self.engine), "read": read}

    def read_part(self, part: int, schema: Any) -> Iterator[Any]:
        """Record batches of a pyarrow schema."""
        with spillway.Reader(self.engine_of(part), schema) as reader:
            yield from reader
            misfits = reader.summary().misfits
        if misfits:
            # Executors' logs show what the process says here.
            print(f"{self.place}: {misfits:,} values did not fit their columns and are NULL",
                  file=sys.stderr)


def plan(options: Mapping[str, str]) -> ReadPlan:
    found = plan_read(options)
    warn_once(found)
    return found


def job_of(found: ReadPlan, tasks: Optional[int], fields: Sequence[str]) -> ReadJob:
    """Asks the container: what is wrong is said before a task starts. `fields`: of the schema,
    which are asked for where the plan names columns."""
    facts = spillway.describe(for_this_process(found.engine))
    engine = {**found.engine,
              "destination": {**found.engine["destination"],
                              "partition_key": facts["partition_key"]}}
    parts = facts["read_parts"]
    if parts > 1 and found.parts is not None:
        parts = found.parts
    if found.limit is not None:
        at_a_time = min(tasks_for_limit(found.tasks or tasks), parts)
        engine["throughput"] = {"limit": limits.share_of(found.limit, at_a_time)}
    job = ReadJob(engine, facts["place"], parts)
    if found.columns is not None:
        from spillway.spark.filters import Condition, select

        job.ask_for(*select(fields, Condition()))
    return job


def sample(found: ReadPlan) -> List[str]:
    """Some documents, or results of the query, as text."""
    import pyarrow

    read = {name: value for name, value in found.engine["read"].items() if name == "query"}
    engine = {**for_this_process(found.engine),
              "read": {**read, "batch_rows": min(found.sampled, 10_000)}}
    if found.limit is not None:
        engine["throughput"] = {"limit": found.limit}
    with spillway.Reader(engine, pyarrow.schema([(RAW_BODY, pyarrow.string())])) as reader:
        documents = itertools.chain.from_iterable(batch.column(0).to_pylist() for batch in reader)
        return list(itertools.islice(documents, found.sampled))

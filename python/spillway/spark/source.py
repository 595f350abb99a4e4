"""The data source `spillway.cosmos` of Spark 4, which writes and reads.

Spark makes the writer in one process of the driver, runs `write` once per task attempt in the
executors' Python workers, and calls `commit` or `abort` in yet another process of the driver:
nothing but the pickled writer and the messages connects them.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import Any, Iterator, List, Optional

from pyspark.sql import datasource
from pyspark.sql.datasource import (DataSource, DataSourceArrowWriter, DataSourceReader,
                                    InputPartition, WriterCommitMessage)

from spillway._errors import SpillwayError
from spillway._summary import Summary
from spillway.spark import permits, reading
from spillway.spark.job import WriteJob, plan_job, readable_errors, task_name
from spillway.spark.loading import schema_of
from spillway.spark.option_table import ReadPlan

#: Arrow writers of streams came with Spark 4.1. In 4.0 the worker asks whether a writer is a
#: DataSourceArrowWriter, whatever else it is: a class that is both gets batches there, too.
_StreamWriter: Any = getattr(datasource, "DataSourceStreamArrowWriter", None) or type(
    "_StreamWriter", (datasource.DataSourceStreamWriter, DataSourceArrowWriter),
    {"__module__": __name__})


@dataclasses.dataclass
class TaskMessage(WriterCommitMessage):
    """What a task did."""

    summary: Summary
    terms: Optional[permits.Terms] = None  # of the job that it was a task of


class _TaskWriter:
    """What batch and stream writers share."""

    def __init__(self, job: WriteJob) -> None:
        self.job = job

    def write(self, iterator: Iterator[Any]) -> TaskMessage:
        with readable_errors():
            return TaskMessage(self.job.write_task(iterator, task_name()), self.job.terms)

    def _commit(self, messages: List[Optional[WriterCommitMessage]]) -> None:
        with readable_errors():
            parts = [message.summary for message in messages if isinstance(message, TaskMessage)]
            # Drivers' logs show what the process says here.
            self._end(messages)
            print(f"{self.job.place}: {self.job.judge(parts)}", file=sys.stderr)

    def _end(self, messages: List[Optional[WriterCommitMessage]]) -> None:
        # A stream's writer is made anew for its commit, with terms of its own.
        told = [message.terms for message in messages if isinstance(message, TaskMessage)]
        permits.close_job(told[0] if told else self.job.terms)

    def _abort(self, messages: List[Optional[WriterCommitMessage]]) -> None:
        self._end(messages)
        done = Summary.sum(m.summary for m in messages if isinstance(m, TaskMessage))
        print(f"{self.job.place}: the job failed; of the tasks that ended: {done}. What they wrote "
              "stays: run the job again, which writes the same documents", file=sys.stderr)


class CosmosWriter(_TaskWriter, DataSourceArrowWriter):
    def commit(self, messages: List[Optional[WriterCommitMessage]]) -> None:
        self._commit(messages)

    def abort(self, messages: List[Optional[WriterCommitMessage]]) -> None:
        self._abort(messages)


class CosmosStreamWriter(_TaskWriter, _StreamWriter):
    """A micro-batch may come again after a restart: its rows make the same documents."""

    def commit(self, messages: List[Optional[WriterCommitMessage]], batchId: int) -> None:
        self._commit(messages)

    def abort(self, messages: List[Optional[WriterCommitMessage]], batchId: int) -> None:
        self._abort(messages)


class PartOfKeys(InputPartition):
    """The number of a part; its own type, so that no option is needed to tell it."""

    def __init__(self, part: int) -> None:
        super().__init__(part)


class CosmosReader(DataSourceReader):
    def __init__(self, job: reading.ReadJob, schema: Any) -> None:
        self.job = job
        self._schema = schema

    def partitions(self) -> List[InputPartition]:
        return [PartOfKeys(part) for part in range(self.job.parts)]

    def read(self, partition: InputPartition) -> Iterator[Any]:
        from pyspark.sql.pandas.types import to_arrow_schema

        with readable_errors():
            yield from self.job.read_part(partition.value, to_arrow_schema(self._schema))


class FilteringCosmosReader(CosmosReader):
    """Has the service filter, too. Handed out where it was asked for alone: where Spark does not
    push filters, a reader that takes them is an error."""

    def __init__(self, job: reading.ReadJob, schema: Any, plan: ReadPlan) -> None:
        super().__init__(job, schema)
        read = plan.engine["read"]
        self._columns = plan.columns and schema.names
        self._rules = {"relaxed": read.get("relaxed", False),
                       "epoch_millis": read.get("epoch_millis", False),
                       "hidden": [reading.RAW_BODY]}

    def pushFilters(self, filters: List[Any]) -> List[Any]:
        """Returns those that Spark looks at (again)."""
        from spillway.spark.filters import condition_of, select

        condition = condition_of(filters, self._schema, **self._rules)
        if condition.text:
            self.job.ask_for(*select(self._columns, condition))
        return condition.left


def _append_only(overwrite: bool) -> None:
    if overwrite:
        raise SpillwayError(
            "unsupported",
            "`overwrite` (and output mode `complete`) would have to empty the container first, "
            "which is not done",
            'write .mode("append"): a row replaces the document of its key')


class CosmosDataSource(DataSource):
    """Azure Cosmos DB for NoSQL. Options: docs/reference/spark-options.md."""

    #: Tasks that run at a time; `spillway.spark.register` finds out.
    tasks: Optional[int] = None
    #: Where jobs find the notebook's process, which divides their limit and shows how far they are;
    #: None: executors cannot reach it.
    driver: Optional[permits.Terms] = None

    @classmethod
    def name(cls) -> str:
        return "spillway.cosmos"

    def writer(self, schema: Any, overwrite: bool) -> CosmosWriter:
        return CosmosWriter(self._plan(overwrite))

    def streamWriter(self, schema: Any, overwrite: bool) -> CosmosStreamWriter:
        return CosmosStreamWriter(self._plan(overwrite))

    def schema(self) -> Any:
        """Where none was given: from some documents, or that of the documents themselves."""
        with readable_errors():
            return schema_of(reading.plan(dict(self.options)))

    def reader(self, schema: Any) -> CosmosReader:
        with readable_errors():
            plan = reading.plan(dict(self.options))
            job = reading.job_of(plan, self.tasks, schema.names)
            if plan.push_filters:
                return FilteringCosmosReader(job, schema, plan)
            return CosmosReader(job, schema)

    def _plan(self, overwrite: bool) -> WriteJob:
        with readable_errors():
            _append_only(overwrite)
            job = plan_job(dict(self.options), self.tasks)
            if self.driver is not None and job.fence:
                driver = self.driver
                if job.driver_host is not None:
                    driver = dataclasses.replace(driver, host=job.driver_host)
                job.terms = driver.for_job(job.place, job.limit, job.shown)
            return job

"""One job's writing: planned on the driver, done in tasks, judged on the driver again.

Works without the data source API: that is a thin layer over it (`source.py`), and so are the
helpers for Spark 3.5 (`writing.py`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import re
from typing import Any, Dict, Iterable, Iterator, Mapping, Optional, Tuple

import spillway
from spillway._errors import SpillwayError
from spillway._summary import Summary
from spillway.spark import limits, permits
from spillway.spark.identity import for_this_process
from spillway.spark.option_table import MAX_REJECTED_DEFAULT, DateTimes, WritePlan
from spillway.spark.options import plan_write, warn_once


@contextlib.contextmanager
def readable_errors() -> Iterator[None]:
    """A SpillwayError reaches the notebook as its message alone, where Spark can (4.0 and later):
    a Python worker that fails ends, so the setting is this failure's own."""
    try:
        yield
    except SpillwayError:
        if "PYTHON_WORKER_FACTORY_SECRET" in os.environ:
            os.environ["SPARK_HIDE_TRACEBACK"] = "1"
        raise


#: As the engine has it.
SETTLE_DEFAULT = "15s"


@dataclasses.dataclass
class WriteJob:
    """What travels to the tasks. Holds the account's key, as the connector's own options do, and
    does not print it."""

    engine: Dict[str, Any] = dataclasses.field(repr=False)
    date_times: DateTimes = DateTimes.CONNECTOR
    max_rejected: str = MAX_REJECTED_DEFAULT
    summary_file: Optional[str] = None
    place: str = ""
    fence: bool = True
    driver_host: Optional[str] = None
    limit: Optional[str] = None  # of the whole job; the engine's options have an even share of it
    shown: bool = True  # its progress
    # On which an attempt may write, or has its share of the limit; None: always, the even share.
    terms: Optional[permits.Terms] = None

    def write_task(
        self, batches: Iterable[Any], task: str, collapsed: Optional[str] = None
    ) -> Summary:
        """Brings one task's batches to the container. Written again, they make the same documents,
        so Spark may try a task as often as it likes. `collapsed`: a column that says how many
        changes a row stands for; it is no part of the document."""
        writer = None
        changes = rows = 0
        try:
            for batch in batches:
                if collapsed is not None:
                    rows += batch.num_rows
                    stood_for, batch = _split_off(batch, collapsed)
                    changes += stood_for
                if writer is None:
                    writer = _TaskWriter(self, batch.schema, task)
                writer.write(batch)
            summary = writer.finish() if writer is not None else Summary()
        finally:
            if writer is not None:
                writer.close()
        summary.add_superseded(changes - rows)
        return summary

    def schema_of(self, schema: Any) -> Any:
        """Of what is written, and what makes it of a batch."""
        if self.date_times is DateTimes.ENGINE:
            return schema, lambda batch: batch
        from spillway.spark.times import as_numbers

        return as_numbers(schema)

    def settle_seconds(self) -> float:
        """Within which a request lands, or never."""
        return seconds_of(self.engine["sync"].get("settle", SETTLE_DEFAULT))

    def asked_for(self, borrower: Optional[permits.Borrower]) -> Dict[str, Any]:
        """Options of a session that writes by what the driver says, if there is a borrower."""
        if borrower is None:
            return {}
        asked: Dict[str, Any] = {"permit": borrower.terms.permits}
        if self.limit is not None:
            asked.update(lent_share=True, throughput={"limit": self.limit})
        return asked

    def judge(self, parts: Iterable[Summary]) -> Summary:
        """The whole job's summary. SpillwayError: it does not add up, or too many rows were
        rejected; the others are written all the same."""
        total = Summary.sum(parts)
        if self.summary_file:
            pathlib.Path(self.summary_file).write_text(total.to_json(), encoding="utf-8")
        if not total.adds_up:
            raise SpillwayError("internal", f"the counts do not add up: {total.formula}")
        rejected = total.counts.get("rejected", 0)
        if rejected > allowed_rejected(self.max_rejected, total.read):
            raise _over_budget(total, rejected, self.max_rejected)
        return total


class _TaskWriter:
    """A task's session, and its right to write where one is needed."""

    def __init__(self, job: WriteJob, schema: Any, task: str) -> None:
        self._session: Optional[spillway.WriteSession] = None
        self._borrower = permits.borrower_of(job.terms, task) if job.terms is not None else None
        self._sure = False
        try:
            schema, self._convert = job.schema_of(schema)
            engine = {**for_this_process(job.engine), **job.asked_for(self._borrower)}
            self._session = spillway.WriteSession(engine, schema, task)
            if self._borrower is not None:
                self._borrower.keep(self._session)
        except BaseException:
            self.close()
            raise

    def write(self, batch: Any) -> None:
        assert self._session is not None
        with self._reason():
            self._session.write(self._convert(batch))

    def finish(self) -> Summary:
        assert self._session is not None
        with self._reason():
            summary = self._session.finish()
        self._sure = True
        return summary

    def close(self) -> None:
        """Nothing is sent when it returns; what is not sure may still land."""
        if self._borrower is not None:
            self._borrower.release(self._session)
        if self._session is not None:
            self._session.close()
        if self._borrower is not None:
            self._borrower.close(self._sure or self._session is None)

    @contextlib.contextmanager
    def _reason(self) -> Iterator[None]:
        """A session that was stopped says why."""
        try:
            yield
        except SpillwayError:
            if self._borrower is not None and self._borrower.failure is not None:
                raise self._borrower.failure from None
            raise


def _split_off(batch: Any, column: str) -> Tuple[int, Any]:
    """The sum of a column, and the batch without it."""
    import pyarrow
    import pyarrow.compute

    total = pyarrow.compute.sum(batch.column(column)).as_py() or 0
    kept = [field for field in batch.schema if field.name != column]
    return total, pyarrow.RecordBatch.from_arrays(
        [batch.column(field.name) for field in kept], schema=pyarrow.schema(kept))


def seconds_of(text: str) -> float:
    """ "200ms", "15s"."""
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400}[unit]


def allowed_rejected(budget: str, rows: int) -> float:
    """ "0.1%" of the rows, or a number."""
    try:
        return rows * float(budget[:-1]) / 100 if budget.endswith("%") else float(int(budget))
    except ValueError:
        raise SpillwayError("invalid argument", f"`spillway.maxRejected` cannot be `{budget}`",
                            "write a number of rows, or a share such as 0.1%") from None


def _over_budget(total: Summary, rejected: int, budget: str) -> SpillwayError:
    lines = [f"{row.reason} {row.key}: {row.message}" for row in total.rejected[:5]]
    return SpillwayError(
        "rejected rows over budget",
        f"{rejected:,} of {total.read:,} rows were rejected, and spillway.maxRejected allows "
        f"{budget}; the others are written.\n  " + "\n  ".join(lines),
        "mend the rows and write them again, or allow more with spillway.maxRejected",
    )


def tasks_for_limit(tasks: Optional[int]) -> int:
    """That a limit is shared out among."""
    if tasks is not None:
        return tasks
    raise SpillwayError(
        "invalid argument",
        "a limit is shared out among the tasks that run at a time, and how many these are is "
        "not known",
        "register with spillway.spark.register(spark), or write `spillway.tasks`")


def _share_out(plan: WritePlan, tasks: Optional[int]) -> None:
    if plan.limit is not None:
        share = limits.share_of(plan.limit, tasks_for_limit(plan.tasks or tasks))
        plan.engine["throughput"] = {"limit": share}


def plan_job(options: Mapping[str, str], tasks: Optional[int] = None) -> WriteJob:
    """Checks the options and asks the container for its partition key: what is wrong is said before
    a task starts. `tasks`: that run at a time, when it is known."""
    plan = plan_write(options)
    warn_once(plan)
    _share_out(plan, tasks)
    allowed_rejected(plan.max_rejected, 0)
    engine = plan.engine
    engine["part_of_more"] = True
    engine["sync"]["max_rejected"] = plan.max_rejected
    facts = spillway.describe(for_this_process(engine))
    engine["destination"]["partition_key"] = facts["partition_key"]
    return WriteJob(engine, plan.date_times, plan.max_rejected, plan.summary_file, facts["place"],
                    plan.fence, plan.driver_host, plan.limit, plan.progress)


def task_name() -> str:
    """ "stage 3, partition 7, attempt 0" of the task that this process works on."""
    from pyspark import TaskContext

    context = TaskContext.get()
    if context is None:
        return ""
    return (f"stage {context.stageId()}, partition {context.partitionId()}, "
            f"attempt {context.attemptNumber()}")


def read_summary(path: str) -> Summary:
    return Summary.from_json(pathlib.Path(path).read_text(encoding="utf-8"))


def to_message(summary: Summary) -> str:
    """One line of text, for where rows are all that a task can return."""
    return json.dumps(dataclasses.asdict(summary), ensure_ascii=False)


def from_message(text: str) -> Summary:
    fields = json.loads(text)
    rows = [spillway.RejectedRow(**row) for row in fields.pop("rejected")]
    return Summary(rejected=rows, **fields)

"""What went wrong in a task, said on the driver.

Spark hands on an error of a task as text, wrapped into frames of Python and of the JVM. Where our
own code waits for the job, it takes its error out of there: the notebook shows one message.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, Iterator, Optional

from spillway._errors import SpillwayError

#: Before what one of our errors says, in a traceback and in what we have Spark itself raise.
MARK = "spillway.SpillwayError: "
_HINT = "\n  next: "
#: What follows the message: an empty line, a frame of the JVM, or what Spark adds.
_END = re.compile(r"\n(?=\s*\n|\tat |Driver stacktrace:)|\s+SQLSTATE: ")


def _text_of(failure: BaseException) -> str:
    """With what the JVM says, which py4j leaves out of some errors' text on Spark 3.5."""
    of_java = getattr(failure, "java_exception", None)
    return f"{failure}\n\n{of_java.toString() if of_java is not None else ''}"


def error_of(failure: BaseException) -> Optional[SpillwayError]:
    """Our own error in one of Spark's, or None: something else failed."""
    if isinstance(failure, SpillwayError):
        return failure
    _, mark, said = _text_of(failure).rpartition(MARK)
    if not mark:
        return None
    said = _END.split(said, 1)[0].rstrip()
    message, _, hint = said.partition(_HINT)
    code, colon, rest = message.partition(": ")
    return SpillwayError(code, rest, hint) if colon else SpillwayError("internal", message, hint)


@contextlib.contextmanager
def job_failures() -> Iterator[None]:
    """For a block that has Spark run jobs: an error of ours in a task is raised as it was there;
    others stay as they are."""
    try:
        yield
    except SpillwayError:
        raise
    except Exception as failure:
        ours = error_of(failure)
        if ours is None:
            raise
        raise ours from None


def told_briefly(apply: Callable[[Any, int], None]) -> Callable[[Any, int], None]:
    """For DataStreamWriter.foreachBatch, whose failures Spark shows with all of their frames: an
    error of ours without those inside this package."""

    def apply_batch(batch: Any, batch_id: int) -> None:
        try:
            apply(batch, batch_id)
        except SpillwayError as failure:
            raise failure.with_traceback(None) from None

    return apply_batch

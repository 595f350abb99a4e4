"""Work that is cut into parts on the driver, each of which is a Spark job of one task: Spark's
retries are a part's, and the driver knows of each as soon as it is done.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Dict, List

from spillway._errors import SpillwayError
from spillway.spark.failures import error_of

LOOK_SECONDS = 0.2


class Crew:
    """Threads of the driver, each of which has one part at a time done by Spark.

    `work`: a Load or a Verify, which hands out parts and takes what became of them. `do`: does a
    part in an executor. `what` names the work, for people.
    """

    def __init__(self, session: Any, work: Any, do: Callable[[str], bytes], what: str) -> None:
        self._context = session.sparkContext
        self._work = work
        self._do = do
        self._what = what
        self._group = f"spillway {id(self):x}"
        self._end: Any = None

    def run(self, threads: int) -> Dict[str, Any]:
        """What `finish` of the work says. Nothing of the crew goes on when it returns or raises."""
        from pyspark import InheritableThread

        crew: List[threading.Thread] = [InheritableThread(target=self._take_parts)
                                        for _ in range(threads)]
        ends = threading.Thread(target=self._finish)
        try:
            for thread in (*crew, ends):
                thread.daemon = True
                thread.start()
            while ends.is_alive():  # in steps, so that Ctrl-C gets through
                ends.join(LOOK_SECONDS)
        finally:
            # Work that ends early (a lost lease, Ctrl-C) takes its parts along.
            self._work.stop()
            self._context.cancelJobGroup(self._group)
            for thread in (*crew, ends):
                thread.join()
        if isinstance(self._end, SpillwayError):
            raise self._end
        return self._end

    def _finish(self) -> None:
        try:
            self._end = self._work.finish()
        except SpillwayError as failure:
            self._end = failure

    def _take_parts(self) -> None:
        self._context.setJobGroup(self._group, f"spillway: a part of the {self._what}", True)
        try:
            while True:
                part = self._work.take()
                if part is None:
                    return
                self._work.put(self._done_by_spark(part))
        except Exception as failure:  # noqa: BLE001: whatever Spark says of a job that failed
            self._work.fail(f"a part of the {self._what} failed in Spark: {_reason_of(failure)}")

    def _done_by_spark(self, part: str) -> bytes:
        do = self._do

        def do_all(parts: Any) -> Any:
            return [do(part) for part in parts]

        return self._context.parallelize([part], 1).mapPartitions(do_all).collect()[0]


def _reason_of(failure: BaseException) -> str:
    """What our own code said in the executor, or the first line of Spark's."""
    ours = error_of(failure)
    if ours is not None:
        return f"{ours.code}: {ours.message}"
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    return (lines or [repr(failure)])[0]

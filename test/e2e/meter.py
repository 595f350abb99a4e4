"""What a container was charged, second by second: the server's history and its clock are the judge.

A second is any span of 1,000 ms that begins at a multiple of 10 ms, the first one included.
Where this machine itself stood still (a ticker of 10 ms came more than 20 ms late), nobody can
tell who was late: such seconds are left out, and if they are many the run says nothing.
"""

import json
import pathlib
import subprocess
import sys
from itertools import accumulate

from lake import FULL

STEP_MS = 10
SECOND_STEPS = 100
LATE_MS = 20
TICKER = pathlib.Path(__file__).resolve().parent / "ticker.py"
LEFT_OUT_MAX = 0.01 if FULL else 0.5


class Void(AssertionError):
    """The run says nothing: the machine stood still too often."""


class Ticker:
    """Notes when this machine stood still (ticker.py)."""

    def __init__(self):
        self.late_ms = []

    def __enter__(self):
        words = [sys.executable, str(TICKER), str(STEP_MS), str(LATE_MS)]
        self.process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ticking\n"
        return self

    def __exit__(self, *_):
        told, _ = self.process.communicate()
        self.late_ms = json.loads(told)


class Meter:
    """The charges of a run, from its first to its last write."""

    def __init__(self, writes, ticker=None):
        assert writes, "nothing was written"
        self.start_ms = min(write["time_ms"] for write in writes) // STEP_MS * STEP_MS
        ends_ms = {write["range"]: write["time_ms"] for write in writes}
        self.end_ms = max(ends_ms.values())
        # Until then, every range had something left to do.
        self.backlog_seconds = (min(ends_ms.values()) - self.start_ms) / 1000
        self.steps = [0.0] * ((self.end_ms - self.start_ms) // STEP_MS + 1)
        for write in writes:
            self.steps[(write["time_ms"] - self.start_ms) // STEP_MS] += write["charge"]
        self.sums = [0.0, *accumulate(self.steps)]
        self.dearest_write = max(write["charge"] for write in writes)
        self.late_ms = ticker.late_ms if ticker else []

    @property
    def seconds(self) -> float:
        return len(self.steps) / SECOND_STEPS

    def spent(self, begin: float, end: float) -> float:
        """Between two moments of the run, in seconds."""
        first, last = (min(int(at * SECOND_STEPS), len(self.steps)) for at in (begin, end))
        return self.sums[last] - self.sums[first]

    def rate(self, begin: float, end: float) -> float:
        return self.spent(begin, end) / (end - begin)

    def dearest_second(self, begin: float = 0, end: float | None = None) -> float:
        """The most of any second that begins in this part of the run."""
        last = int((self.seconds if end is None else end) * SECOND_STEPS)
        starts = range(int(begin * SECOND_STEPS), max(last, 1))
        counted = [start for start in starts if not self.disturbed(start)]
        if len(counted) < (1 - LEFT_OUT_MAX) * len(starts):
            left_out = len(starts) - len(counted)
            raise Void(f"{left_out} of {len(starts)} seconds were disturbed: {self.late_ms}")
        ends = (min(start + SECOND_STEPS, len(self.steps)) for start in counted)
        return max(self.sums[end] - self.sums[start] for start, end in zip(counted, ends))

    def disturbed(self, start: int) -> bool:
        begin = self.start_ms + start * STEP_MS
        end = begin + SECOND_STEPS * STEP_MS
        return any(late_from < end and late_to > begin for late_from, late_to in self.late_ms)

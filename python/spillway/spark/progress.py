"""What a job has done so far, counted on the driver while its tasks go on, and shown as one line,
in the words of `spillway sync`: rewritten on a terminal, and now and then a new one elsewhere.

The figures are live: an attempt that fails takes its rows out again. The summary at the end counts
the attempts that Spark took.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import sys
import threading
import time
from typing import Any, Callable, Deque, Dict, Mapping, Optional, Tuple

TICK_SECONDS = 0.25
FIRST_LINE_SECONDS = 1.0  # short jobs need none
LINE_SECONDS = 5.0  # where lines are not rewritten
RATE_SECONDS = 1.0  # that what is spent now is measured over


@dataclasses.dataclass
class Use:
    """What an attempt has done, and could do with the limit."""

    rows: int = 0
    cost: float = 0.0  # request units
    requests: int = 0
    throttled_requests: int = 0
    wanted: Optional[float] = None  # part of the limit; None: all it can get
    whole: Optional[float] = None  # the limit, in units a second

    @staticmethod
    def of(found: Mapping[str, Any]) -> Use:
        names = {field.name for field in dataclasses.fields(Use)}
        return Use(**{name: value for name, value in found.items() if name in names})

    def add(self, other: Use) -> None:
        self.rows += other.rows
        self.cost += other.cost
        self.requests += other.requests
        self.throttled_requests += other.throttled_requests


def _screen() -> Any:
    """Looked up each time: a notebook has one for every cell."""
    return sys.stderr


def duration(seconds: float) -> str:
    whole = int(seconds)
    if whole < 60:
        return f"{seconds:.1f} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3_600:,} h {whole % 3_600 // 60} min"


def share(part: float) -> str:
    percent = part * 100
    if 0 < percent < 0.05:
        return "< 0.1 %"
    return f"{percent:.0f} %" if percent >= 10 or percent == int(percent) else f"{percent:.1f} %"


def _line(name: str, picture: Mapping[str, Any]) -> str:
    """`picture`: rows, tasks, pace (rows a second; 0: not known); and where known version,
    rows_total, used, cap, throttled (a share), rejected."""
    rows, total, pace = picture["rows"], picture.get("rows_total"), picture["pace"]
    parts = [f"{name} v{picture['version']}" if "version" in picture else name]
    if total:
        parts.append(share(min(rows / total, 1.0)))
    parts.append(f"{rows:,} / {total:,} rows" if total is not None else f"{rows:,} rows")
    if pace > 0:
        parts.append(f"{pace:,.0f} rows/s")
    if picture.get("used"):
        cap = picture.get("cap")
        parts.append(f"{picture['used']:,.0f} of {cap:,.0f} RU/s" if cap
                     else f"{picture['used']:,.0f} RU/s")
    if picture.get("throttled"):
        parts.append(f"429: {share(picture['throttled'])}")
    if picture.get("rejected"):
        parts.append(f"rejected {picture['rejected']:,}")
    if total and pace > 0:
        parts.append(f"ETA {duration(max(total - rows, 0) / pace)}")
    parts.append(f"{picture['tasks']:,} task{'' if picture['tasks'] == 1 else 's'}")
    return "  ".join(parts)


class Watch:
    """One job, while it goes on. Thread-safe.

    `limit`: that its attempts share ("30%", "8000"). `load`: what a load of a pipeline says of the
    parts that are done (Load.progress), and of its limit.
    """

    def __init__(
        self, name: str, limit: Optional[str] = None, shown: bool = True,
        load: Optional[Callable[[], Dict[str, Any]]] = None
    ) -> None:
        self._name = name
        self._limit = limit
        self._shown = shown
        self._load = load
        self._lock = threading.Lock()
        self._next_line = time.monotonic() + FIRST_LINE_SECONDS
        self._working: Optional[Tuple[float, int]] = None  # since when, and the rows until then
        self._live: Dict[str, Use] = {}
        self._ended = Use()
        self._found: Dict[str, Any] = {}  # of the load
        self._asked = -TICK_SECONDS
        self._rows_before: Optional[int] = None
        self._spent: Deque[Tuple[float, float]] = collections.deque()
        self._line_is_there = False
        self._cap: Optional[float] = None  # known last

    def limit(self) -> Optional[str]:
        """That all attempts share now; None: there is none."""
        with self._lock:
            self._ask_load()
            return self._limit

    def note(self, attempt: str, use: Use) -> None:
        with self._lock:
            self._live[attempt] = use

    def ended(self, attempt: str, use: Use, counts: bool) -> None:
        """`counts`: it wrote all of its rows; else what it cost counts alone."""
        with self._lock:
            self._live.pop(attempt, None)
            self._ended.add(use if counts else dataclasses.replace(use, rows=0))

    def lost(self, attempt: str) -> None:
        """It ended without a word."""
        with self._lock:
            use = self._live.pop(attempt, None)
            if use is not None:
                self._ended.add(dataclasses.replace(use, rows=0))

    def totals(self) -> Use:
        with self._lock:
            return self._totals()

    def tick(self) -> None:
        """To be called every TICK_SECONDS: shows the line."""
        with self._lock:
            self._ask_load()
            now = time.monotonic()
            self._spent.append((now, self._totals().cost))
            while len(self._spent) > 2 and now - self._spent[1][0] >= RATE_SECONDS:
                self._spent.popleft()
            total = self._totals()
            if self._working is None and total.requests:
                self._working = now, total.rows  # tasks take a while to come up
            if not self._shown or now < self._next_line or self._working is None:
                return
            terminal = _screen().isatty() and os.environ.get("TERM", "dumb") != "dumb"
            self._next_line = now + (0.0 if terminal else LINE_SECONDS)
            self._say(_line(self._name, self._picture(now)), terminal)

    def close(self) -> None:
        """The job is over; the load is not asked any more."""
        with self._lock:
            self._shown, self._load = False, None
            if self._line_is_there:
                self._write("\r\x1b[K")
                self._line_is_there = False

    def _totals(self) -> Use:
        total = dataclasses.replace(self._ended)
        for use in self._live.values():
            total.add(use)
        return total

    def _ask_load(self) -> None:
        now = time.monotonic()
        if self._load is None or now - self._asked < TICK_SECONDS / 2:
            return
        self._asked = now
        self._found = self._load()
        self._limit = self._found.get("limit")
        if self._rows_before is None and "rows" in self._found:
            self._rows_before = self._found["rows"]

    def _picture(self, now: float) -> Dict[str, Any]:
        total = self._totals()
        (since, before), (_, cost) = self._spent[0], self._spent[-1]
        self._cap = max((use.whole for use in self._live.values() if use.whole), default=self._cap)
        rows_before = self._rows_before or 0
        picture = {
            **{name: self._found[name] for name in ("version", "rows_total", "rejected")
               if name in self._found},
            "rows": max(rows_before + total.rows, self._found.get("rows", 0)),
            "pace": self._pace(total, now), "tasks": len(self._live),
            "used": (cost - before) / (now - since) if now > since else 0.0,
            "throttled": total.throttled_requests / total.requests if total.requests else 0.0,
        }
        if self._cap is not None:
            picture["cap"] = self._cap
        if "rows_total" in picture:
            picture["rows"] = min(picture["rows"], picture["rows_total"])
        return picture

    def _pace(self, total: Use, now: float) -> float:
        since, rows = self._working or (now, 0)
        return max(total.rows - rows, 0) / (now - since) if now - since >= RATE_SECONDS else 0.0

    def _say(self, line: str, terminal: bool) -> None:
        self._write(f"\r\x1b[K{line}" if terminal else f"{line}\n")
        self._line_is_there = terminal

    @staticmethod
    def _write(text: str) -> None:
        # A notebook that is gone does not end its job.
        with contextlib.suppress(OSError, ValueError):
            _screen().write(text)
            _screen().flush()

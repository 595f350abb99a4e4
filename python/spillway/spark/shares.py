"""Shares: one limit, divided among the attempts at work by what each has use for.

The promise: what all attempts may spend at one instant is together never more than the limit. So a
part that becomes smaller is held for its attempt until that one has said that it knows, or until
what it was granted before has run out; only then somebody else gets it. An attempt that is not
heard from keeps what it has for SHARE_SECONDS, and spends nothing after that.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Dict, List, Optional, Tuple

#: How long a share lasts that is not renewed.
SHARE_SECONDS = 2.0
#: Of the limit, for whoever has use for nothing: enough to begin with at once.
IDLE_PART = 0.002
#: Divisions cost something where attempts are many.
ATTEMPTS_DIVIDED_PER_SECOND = 10_000


def divide(wanted: List[Optional[float]]) -> List[float]:
    """The part of each; together 1. Everyone gets what it has use for (None: all it can get), as
    long as nobody gets less than an equal part for the sake of another's more. What nobody wants is
    divided evenly, for whoever needs it next."""
    wants = [math.inf if part is None else max(part, IDLE_PART) for part in wanted]
    parts = [0.0] * len(wants)
    rest, left = 1.0, len(wants)
    for index in sorted(range(len(wants)), key=wants.__getitem__):
        parts[index] = min(wants[index], rest / left)
        rest -= parts[index]
        left -= 1
    return [part + rest / len(parts) for part in parts]


@dataclasses.dataclass
class _Holder:
    part: float = 0.0  # granted last
    held: float = 0.0  # that it may be spending
    number: int = 0  # of the last grant
    until: float = 0.0  # it spends nothing from then on
    wanted: Optional[float] = None


class Ledger:
    """Who has which part of one limit. Has no clock: `now` never goes back."""

    def __init__(self) -> None:
        self._holders: Dict[str, _Holder] = {}
        self._held = 0.0  # by all
        self._fair: Dict[str, float] = {}
        self._divided = -math.inf

    def ask(
        self, attempt: str, seen: int, wanted: Optional[float], now: float
    ) -> Tuple[int, float]:
        """An attempt asks that has seen the grant of this number (0: none). Its next one: number
        and part, for SHARE_SECONDS."""
        mine = self._holders.get(attempt)
        if mine is None:
            mine = self._holders[attempt] = _Holder()
            self._divided = -math.inf
        mine.wanted = wanted
        if seen == mine.number:
            self._hold(mine, mine.part)
        mine.until = now + SHARE_SECONDS
        self._divide(now)
        free = max(1.0 - (self._held - mine.held), 0.0)
        mine.part = min(self._fair[attempt], free)
        self._hold(mine, max(mine.held, mine.part))
        mine.number += 1
        return mine.number, mine.part

    def gone(self, attempt: str) -> None:
        """It spends nothing any more."""
        holder = self._holders.pop(attempt, None)
        if holder is not None:
            self._hold(holder, 0.0)
            self._divided = -math.inf

    def held(self) -> float:
        """What all together may be spending."""
        return self._held

    def _hold(self, holder: _Holder, part: float) -> None:
        self._held += part - holder.held
        holder.held = part

    def _divide(self, now: float) -> None:
        if now - self._divided < len(self._holders) / ATTEMPTS_DIVIDED_PER_SECOND:
            return
        self._divided = now
        for attempt, holder in list(self._holders.items()):
            if holder.until <= now:
                self._hold(self._holders.pop(attempt), 0.0)
        self._held = math.fsum(holder.held for holder in self._holders.values())
        parts = divide([holder.wanted for holder in self._holders.values()])
        self._fair = dict(zip(self._holders, parts))

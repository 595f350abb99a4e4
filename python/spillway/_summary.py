"""What became of the rows of a session, or of several together."""

from __future__ import annotations

import dataclasses
import json
from typing import Dict, Iterable, List

#: Every row has exactly one of these fates.
FATES = (
    "upserted",
    "deleted",
    "delete_found_nothing",
    "unchanged",
    "superseded",
    "filtered",
    "rejected",
)
#: More about the upserted, where the destination tells.
UPSERTED = ("inserted", "replaced")
#: Of all sessions of a summary together.
REJECTED_LISTED_MAX = 1_000


@dataclasses.dataclass(frozen=True)
class RejectedRow:
    """A row that was refused for good. `row` counts from the first of its session (its task)."""

    row: int
    key: str
    reason: str
    message: str
    session: str = ""


@dataclasses.dataclass
class Summary:
    """Counts that add up: read = the sum of all fates."""

    counts: Dict[str, int] = dataclasses.field(default_factory=dict)
    cost: float = 0.0  # request units
    requests: int = 0
    throttled_requests: int = 0
    bytes_sent: int = 0
    unsure: int = 0  # documents whose last write may still land, after a failure
    rejected_by_reason: Dict[str, int] = dataclasses.field(default_factory=dict)
    rejected: List[RejectedRow] = dataclasses.field(default_factory=list)

    @staticmethod
    def from_json(text: str, session: str = "") -> Summary:
        fields = json.loads(text)
        rows = [RejectedRow(session=session, **row) for row in fields.pop("rejected")]
        fields["counts"].pop("adds_up", None)
        return Summary(rejected=rows, **fields)

    @staticmethod
    def sum(parts: Iterable[Summary]) -> Summary:
        total = Summary()
        for part in parts:
            total._add(part)
        return total

    def _add(self, other: Summary) -> None:
        for mine, others in (
            (self.counts, other.counts),
            (self.rejected_by_reason, other.rejected_by_reason),
        ):
            for name, count in others.items():
                mine[name] = mine.get(name, 0) + count
        self.cost += other.cost
        self.requests += other.requests
        self.throttled_requests += other.throttled_requests
        self.bytes_sent += other.bytes_sent
        self.unsure += other.unsure
        room = REJECTED_LISTED_MAX - len(self.rejected)
        self.rejected.extend(other.rejected[:room])

    def add_superseded(self, changes: int) -> None:
        """Changes that were read, and came to nothing because a later one of their key did."""
        if changes:
            for name in ("read", "superseded"):
                self.counts[name] = self.counts.get(name, 0) + changes

    @property
    def read(self) -> int:
        return self.counts.get("read", 0)

    @property
    def adds_up(self) -> bool:
        return self.read == sum(self.counts.get(fate, 0) for fate in FATES)

    @property
    def formula(self) -> str:
        """ "read 1,000 = upserted 998 + rejected 2"."""
        terms = [f"{fate.replace('_', ' ')} {self.counts[fate]:,}" for fate in FATES
                 if self.counts.get(fate)]
        sign = "=" if self.adds_up else "≠"
        return f"read {self.read:,} {sign} {' + '.join(terms) or 'upserted 0'}"

    def to_json(self) -> str:
        fields = dataclasses.asdict(self)
        for row in fields["rejected"]:
            row.pop("session")
        return json.dumps(fields, ensure_ascii=False)

    def __str__(self) -> str:
        text = (f"{self.formula}; {self.cost:,.0f} RU in {self.requests:,} requests, "
                f"{self.throttled_requests:,} throttled")
        reasons = [f"{rows:,} {reason}" for reason, rows in sorted(self.rejected_by_reason.items())]
        return f"{text}; rejected: {', '.join(reasons)}" if reasons else text

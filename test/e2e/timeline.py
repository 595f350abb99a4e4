"""What the server's write history must be for a table's: no key goes back (docs/contract.md, I2).

Every row has in `v` the version that wrote it, so that a document tells where it comes from. A
delete tells nothing: it is judged as the earliest one that can still be meant.
"""

import bisect


class Timeline:
    """For every key, (category, id), since when it had which state: `v` of its row, or absent."""

    def __init__(self):
        self.states = {}  # key → [(version, v or None)], ascending
        self.version = -1

    def note(self, version: int, rows: dict) -> None:
        """`rows`: key → v of every live row at this version. Versions come in order."""
        assert version == self.version + 1
        self.version = version
        for key in self.states.keys() - rows.keys():
            self._set(key, version, None)
        for key, v in rows.items():
            self._set(key, version, v)

    def _set(self, key, version, v) -> None:
        states = self.states.setdefault(key, [(-1, None)])
        if states[-1][1] != v:
            states.append((version, v))

    def next_version_of(self, key, v, least: int):
        """The earliest version, not before `least`, at which the key had this state; or None."""
        states = self.states.get(key, [(-1, None)])
        first = max(bisect.bisect_right(states, least, key=lambda s: s[0]) - 1, 0)
        for since, state in states[first:]:
            if state == v:
                return max(since, least)
        return None


class Judge:
    """Follows the history of a container whose partition key is /category, from its creation on."""

    def __init__(self, timeline: Timeline):
        self.timeline = timeline
        self.categories = {}  # hash of the partition key → category: a delete tells the hash alone
        self.reached = {}  # key → version that its last write is known to have reached
        self.state = {}  # key → v of the document that is there
        self.writes = 0

    def see(self, writes: list) -> None:
        """`writes`: those since the last call."""
        for write in writes:
            self._apply(write)
        self.writes += len(writes)

    def _apply(self, write) -> None:
        v = None
        if write["operation"] != "delete":
            self.categories[write["epk"]] = write["document"]["category"]
            v = write["document"]["v"]
        key = (self.categories[write["epk"]], write["id"])
        least = self.reached.get(key, -1)
        version = self.timeline.next_version_of(key, v, least)
        assert version is not None, (
            f"{key} went back: {write['operation']} of {v} after version {least}; the table's"
            f" states: {self.timeline.states.get(key)}; write {write}"
        )
        self.reached[key] = version
        self.state[key] = v

    def expect_through(self, version: int) -> None:
        """Every key is at `version` or later: what a checkpoint of that version says."""
        for key in self.timeline.states:
            v = self.state.get(key)
            assert self.timeline.next_version_of(key, v, version) is not None, (
                f"the checkpoint says {version}, and {key} has the state {v}; the table's"
                f" states: {self.timeline.states[key]}"
            )

"""The server's control port: faults, splits, and the history of what was really written."""

import json
import urllib.request

from programs import wait_until

HISTORY_PAGE = 10_000


class Control:
    """The server's control port (docs/emulator.md)."""

    def __init__(self, emulator):
        self.endpoint = emulator.control_endpoint.rstrip("/")

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.loads(reply.read() or b"{}")

    def container(self, name):
        containers = self.ask("GET", "/")["containers"]
        return next((c for c in containers if c["name"] == name), None)

    def split_largest(self, name, window_ms):
        ranges = self.container(name)["ranges"]
        largest = max(ranges, key=lambda r: r["items"])
        body = {"container": name, "range": largest["id"], "window_ms": window_ms}
        self.ask("POST", "/split", body)
        gone = lambda: largest["id"] not in [r["id"] for r in self.container(name)["ranges"]]
        wait_until(gone, f"the split of range {largest['id']}")

    def add_fault(self, seed, **rule) -> int:
        """Adds a rule, drawn from a seed, and returns its number."""
        self.ask("POST", "/faults", {"seed": seed})
        return self.ask("POST", "/faults", rule)["id"]

    def hits(self, rule: int) -> int:
        """How often a rule was met."""
        rules = self.ask("GET", "/faults")["rules"]
        return next(r["hits"] for r in rules if r["id"] == rule)

    def tidy(self):
        self.ask("DELETE", "/faults")
        self.ask("POST", "/history", {"enabled": False})
        self.ask("DELETE", "/history")


class History:
    """The writes that the server applied to a container, in order, as they come."""

    def __init__(self, control, container):
        self.control = control
        self.container = container
        self.next = 0
        control.ask("POST", "/history", {"enabled": True})

    def new(self) -> list:
        """What was applied since the last call."""
        found = []
        while True:
            page = self.control.ask("GET", f"/history?from={self.next}&count={HISTORY_PAGE}")
            assert page["dropped"] == 0, "the server did not keep every write"
            if not page["writes"]:
                return found
            self.next = page["writes"][-1]["number"] + 1
            found += [write for write in page["writes"] if write["container"] == self.container]


def history(control, container) -> list:
    """Every write that the server applied to a container, in order."""
    return History(control, container).new()

"""A pipeline's load in parts, by several processes: the one that plans, and those that do them."""

from __future__ import annotations

import json
from ctypes import byref, c_uint64, c_void_p
from typing import Any, Dict, Mapping

from spillway import _native
from spillway._handle import Writing
from spillway._parts import InParts, taken


class Load(InParts):
    """A sync of a pipeline: it has the lease, the plan and the checkpoint. With `load_only` its
    parts are taken by threads that have them done elsewhere; else all is done here. finish()
    returns {"load": …, "changes": …}, of what was due.
    """

    _kind = "load"

    def progress(self) -> Dict[str, Any]:
        """Of the parts that are done, and the limit of all of them (capi/spillway.h)."""
        return json.loads(_native.call_for_text("spillway_load_progress", self._open()))

    def __enter__(self) -> Load:
        return self


class Part(Writing):
    """Does one part. Used by one thread, but for permit(), share(), progress() and stop()."""

    _kind = "part"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        handle = c_void_p()
        _native.call("spillway_part_open", json.dumps(settings).encode(), byref(handle))
        self._handle = handle

    def run(self, part: str) -> bytes:
        """What became of it, for Load.put."""
        outcome, size = c_void_p(), c_uint64()
        _native.call("spillway_part_run", self._open(), part.encode(), byref(outcome), byref(size))
        return taken(outcome, size)

    def permit(self, monotonic_ns: int, realtime_ns: int) -> None:
        """As WriteSession.permit."""
        if self._handle is not None:
            _native.library().spillway_part_permit(self._handle, monotonic_ns, realtime_ns)

    def __enter__(self) -> Part:
        return self

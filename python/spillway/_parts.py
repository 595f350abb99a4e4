"""Work that one process plans and others do: what a load and a verification have in common on the
side of the one that plans."""

from __future__ import annotations

import ctypes
import json
from ctypes import byref, c_char_p, c_uint64, c_void_p
from typing import Any, Dict, Mapping, Optional

from spillway import _native
from spillway._handle import Handle


class InParts(Handle):
    """Hands out parts, and takes what became of them. Settings as capi/spillway.h has them. Any
    thread may call anything but finish() and close()."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        handle = c_void_p()
        _native.call(f"spillway_{self._kind}_open", json.dumps(settings).encode(), byref(handle))
        self._handle = handle

    def take(self) -> Optional[str]:
        """The next part. Blocks; None: there are no more."""
        part = c_void_p()
        _native.call(f"spillway_{self._kind}_take", self._open(), byref(part))
        if not part:
            return None
        try:
            return (ctypes.cast(part, c_char_p).value or b"").decode()
        finally:
            _native.library().spillway_text_free(part)

    def put(self, outcome: bytes) -> None:
        """What became of a part. May block while earlier ones are looked at."""
        size = c_uint64(len(outcome))
        _native.call(f"spillway_{self._kind}_put", self._open(), outcome, size)

    def fail(self, why: str) -> None:
        """Parts cannot be done: ends it."""
        if self._handle is not None:
            self._function("fail")(self._handle, why.encode())

    def finish(self) -> Dict[str, Any]:
        """Blocks until it has ended; what came of it."""
        return json.loads(_native.call_for_text(f"spillway_{self._kind}_finish", self._open()))


def taken(outcome: c_void_p, size: c_uint64) -> bytes:
    """Bytes that the library gave, which are freed."""
    try:
        return ctypes.string_at(outcome, size.value)
    finally:
        _native.library().spillway_text_free(outcome)

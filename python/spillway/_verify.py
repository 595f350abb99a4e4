"""A pipeline's verification by several processes: the one that compares, and those that read."""

from __future__ import annotations

import ctypes
import json
from ctypes import byref, c_char_p, c_uint64, c_void_p
from typing import Any, Dict, Mapping, Optional

from spillway import _native
from spillway._handle import Handle


class Verify(Handle):
    """Plans, and compares what the parts were reduced to: documents' identities and hashes, on its
    own disk. Parts are taken by threads that have them done elsewhere.

    Settings as capi/spillway.h has them. Any thread may call anything but finish() and close().
    """

    _kind = "verify"

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        handle = c_void_p()
        _native.call("spillway_verify_open", json.dumps(settings).encode(), byref(handle))
        self._handle = handle

    def take(self) -> Optional[str]:
        """The next part. Blocks; None: there are no more."""
        part = c_void_p()
        _native.call("spillway_verify_take", self._open(), byref(part))
        if not part:
            return None
        try:
            return (ctypes.cast(part, c_char_p).value or b"").decode()
        finally:
            _native.library().spillway_text_free(part)

    def put(self, outcome: bytes) -> None:
        """What do_part gave. Blocks while earlier ones are not taken."""
        _native.call("spillway_verify_put", self._open(), outcome, c_uint64(len(outcome)))

    def fail(self, why: str) -> None:
        """Parts cannot be done: ends it."""
        if self._handle is not None:
            _native.library().spillway_verify_fail(self._handle, why.encode())

    def finish(self) -> Dict[str, Any]:
        """Blocks until it has ended: what `spillway verify --output json` prints."""
        return json.loads(_native.call_for_text("spillway_verify_finish", self._open()))

    def __enter__(self) -> Verify:
        return self


def do_part(settings: Mapping[str, Any], part: str) -> bytes:
    """What a part was reduced to, for Verify.put."""
    outcome, size = c_void_p(), c_uint64()
    _native.call("spillway_verify_part", json.dumps(settings).encode(), part.encode(),
                 byref(outcome), byref(size))
    try:
        return ctypes.string_at(outcome, size.value)
    finally:
        _native.library().spillway_text_free(outcome)

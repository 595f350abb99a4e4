"""A pipeline's verification by several processes: the one that compares, and those that read."""

from __future__ import annotations

import json
from ctypes import byref, c_uint64, c_void_p
from typing import Any, Mapping

from spillway import _native
from spillway._parts import InParts, taken


class Verify(InParts):
    """Plans, and compares what the parts were reduced to: documents' identities and hashes, on its
    own disk. Parts are taken by threads that have them done elsewhere. finish() returns what
    `spillway verify --output json` prints.
    """

    _kind = "verify"

    def __enter__(self) -> Verify:
        return self


def do_part(settings: Mapping[str, Any], part: str) -> bytes:
    """What a part was reduced to, for Verify.put."""
    outcome, size = c_void_p(), c_uint64()
    _native.call("spillway_verify_part", json.dumps(settings).encode(), part.encode(),
                 byref(outcome), byref(size))
    return taken(outcome, size)

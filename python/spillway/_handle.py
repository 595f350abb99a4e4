"""What sessions and readers have in common: something of the library's that is open until it is
closed."""

from __future__ import annotations

import json
from ctypes import c_void_p
from types import TracebackType
from typing import Any, Dict, Optional, Type

from spillway import _native
from spillway._errors import SpillwayError


class Handle:
    """Closed by `with`, by close(), or with the object. A closed one answers with an error."""

    # The word for it in messages, which is also that in the names of the library's functions.
    _kind = ""

    def __init__(self) -> None:
        self._handle: Optional[c_void_p] = None

    def stop(self) -> None:
        """Ends it as soon as it is safe; any thread may call it."""
        if self._handle is not None:
            self._function("stop")(self._handle)

    def close(self) -> None:
        """Frees what it holds. A write session that is not finished is given up."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._function("close")(handle)

    def _function(self, name: str):
        return getattr(_native.library(), f"spillway_{self._kind}_{name}")

    def _open(self) -> c_void_p:
        if self._handle is None:
            raise SpillwayError("invalid argument", f"the {self._kind} is closed",
                                "open another one")
        return self._handle

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None) is not None:
            self.close()


class Writing(Handle):
    """What spends request units: a write session, a part of a load."""

    def share(self, part: float, monotonic_ns: int, limit: Optional[str]) -> None:
        """Of one with the option `lent_share`, which spends nothing else: until that moment, by
        time.monotonic_ns(), this part of its limit. `limit`: in place of the one that it was opened
        with; "": none. Any thread may call it."""
        if self._handle is not None:
            text = None if limit is None else limit.encode()
            self._function("share")(self._handle, part, monotonic_ns, text)

    def progress(self) -> Dict[str, Any]:
        """What it has done so far, and what it could do with its limit (capi/spillway.h). Any
        thread may call it."""
        name = f"spillway_{self._kind}_progress"
        return json.loads(_native.call_for_text(name, self._open()))

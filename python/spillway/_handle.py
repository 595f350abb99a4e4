"""What sessions and readers have in common: something of the library's that is open until it is
closed."""

from __future__ import annotations

from ctypes import c_void_p
from types import TracebackType
from typing import Optional, Type

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

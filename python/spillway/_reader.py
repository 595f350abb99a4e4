"""Readers: the documents of a destination as Arrow record batches."""

from __future__ import annotations

import dataclasses
import json
from ctypes import addressof, byref, c_void_p
from types import TracebackType
from typing import Any, Iterator, Optional, Type

from spillway import _native
from spillway._errors import SpillwayError
from spillway._session import Options, text_of


@dataclasses.dataclass(frozen=True)
class ReadSummary:
    """What was read."""

    documents: int = 0
    misfits: int = 0  # values that became NULL because they did not fit their column
    cost: float = 0.0  # request units


class Reader:
    """Iterates over the documents of a destination, or of a part of it, as pyarrow record batches.

    A column takes the top-level field of its name; the column `_rawBody` (a string) takes the whole
    document. `options["read"]` says which part of the keys ("from", "to", of 0 to 1) and whether
    what does not fit a column becomes NULL ("relaxed"); else that is an error.

    Used by one thread at a time, but for stop().
    """

    def __init__(self, options: Options, schema: Any) -> None:
        """`schema`: a pyarrow.Schema."""
        self._schema = schema
        self._handle: Optional[c_void_p] = None
        handle = c_void_p()
        address, keep = _native.export_schema(schema)
        _native.call("spillway_reader_open", text_of(options), address, byref(handle))
        del keep
        self._handle = handle

    def __iter__(self) -> Iterator[Any]:
        import pyarrow

        while True:
            rows = _native.ArrowArray()
            _native.call("spillway_reader_next", self._open(), addressof(rows))
            if not rows.release:
                return
            yield pyarrow.RecordBatch._import_from_c(addressof(rows), self._schema)

    def summary(self) -> ReadSummary:
        return ReadSummary(**json.loads(
            _native.call_for_text("spillway_reader_summary", self._open())))

    def stop(self) -> None:
        """Ends it as soon as possible; any thread may call it."""
        if self._handle is not None:
            _native.library().spillway_reader_stop(self._handle)

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            _native.library().spillway_reader_close(handle)

    def _open(self) -> c_void_p:
        if self._handle is None:
            raise SpillwayError("invalid argument", "the reader is closed", "open another one")
        return self._handle

    def __enter__(self) -> Reader:
        return self

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

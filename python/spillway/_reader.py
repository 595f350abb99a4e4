"""Readers: the documents of a destination as Arrow record batches."""

from __future__ import annotations

import dataclasses
import json
from ctypes import addressof, byref, c_void_p
from typing import Any, Iterator

from spillway import _native
from spillway._handle import Handle
from spillway._session import Options, text_of


@dataclasses.dataclass(frozen=True)
class ReadSummary:
    """What was read."""

    documents: int = 0
    misfits: int = 0  # values that became NULL because they did not fit their column
    cost: float = 0.0  # request units


class Reader(Handle):
    """Iterates over the documents of a destination, or of a part of it, as pyarrow record batches.

    A column takes the top-level field of its name; the column `_rawBody` (a string) takes the whole
    document. `options["read"]` says which part of the keys ("from", "to", of 0 to 1) and whether
    what does not fit a column becomes NULL ("relaxed"); else that is an error.

    Used by one thread at a time, but for stop().
    """

    _kind = "reader"

    def __init__(self, options: Options, schema: Any) -> None:
        """`schema`: a pyarrow.Schema."""
        self._schema = schema
        super().__init__()
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

    def __enter__(self) -> Reader:
        return self

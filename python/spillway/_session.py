"""Write sessions: rows in, documents out, and a summary that adds up."""

from __future__ import annotations

import json
from ctypes import byref, c_void_p
from typing import Any, Dict, Mapping

from spillway import _native
from spillway._errors import SpillwayError
from spillway._handle import Writing
from spillway._summary import Summary

#: As spillway.yaml has it: "connection", "destination", "documents", "sync", "throughput"; and of
#: the session itself "memory", "lanes", "rejected_listed", "part_of_more", "permit",
#: "lent_share" (capi/spillway.h).
Options = Mapping[str, Any]


def text_of(options: Options) -> bytes:
    # YAML reads it, which has no pairs of surrogates: characters stand as they are.
    return json.dumps(options, ensure_ascii=False).encode()


def version() -> str:
    """The version of the native library."""
    return _native.library().spillway_version().decode()


def describe(options: Options) -> Dict[str, Any]:
    """Asks the destination what a program has to know: {"place": …, "partition_key": […],
    "read_parts": …}.

    Raises SpillwayError where address, key or name are wrong, so it is a check as well.
    """
    return json.loads(_native.call_for_text("spillway_describe", text_of(options)))


class WriteSession(Writing):
    """Takes Arrow record batches of one schema and brings their rows to a destination.

    Rows of one key keep their order. A row that cannot be written is rejected and listed in the
    summary; more of them than `sync.max_rejected` allows end the session. Nothing is stored on this
    machine: when a session fails, write all of its rows again.

    Used by one thread at a time, but for stop(), permit(), share() and progress(). Batches are
    read in place, without a copy.
    """

    _kind = "session"

    def __init__(self, options: Options, schema: Any, name: str = "") -> None:
        """`schema`: a pyarrow.Schema, or anything with `__arrow_c_schema__`. `name`: of the
        session, beside its rejected rows."""
        self._name = name
        self._schema = schema
        super().__init__()
        handle = c_void_p()
        address, keep = _native.export_schema(schema)
        _native.call("spillway_session_open", text_of(options), address, byref(handle))
        del keep
        self._handle = handle

    def write(self, batch: Any) -> None:
        """Blocks while the session's memory is full. `batch`: a pyarrow.RecordBatch, or anything
        with `__arrow_c_array__`, of the session's schema."""
        schema = getattr(batch, "schema", None)
        if schema is not None and schema is not self._schema and schema != self._schema:
            raise SpillwayError("invalid argument", "the batch has not the schema of the session: "
                                f"{schema} instead of {self._schema}", "open another session")
        address, keep = _native.export_batch(batch)
        _native.call("spillway_session_write", self._open(), address)
        del keep

    def permit(self, monotonic_ns: int, realtime_ns: int) -> None:
        """Of a session with the option `permit`, which sends nothing else: it may send until both
        moments, by time.monotonic_ns() and time.time_ns(). Any thread may call it."""
        if self._handle is not None:
            _native.library().spillway_session_permit(self._handle, monotonic_ns, realtime_ns)

    def finish(self) -> Summary:
        """Returns when every row has its fate. No write after it."""
        _native.call("spillway_session_finish", self._open())
        return self.summary()

    def summary(self) -> Summary:
        """What became of the rows so far; also after an error."""
        text = _native.call_for_text("spillway_session_summary", self._open())
        return Summary.from_json(text, self._name)

    def __enter__(self) -> WriteSession:
        return self

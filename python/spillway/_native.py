"""libspillway.so through ctypes: the C interface of capi/spillway.h, and nothing more.

The library is loaded by the first call, not by the import: Spark forks its Python workers from a
process that has imported everything, and threads do not survive that.
"""

from __future__ import annotations

import ctypes
import functools
import os
import pathlib
from ctypes import (POINTER, byref, c_char_p, c_double, c_int32, c_int64, c_uint32, c_uint64,
                    c_void_p)
from typing import Any, Tuple

from spillway._errors import SpillwayError

ABI_VERSION = 1
#: Another library than the package's own: for its developers.
LIBRARY_VARIABLE = "SPILLWAY_LIBRARY"


class _Error(ctypes.Structure):
    _fields_ = [
        ("code", c_int32),
        ("code_name", c_char_p),
        ("message", c_char_p),
        ("hint", c_char_p),
    ]


# As Arrow's C data interface lays them out: what the library takes by pointer and moves from.
class ArrowSchema(ctypes.Structure):
    _fields_ = [
        ("format", c_char_p),
        ("name", c_char_p),
        ("metadata", c_void_p),
        ("flags", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


class ArrowArray(ctypes.Structure):
    _fields_ = [
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", c_void_p),
        ("children", c_void_p),
        ("dictionary", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


def _path() -> str:
    given = os.environ.get(LIBRARY_VARIABLE)
    return given or str(pathlib.Path(__file__).resolve().parent / "lib" / "libspillway.so")


def _declare(library: ctypes.CDLL) -> None:
    def function(name: str, result: Any, *arguments: Any) -> None:
        declared = getattr(library, name)
        declared.restype, declared.argtypes = result, list(arguments)

    error = POINTER(_Error)
    text = POINTER(c_void_p)
    function("spillway_abi_version", c_uint32)
    function("spillway_version", c_char_p)
    function("spillway_error_clear", None, error)
    function("spillway_text_free", None, c_void_p)
    function("spillway_describe", c_int32, c_char_p, text, error)
    function("spillway_session_open", c_int32, c_char_p, c_void_p, POINTER(c_void_p), error)
    function("spillway_session_write", c_int32, c_void_p, c_void_p, error)
    function("spillway_session_finish", c_int32, c_void_p, error)
    function("spillway_session_summary", c_int32, c_void_p, text, error)
    function("spillway_session_permit", None, c_void_p, c_int64, c_int64)
    function("spillway_session_share", None, c_void_p, c_double, c_int64, c_char_p)
    function("spillway_session_progress", c_int32, c_void_p, text, error)
    function("spillway_session_stop", None, c_void_p)
    function("spillway_session_close", None, c_void_p)
    function("spillway_load_open", c_int32, c_char_p, POINTER(c_void_p), error)
    function("spillway_load_take", c_int32, c_void_p, text, error)
    function("spillway_load_put", c_int32, c_void_p, c_char_p, c_uint64, error)
    function("spillway_load_fail", None, c_void_p, c_char_p)
    function("spillway_load_progress", c_int32, c_void_p, text, error)
    function("spillway_load_finish", c_int32, c_void_p, text, error)
    function("spillway_load_stop", None, c_void_p)
    function("spillway_load_close", None, c_void_p)
    function("spillway_part_open", c_int32, c_char_p, POINTER(c_void_p), error)
    function("spillway_part_run", c_int32, c_void_p, c_char_p, text, POINTER(c_uint64), error)
    function("spillway_part_permit", None, c_void_p, c_int64, c_int64)
    function("spillway_part_share", None, c_void_p, c_double, c_int64, c_char_p)
    function("spillway_part_progress", c_int32, c_void_p, text, error)
    function("spillway_part_stop", None, c_void_p)
    function("spillway_part_close", None, c_void_p)
    function("spillway_verify_open", c_int32, c_char_p, POINTER(c_void_p), error)
    function("spillway_verify_take", c_int32, c_void_p, text, error)
    function("spillway_verify_put", c_int32, c_void_p, c_char_p, c_uint64, error)
    function("spillway_verify_fail", None, c_void_p, c_char_p)
    function("spillway_verify_finish", c_int32, c_void_p, text, error)
    function("spillway_verify_stop", None, c_void_p)
    function("spillway_verify_close", None, c_void_p)
    function("spillway_verify_part", c_int32, c_char_p, c_char_p, text, POINTER(c_uint64), error)
    function("spillway_reader_open", c_int32, c_char_p, c_void_p, POINTER(c_void_p), error)
    function("spillway_reader_next", c_int32, c_void_p, c_void_p, error)
    function("spillway_reader_summary", c_int32, c_void_p, text, error)
    function("spillway_reader_stop", None, c_void_p)
    function("spillway_reader_close", None, c_void_p)


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    """The library, loaded by the first caller. Calls into it release the interpreter's lock."""
    path = _path()
    try:
        loaded = ctypes.CDLL(path, mode=os.RTLD_LOCAL | os.RTLD_NOW)
    except OSError as failure:
        raise SpillwayError("unsupported", f"the library of Spillway cannot be loaded: {failure}",
                            "install the wheel `spillway` for Linux on x86-64") from None
    _declare(loaded)
    found = loaded.spillway_abi_version()
    if found != ABI_VERSION:
        raise SpillwayError("unsupported", f"{path} has version {found} of the C interface, and "
                            f"this package needs {ABI_VERSION}", "install one wheel alone")
    return loaded


def call(name: str, *arguments: Any) -> None:
    """Calls a function that can fail; raises SpillwayError when it does."""
    error = _Error()
    code = getattr(library(), name)(*arguments, byref(error))
    if code == 0:
        return
    texts = [(part or b"").decode() for part in (error.code_name, error.message, error.hint)]
    library().spillway_error_clear(byref(error))
    raise SpillwayError(*texts)


def call_for_text(name: str, *arguments: Any) -> str:
    """The same for a function whose last argument but the error receives a text."""
    text = c_void_p()
    call(name, *arguments, byref(text))
    try:
        return (ctypes.cast(text, c_char_p).value or b"").decode()
    finally:
        library().spillway_text_free(text)


def _pointer(capsule: Any, name: bytes) -> int:
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = c_void_p, [ctypes.py_object, c_char_p]
    return get(capsule, name)


# Each returns the address of the struct, and what must live until the call that moves from it.


def export_schema(schema: Any) -> Tuple[int, Any]:
    if hasattr(schema, "__arrow_c_schema__"):
        capsule = schema.__arrow_c_schema__()
        return _pointer(capsule, b"arrow_schema"), capsule
    if hasattr(schema, "_export_to_c"):  # pyarrow before 14
        struct = ArrowSchema()
        schema._export_to_c(ctypes.addressof(struct))
        return ctypes.addressof(struct), struct
    raise TypeError(f"{type(schema).__name__} is no Arrow schema")


def export_batch(batch: Any) -> Tuple[int, Any]:
    if hasattr(batch, "__arrow_c_array__"):
        capsules = batch.__arrow_c_array__()
        return _pointer(capsules[1], b"arrow_array"), capsules
    if hasattr(batch, "_export_to_c"):
        struct = ArrowArray()
        batch._export_to_c(ctypes.addressof(struct))
        return ctypes.addressof(struct), struct
    raise TypeError(f"{type(batch).__name__} is no Arrow record batch")

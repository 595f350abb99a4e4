"""A schema for a DataFrame, made from some documents.

    int → long, or double where one is too large; int and float → double; objects → struct of all
    their fields; what has several types, and what is always null → string (the JSON of it).
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, Optional, Sequence

from pyspark.sql import types as T

SYSTEM_PROPERTIES = ("_rid", "_self", "_etag", "_attachments")
TIMESTAMP = "_ts"
_LONG_MAX = 2**63


class _Object(Dict[str, Any]):
    """Fields of objects, in the order in which they were seen first."""


class _Array:
    def __init__(self, element: Any) -> None:
        self.element = element


def _kind(value: Any) -> Any:
    """What a value is: None (null), a name of a simple type, _Object or _Array."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "long" if -_LONG_MAX <= value < _LONG_MAX else "double"
    if isinstance(value, float):
        return "double"
    if isinstance(value, dict):
        return _Object((name, _kind(inner)) for name, inner in value.items())
    if isinstance(value, list):
        element = None
        for inner in value:
            element = _merged(element, _kind(inner))
        return _Array(element)
    return "string"


def _merged(a: Any, b: Any) -> Any:
    if a is None or b is None:
        return a if b is None else b
    if isinstance(a, _Object) and isinstance(b, _Object):
        for name, kind in b.items():
            a[name] = _merged(a.get(name), kind)
        return a
    if isinstance(a, _Array) and isinstance(b, _Array):
        return _Array(_merged(a.element, b.element))
    if isinstance(a, str) and a == b:
        return a
    return "double" if {str(a), str(b)} == {"long", "double"} else "string"


_SIMPLE = {"boolean": T.BooleanType, "long": T.LongType, "double": T.DoubleType,
           "string": T.StringType}


def _type(kind: Any) -> T.DataType:
    if isinstance(kind, _Object):
        # Without a field there is no struct to speak of.
        return _struct(kind) if kind else T.StringType()
    if isinstance(kind, _Array):
        return T.ArrayType(_type(kind.element))
    return _SIMPLE[kind or "string"]()


def _struct(fields: _Object) -> T.StructType:
    return T.StructType([T.StructField(name, _type(kind)) for name, kind in fields.items()])


def infer(
    documents: Iterable[str], system_properties: bool = False, timestamp: bool = False,
    columns: Optional[Sequence[str]] = None,
) -> T.StructType:
    """Of documents as text. Without documents: a column `id`. `columns`: these, in this order,
    whatever they are called; one that no document has is a string."""
    found: Optional[_Object] = None
    for document in documents:
        found = _merged(found, _kind(json.loads(document)))
    fields = found or _Object(id="string")
    if columns is not None:
        return _struct(_Object((name, fields.get(name)) for name in columns))
    left_out = set(() if system_properties else SYSTEM_PROPERTIES)
    if not timestamp and not system_properties:
        left_out.add(TIMESTAMP)
    return _struct(_Object((name, kind) for name, kind in fields.items() if name not in left_out))

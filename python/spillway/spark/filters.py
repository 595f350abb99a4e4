"""Filters of Spark as conditions in the service's SQL.

A condition holds for every document whose row Spark would keep, and maybe for some more: columns
are made of documents by rules of their own (a double of the text "NaN", a string of a number's
JSON, a timestamp of text or of a number), and what those do the condition allows for. Where it
holds for others too, Spark looks at its filter once more; so a filter is said exactly, or it is
said and handed back, or only handed back.

What makes the difference, type by type:

    integers            beyond 2^53 the service compares doubles; a fraction is no value
    float, double       the texts "NaN", "Infinity", "-Infinity" are values; float rounds
    decimal             the service compares doubles; texts are values
    string              of what is no text it is the JSON; orders agree below U+D800 alone
    date, timestamp     numbers or text; text may stand in any time zone
    NULL                missing, null, or (where misfits become NULL) of another type
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from pyspark.sql import types as T

#: What the service, too, keeps to the last digit.
EXACT_MAX = 2**53
#: More values than this, or longer texts, are not said.
VALUES_MAX = 256
TEXT_MAX = 4_096
#: Values of `In` that are said one by one where each takes a range; of more, from the least to the
#: greatest.
RANGES_MAX = 8
#: From here on the orders of code points and of UTF-16 differ.
ORDER_AGREES_BELOW = "\ud800"
_DAY = datetime.timedelta(days=1)
_EPOCH = datetime.datetime(1970, 1, 1)
_COMPARISONS = {"EqualTo": "=", "EqualNullSafe": "=", "GreaterThan": ">",
                "GreaterThanOrEqual": ">=", "LessThan": "<", "LessThanOrEqual": "<="}
_FUNCTIONS = {"StringStartsWith": "STARTSWITH", "StringEndsWith": "ENDSWITH",
              "StringContains": "CONTAINS"}
_NUMBER_TEXTS = '("NaN","Infinity","-Infinity")'


@dataclasses.dataclass
class Condition:
    """Of documents; `left`: the filters that Spark looks at (again)."""

    text: str = ""  # empty: every document
    parameters: List[Dict[str, Any]] = dataclasses.field(default_factory=list)
    left: List[Any] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class _Said:
    text: str
    exact: bool = False


class _CannotSay(Exception):
    pass


def path_of(names: Sequence[str]) -> str:
    """A field of a document. Names may hold anything."""
    return "c" + "".join(f"[{json.dumps(name)}]" for name in names)


def select(columns: Optional[Sequence[str]], condition: Condition) -> Tuple[str, str]:
    """A query for some fields of documents, or whole ones, and its parameters as JSON."""
    text = "SELECT * FROM c"
    if columns is not None:
        fields = [f"{json.dumps(name)}: {path_of([name])}" for name in columns]
        text = f"SELECT VALUE {{{', '.join(fields)}}} FROM c"
    if condition.text:
        text += f" WHERE {condition.text}"
    return text, json.dumps(condition.parameters)


def condition_of(filters: Sequence[Any], schema: T.StructType, relaxed: bool = False,
                 epoch_millis: bool = False, hidden: Sequence[str] = ()) -> Condition:
    """`filters`: of pyspark.sql.datasource, of which all must hold. `hidden`: columns that are no
    fields of documents."""
    speaker = _Speaker(schema, relaxed, epoch_millis, hidden)
    condition = Condition(parameters=speaker.parameters)
    parts = []
    for one in filters:
        before = len(speaker.parameters)
        try:
            said = speaker.say(one)
        except _CannotSay:
            del speaker.parameters[before:]
            condition.left.append(one)
            continue
        parts.append(said.text)
        if not said.exact:
            condition.left.append(one)
    condition.text = " AND ".join(dict.fromkeys(parts))
    return condition


class _Speaker:
    def __init__(self, schema: T.StructType, relaxed: bool, epoch_millis: bool,
                 hidden: Sequence[str]) -> None:
        self._schema = schema
        self._relaxed = relaxed
        self._epoch_millis = epoch_millis
        self._hidden = set(hidden)
        self.parameters: List[Dict[str, Any]] = []

    def say(self, one: Any) -> _Said:
        name = type(one).__name__
        if not hasattr(one, "attribute"):  # Not, and what comes with later versions
            raise _CannotSay
        kind, path = self._find(one.attribute)
        if name == "IsNull" or (name == "EqualNullSafe" and one.value is None):
            return self._null(kind, path)
        if name == "IsNotNull":
            return _Said(_present(path), _is_plain_string(kind))
        if name in _COMPARISONS:
            return self._compared(kind, path, _COMPARISONS[name], [one.value])
        if name == "In":
            return self._compared(kind, path, "=", [v for v in one.value if v is not None])
        if name in _FUNCTIONS:
            return self._searched(kind, path, name, one.value)
        raise _CannotSay

    def _find(self, attribute: Sequence[str]) -> Tuple[T.DataType, str]:
        kind: T.DataType = self._schema
        if attribute[0] in self._hidden:
            raise _CannotSay
        for name in attribute:
            if not isinstance(kind, T.StructType) or kind.names.count(name) != 1:
                raise _CannotSay
            kind = kind[name].dataType
        return kind, path_of(attribute)

    def _parameter(self, value: Any) -> str:
        if isinstance(value, str) and len(value) > TEXT_MAX:
            raise _CannotSay
        name = f"@p{len(self.parameters)}"
        self.parameters.append({"name": name, "value": value})
        return name

    def _null(self, kind: T.DataType, path: str) -> _Said:
        """A string column alone has a value for whatever is there."""
        text = f"(NOT IS_DEFINED({path}) OR IS_NULL({path}))"
        if _is_plain_string(kind):
            return _Said(text, True)
        if self._relaxed:
            raise _CannotSay
        return _Said(text)

    def _compared(self, kind: T.DataType, path: str, sign: str, values: List[Any]) -> _Said:
        if not values or len(values) > VALUES_MAX:
            raise _CannotSay
        if _is_plain_string(kind):
            return self._strings(path, sign, values)
        if isinstance(kind, T.BooleanType):
            return self._booleans(path, sign, values)
        ranges = _RANGES.get(type(kind))
        if ranges is None:
            raise _CannotSay
        return ranges(self, kind, path, sign, values)

    def _booleans(self, path: str, sign: str, values: List[Any]) -> _Said:
        if sign != "=" or not all(isinstance(value, bool) for value in values):
            raise _CannotSay
        return _Said(self._one_of(path, values), True)

    def _one_of(self, path: str, values: List[Any]) -> str:
        names = [self._parameter(value) for value in values]
        return f"{path} = {names[0]}" if len(names) == 1 else f"{path} IN ({', '.join(names)})"

    # Strings. Of what is no text, the column has the JSON.

    def _strings(self, path: str, sign: str, values: List[Any]) -> _Said:
        if not all(isinstance(value, str) for value in values):
            raise _CannotSay
        if sign == "=":
            said = self._one_of(path, values)
            if not any(_may_be_json(value) for value in values):
                return _Said(said, True)
        else:
            if any(letter >= ORDER_AGREES_BELOW for letter in values[0]):
                raise _CannotSay
            said = f"{path} {sign} {self._parameter(values[0])}"
        return _Said(f"({said} OR {_no_text(path)})")

    def _searched(self, kind: T.DataType, path: str, name: str, value: Any) -> _Said:
        if not _is_plain_string(kind) or not isinstance(value, str) or not value:
            raise _CannotSay
        said = f"{_FUNCTIONS[name]}({path}, {self._parameter(value)})"
        if name == "StringStartsWith" and not _may_begin_json(value):
            return _Said(said, True)
        return _Said(f"({said} OR {_no_text(path)})")

    # What is ordered. Bounds are inclusive, and wide enough.

    def _between(self, path: str, low: Any, high: Any) -> str:
        if low == high:
            return f"{path} = {self._parameter(low)}"
        parts = []
        if low is not None:
            parts.append(f"{path} >= {self._parameter(low)}")
        if high is not None:
            parts.append(f"{path} <= {self._parameter(high)}")
        return " AND ".join(parts)

    def _within(self, path: str, sign: str, values: List[Any],
                bounds: Callable[[Any], Tuple[Any, Any]]) -> str:
        """`bounds`: of a value of a column, the least and the greatest that a document may have for
        it."""
        if sign != "=":
            low, high = bounds(values[0])
            return self._between(path, low if ">" in sign else None, high if "<" in sign else None)
        pairs = [bounds(value) for value in values]
        if len(pairs) > RANGES_MAX:
            pairs = [(min(low for low, _ in pairs), max(high for _, high in pairs))]
        return "(" + " OR ".join(f"({self._between(path, *pair)})" for pair in pairs) + ")"

    def _integers(self, _: T.DataType, path: str, sign: str, values: List[Any]) -> _Said:
        if not all(isinstance(value, int) for value in values):
            raise _CannotSay
        if all(abs(value) < EXACT_MAX for value in values):
            if sign == "=":
                return _Said(self._one_of(path, values))
            return _Said(f"{path} {sign} {self._parameter(values[0])}")
        return _Said(self._within(path, sign, values, lambda value: (float(value), float(value))))

    def _floats(self, kind: T.DataType, path: str, sign: str, values: List[Any]) -> _Said:
        step = 2.0**-22 if isinstance(kind, T.FloatType) else 0.0

        def bounds(value: Any) -> Tuple[float, float]:
            number = float(value)
            if not math.isfinite(number):
                raise _CannotSay
            # Of a float as many digits as it has, and the smallest ones.
            room = max(abs(number) * step, 1e-44 if step else 0.0)
            if not math.isfinite(abs(number) + room):
                raise _CannotSay
            return number - room, number + room

        return _Said(f"({self._within(path, sign, values, bounds)} OR {path} IN {_NUMBER_TEXTS})")

    def _decimals(self, _: T.DataType, path: str, sign: str, values: List[Any]) -> _Said:
        def bounds(value: Any) -> Tuple[float, float]:
            return float(value), float(value)

        return _Said(f"({self._within(path, sign, values, bounds)} OR IS_STRING({path}))")

    def _dates(self, _: T.DataType, path: str, sign: str, values: List[Any]) -> _Said:
        def numbers(value: datetime.date) -> Tuple[int, int]:
            days = (value - _EPOCH.date()).days
            if self._epoch_millis:
                return days * 86_400_000, (days + 1) * 86_400_000
            return days, days

        def texts(value: datetime.date) -> Tuple[str, str]:
            return value.isoformat(), value.isoformat()

        if not all(type(value) is datetime.date for value in values):
            raise _CannotSay
        return _Said(f"({self._within(path, sign, values, numbers)}"
                     f" OR {self._within(path, sign, values, texts)})")

    def _timestamps(self, _: T.DataType, path: str, sign: str, values: List[Any]) -> _Said:
        def numbers(value: datetime.datetime) -> Tuple[float, float]:
            micros = (value - _EPOCH) // datetime.timedelta(microseconds=1)
            if self._epoch_millis:
                return micros // 1_000, -(-micros // 1_000)
            # What no double holds lies between its neighbours.
            near = micros if abs(micros) < EXACT_MAX else float(micros)
            return near, near

        def texts(value: datetime.datetime) -> Tuple[str, str]:
            """Written in any time zone: a day more on either side. A text of the last day goes on
            after its date."""
            try:
                return ((value - _DAY).date().isoformat(), (value + 2 * _DAY).date().isoformat())
            except OverflowError:
                raise _CannotSay from None

        moments = [_without_zone(value) for value in values]
        return _Said(f"({self._within(path, sign, moments, numbers)}"
                     f" OR {self._within(path, sign, moments, texts)})")


_RANGES: Dict[type, Any] = {
    T.ByteType: _Speaker._integers, T.ShortType: _Speaker._integers,
    T.IntegerType: _Speaker._integers, T.LongType: _Speaker._integers,
    T.FloatType: _Speaker._floats, T.DoubleType: _Speaker._floats,
    T.DecimalType: _Speaker._decimals, T.DateType: _Speaker._dates,
    T.TimestampType: _Speaker._timestamps, T.TimestampNTZType: _Speaker._timestamps,
}


def _without_zone(value: Any) -> datetime.datetime:
    if not isinstance(value, datetime.datetime):
        raise _CannotSay
    if value.tzinfo is None:
        return value
    return value.astimezone(datetime.timezone.utc).replace(tzinfo=None)


def _present(path: str) -> str:
    return f"(IS_DEFINED({path}) AND NOT IS_NULL({path}))"


def _no_text(path: str) -> str:
    return f"(IS_DEFINED({path}) AND NOT IS_NULL({path}) AND NOT IS_STRING({path}))"


def _is_plain_string(kind: Optional[T.DataType]) -> bool:
    """Compared as it stands: of no collation, and not padded."""
    return type(kind) is T.StringType and kind == T.StringType()


def _may_be_json(text: str) -> bool:
    """Whether it could be the JSON of what is no text."""
    return text in ("true", "false") or text[:1] in tuple("-0123456789{[")


def _may_begin_json(text: str) -> bool:
    return (text[0] in "-0123456789{[" or "true".startswith(text) or "false".startswith(text))

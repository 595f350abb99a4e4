"""What a document must be for a row: docs/documents.md, checked value by value.

Values are compared by meaning, so that a promise is tested and not a spelling: a timestamp is the
instant it names, a decimal the number it is. The rows come from table_archive.py.
"""

import datetime
import decimal
import struct

SERVICE_PROPERTIES = {"_rid", "_self", "_etag", "_ts", "_attachments"}
DEFAULT_POLICY = {
    "nulls": "keep",
    "timestamps": "iso8601",
    "decimals": "number",
    "inexact_numbers": "reject",
    "non_finite": "reject",
}
NOT_FINITE = {"NaN", "Infinity", "-Infinity"}
UNIX_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Mismatch(AssertionError):
    pass


def expect(condition, where, expected, actual):
    if not condition:
        raise Mismatch(f"{where}: expected {expected!r}, found {actual!r}")


def without_service_properties(document: dict) -> dict:
    return {name: value for name, value in document.items() if name not in SERVICE_PROPERTIES}


def check_documents(about, rows: list, documents: list, columns: list | None = None) -> None:
    """Asserts that the documents are exactly those of the rows: the full sets are compared."""
    by_id = {document["id"]: without_service_properties(document) for document in documents}
    assert len(by_id) == len(documents), "an id is there twice"
    expected = {text_of_id(row[about.key]): row for row in rows}
    assert len(expected) == len(rows), "the table of the test has a key twice"
    assert sorted(by_id) == sorted(expected), "other ids than the table has"
    for key, row in expected.items():
        check_document(about, key, row, by_id[key], columns)


def text_of_id(value) -> str:
    return value if isinstance(value, str) else str(value)


def check_document(about, key, row, document, columns=None) -> None:
    fields = [f for f in about.schema["fields"] if not columns or f["name"] in columns]
    expected_names = {field["name"] for field in fields} | {"id"}
    policies = about.documents
    default = {**DEFAULT_POLICY, **{k: v for k, v in policies.items() if k != "columns"}}
    names = set(document) - set(about.left_out)
    omitted = {f["name"] for f in fields if row[f["name"]] is None and default["nulls"] == "omit"}
    expect(names == expected_names - omitted, key, sorted(expected_names - omitted), sorted(names))
    for field in fields:
        name = field["name"]
        if name == "id" or name in omitted:
            continue
        policy = {**default, **policies.get("columns", {}).get(name, {})}
        check_value(row[name], field["type"], document[name], policy, f"{key}.{name}")


def check_value(expected, kind, actual, policy, where) -> None:
    if expected is None:
        expect(actual is None, where, None, actual)
    elif isinstance(kind, dict):
        check_nested(expected, kind, actual, policy, where)
    elif kind in ("byte", "short", "integer", "long"):
        check_number(decimal.Decimal(expected), actual, policy, where)
    elif kind.startswith("decimal"):
        if policy["decimals"] == "string":
            check_digits(decimal.Decimal(expected), actual, where)
        else:
            check_number(decimal.Decimal(expected), actual, policy, where)
    elif kind in ("float", "double"):
        check_float(expected, kind, actual, policy, where)
    elif kind in ("timestamp", "timestamp_ntz", "date"):
        check_time(expected, kind, actual, policy, where)
    elif kind == "variant":
        expect(actual == expected["variant"], where, expected["variant"], actual)
    else:
        same = type(actual) is type(expected) and actual == expected
        expect(same, where, expected, actual)


def check_nested(expected, kind, actual, policy, where) -> None:
    match kind["type"]:
        case "struct":
            expect(isinstance(actual, dict), where, expected, actual)
            kinds = {field["name"]: field["type"] for field in kind["fields"]}
            check_members(expected, kinds, actual, policy, where)
        case "map":
            expect(isinstance(actual, dict), where, expected, actual)
            kinds = dict.fromkeys(expected, kind["valueType"])
            check_members(expected, kinds, actual, policy, where)
        case "array":
            expect(isinstance(actual, list), where, expected, actual)
            expect(len(actual) == len(expected), where, expected, actual)
            for i, (left, right) in enumerate(zip(expected, actual)):
                check_value(left, kind["elementType"], right, policy, f"{where}[{i}]")
        case other:
            raise Mismatch(f"{where}: a test for the type {other} is missing")


def check_members(expected, kinds, actual, policy, where) -> None:
    expect(set(actual) == set(expected), where, expected, actual)
    for name, value in expected.items():
        check_value(value, kinds[name], actual[name], policy, f"{where}.{name}")


def survives_double(number: decimal.Decimal) -> bool:
    """Whether a double names this number: its shortest text is the number again."""
    return decimal.Decimal(repr(float(number))) == number


def check_number(expected, actual, policy, where) -> None:
    if survives_double(expected) or policy["inexact_numbers"] == "number":
        is_number = isinstance(actual, (int, float)) and not isinstance(actual, bool)
        expect(is_number and float(actual) == float(expected), where, expected, actual)
    else:
        expect(policy["inexact_numbers"] == "string", where, "a rejected row", actual)
        check_digits(expected, actual, where)


def check_digits(expected, actual, where) -> None:
    expect(isinstance(actual, str), where, str(expected), actual)
    expect(decimal.Decimal(actual) == expected, where, str(expected), actual)


def check_float(expected, kind, actual, policy, where) -> None:
    if expected in NOT_FINITE:
        expect(policy["non_finite"] != "reject", where, "a rejected row", actual)
        wanted = expected if policy["non_finite"] == "string" else None
        expect(actual == wanted, where, wanted, actual)
        return
    is_number = isinstance(actual, (int, float)) and not isinstance(actual, bool)
    expect(is_number, where, expected, actual)
    if kind == "float":
        same = struct.pack("f", expected) == struct.pack("f", actual)
    else:
        same = float(actual) == expected
    # -0.0 equals 0.0: numbers are compared as the service compares them.
    expect(same or float(actual) == expected, where, expected, actual)


def check_time(expected, kind, actual, policy, where) -> None:
    if policy["timestamps"] == "iso8601":
        expect(isinstance(actual, str), where, expected, actual)
        if kind == "date":
            expect(actual == expected, where, expected, actual)
        elif kind == "timestamp":
            expect(actual.endswith("Z"), where, "an instant in UTC", actual)
            expect(instant(actual) == instant(expected), where, expected, actual)
        else:
            expect(not actual.endswith("Z") and "+" not in actual, where, "no time zone", actual)
            expect(instant(actual) == instant(expected), where, expected, actual)
        return
    unit = 1000 if policy["timestamps"] == "epoch_ms" else 1
    expect(actual == microseconds(expected) // unit, where, expected, actual)


def instant(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


def microseconds(text: str) -> int:
    return (instant(text) - UNIX_EPOCH) // datetime.timedelta(microseconds=1)


def with_epoch_times(row: dict) -> dict:
    """A row's times as microseconds since 1970, as the connector writes them."""
    micro = datetime.timedelta(microseconds=1)
    return {name: (value - UNIX_EPOCH) // micro if isinstance(value, datetime.datetime) else value
            for name, value in row.items()}

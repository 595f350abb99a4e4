"""Random documents with awkward values, a schema to read them by, and random filters over it."""

import datetime
import decimal
import random

SCHEMA = ("id string, category string, s string, l long, i int, y byte, d double, f float, "
          "m decimal(10,2), b boolean, day date, at timestamp, local timestamp_ntz, "
          "list array<long>, o struct<a:long,s:string,deep:struct<x:double>>, "
          "`na\"me \\ ü😀` string")
ODD_NAME = 'na"me \\ ü😀'
MICROS = 1_709_294_400_000_000  # 2024-03-01T12:00
DAY = 19_783

TEXTS = ["", "a", "ab", "abc", "b", "B", "Z", "é", "e\u0301", "z\uffee", "z\U0001f600", "true",
         "5", "[1]", '{"a":1}', "false", "null", "NaN", " a", "a'b", 'a"b\\c', "%", "a%",
         "\u0000", "A\tb"]
INTEGERS = [0, 1, -1, 2, 5, 7, 127, 128, -128, 1000, 2**31 - 1, 2**31, 2**53 - 1, 2**53,
            2**53 + 1, 2**53 + 2, -2**53 - 1, 2**63 - 1, -2**63]
DOUBLES = [0.0, -0.0, 0.1, 0.25, -1.5, 5.0, 16777217.0, 0.30000001192092896, 1e-45, 3.4e38, 1e39,
           1e300, -1e300, 5.5]
NUMBER_TEXTS = ["NaN", "Infinity", "-Infinity", "nan", "5"]
MONEY = ["0.10", "12.34", "5", "-0.01", "99999999.99", "12.345", "1e2", "0.1"]
DATES = ["2024-03-01", "2024-02-29", "0001-01-01", "9999-12-31", "2024-13-01", "1969-12-31"]
TIMES = ["2024-03-01T12:00:00Z", "2024-03-01T12:00:00", "2024-03-01 14:00:00+02:00",
         "2024-02-29T23:30:00-18:00", "2024-03-01", "2024-03-02T05:00:00+18:00", "0001-01-01",
         "9999-12-31T23:59:59.999999Z", "noon"]
ANY = [None, True, False, 5, 5.5, -0.01, "a", "5", "true", [], [1], {}, {"a": 1},
       {"a": "x", "s": 5}]

FITTING = {
    "s": lambda dice: dice.choice(TEXTS),
    "l": lambda dice: dice.choice(INTEGERS[:-2]),
    "i": lambda dice: dice.choice([n for n in INTEGERS if -2**31 <= n < 2**31]),
    "y": lambda dice: dice.choice([n for n in INTEGERS if -128 <= n < 128]),
    "d": lambda dice: dice.choice(DOUBLES + INTEGERS[:-2] + NUMBER_TEXTS[:3]),
    "f": lambda dice: dice.choice([*DOUBLES[:-4], 5.5, *NUMBER_TEXTS[:3]]),
    "m": lambda dice: dice.choice([0.1, 12.34, 5, -0.01, 99999999.99, *MONEY[:5]]),
    "b": lambda dice: dice.random() < 0.5,
    "day": lambda dice: dice.choice([DAY, DAY - 1, 0, -719162, *DATES[:4]]),
    "at": lambda dice: dice.choice([MICROS, MICROS + 1, 0, -1, *TIMES[:-1]]),
    "local": lambda dice: dice.choice([MICROS, MICROS - 1, 0, *TIMES[:-1]]),
    "list": lambda dice: [dice.randint(0, 3) for _ in range(dice.randint(0, 3))],
    ODD_NAME: lambda dice: dice.choice(TEXTS),
}


def _inner(dice, value):
    inner = {"a": value("l"), "s": value("s"), "deep": {"x": value("d")}}
    return {name: inner[name] for name in inner if dice.random() < 0.8}


def documents(seed: int, count: int, fitting: bool) -> list:
    """`fitting`: every value is one of its column's type, null or missing."""
    dice = random.Random(seed)
    pool = [*ANY, *TEXTS, *INTEGERS, *DOUBLES, *NUMBER_TEXTS, *MONEY, *DATES, *TIMES,
            MICROS, DAY]

    def value(name):
        if dice.random() < 0.1:
            return None
        if not fitting and dice.random() < 0.4:
            return dice.choice(pool)
        return FITTING[name](dice)

    made = []
    for number in range(count):
        document = {name: value(name) for name in FITTING}
        document["o"] = _inner(dice, value) if fitting or dice.random() < 0.8 else dice.choice(pool)
        document = {name: found for name, found in document.items() if dice.random() < 0.85}
        made.append({"id": f"d{number}", "category": f"c{number % 11}", **document})
    return made


def _literals(dice, column, count=1):
    utc = datetime.timezone.utc
    noon = datetime.datetime(2024, 3, 1, 12)
    naive = [noon, noon + datetime.timedelta(microseconds=1), datetime.datetime(1970, 1, 1),
             noon - datetime.timedelta(days=1), datetime.datetime(2024, 3, 1, 6),
             datetime.datetime(9999, 12, 31)]
    pools = {
        "string": TEXTS, "long": INTEGERS, "int": [0, 1, 5, 2**31 - 1, -1], "byte": [0, 1, 5, 127],
        "double": [*DOUBLES, float("nan"), float("inf")],
        "float": [0.1, 0.25, 5.0, 16777216.0, 3.4e38, float("nan")],
        "decimal": [decimal.Decimal(text) for text in ("0.10", "12.34", "5.00", "99999999.99")],
        "boolean": [True, False],
        "date": [datetime.date(2024, 3, 1), datetime.date(2024, 2, 29),
                 datetime.date(1969, 12, 31)],
        "timestamp": [moment.replace(tzinfo=utc) for moment in naive], "timestamp_ntz": naive,
    }
    return [dice.choice(pools[column]) for _ in range(count)]


COLUMNS = {"s": "string", "l": "long", "i": "int", "y": "byte", "d": "double", "f": "float",
           "m": "decimal", "b": "boolean", "day": "date", "at": "timestamp",
           "local": "timestamp_ntz", "o.a": "long", "o.s": "string", "o.deep.x": "double",
           f"`{ODD_NAME}`": "string", "id": "string", "category": "string"}
UNTYPED = ["list", "o", "o.deep"]


def _condition(dice, F):
    name = dice.choice(list(COLUMNS))
    kind, column = COLUMNS[name], F.col(name)
    roll = dice.random()
    if roll < 0.1:
        other = F.col(dice.choice([name, *UNTYPED]))
        return other.isNull() if dice.random() < 0.5 else other.isNotNull()

    def literal(value):
        if kind == "string" or isinstance(value, bool):
            return F.lit(value)
        return F.lit(value).cast({"decimal": "decimal(10,2)"}.get(kind, kind))

    if roll < 0.3 and kind == "string":
        part = dice.choice(TEXTS)
        return dice.choice([column.startswith, column.endswith, column.contains])(part)
    if roll < 0.45:
        count = dice.choice([2, 3, 12])
        return column.isin(*[literal(value) for value in _literals(dice, kind, count)])
    value = literal(_literals(dice, kind)[0])
    said = dice.choice([column == value, column != value, column > value, column >= value,
                        column < value, column <= value, column.eqNullSafe(value)])
    return ~said if dice.random() < 0.15 else said


def filters(seed: int, count: int, F) -> list:
    """Lists of conditions, of which all must hold. `F`: pyspark.sql.functions."""
    dice = random.Random(seed)
    return [[_condition(dice, F) for _ in range(dice.choice([1, 1, 1, 2, 3]))]
            for _ in range(count)]

"""Random documents and random queries over them, each query in two languages: that of Cosmos DB
and that of DuckDB, where both mean the same.

What a document lacks is undefined in one and NULL in the other: both leave a comparison neither
true nor false, and aggregates skip both. So properties are missing now and then, and none is null.
Numbers are doubles, exact under addition; strings are ASCII.
"""

import dataclasses
import random

LETTERS = "abAB %_-"
GROUPS = ["north", "south", "west"]
DOCUMENTS = 40
DEPTH_MAX = 3

# Of the DuckDB table that has the documents; `m` is often missing.
COLUMNS = ("id VARCHAR, k DOUBLE, n DOUBLE, f DOUBLE, m DOUBLE, s VARCHAR, g VARCHAR, b BOOLEAN, "
           "a DOUBLE[]")


@dataclasses.dataclass
class Query:
    """`ordered`: the order of the rows is part of the answer."""

    cosmos: str
    duckdb: str
    ordered: bool = False


class Both:
    """An expression in both languages."""

    def __init__(self, cosmos: str, duckdb: str):
        self.cosmos = cosmos
        self.duckdb = duckdb

    def within(self, cosmos: str, duckdb: str) -> "Both":
        """The same around it; {} is its place."""
        return Both(cosmos.format(self.cosmos), duckdb.format(self.duckdb))


def column(name: str) -> Both:
    return Both(f"c.{name}", name)


def both(form: str, *parts: Both) -> Both:
    """One form for both languages."""
    return Both(form.format(*(p.cosmos for p in parts)), form.format(*(p.duckdb for p in parts)))


def quoted(text: str) -> Both:
    """REQUIRES: no quotes and no backslashes, which the languages escape differently."""
    return Both(f'"{text}"', f"'{text}'")


def make_documents(dice: random.Random) -> list[dict]:
    documents = []
    for number in range(DOCUMENTS):
        document = {
            "id": f"d{number}", "k": number, "n": dice.randint(-9, 9),
            "f": dice.randint(-40, 40) / 4, "s": make_text(dice, 6), "g": dice.choice(GROUPS),
            "b": dice.random() < 0.5, "a": [dice.randint(0, 5) for _ in range(dice.randint(0, 4))],
        }
        if dice.random() < 0.6:
            document["m"] = dice.randint(-5, 5)
        documents.append(document)
    return documents


def make_text(dice: random.Random, length_max: int, length_min: int = 0) -> str:
    return "".join(dice.choices(LETTERS, k=dice.randint(length_min, length_max)))


class Dice:
    """Throws queries."""

    def __init__(self, dice: random.Random):
        self.dice = dice

    def choose(self, *makers):
        return self.dice.choice(makers)()

    def number(self, depth: int) -> Both:
        if depth == 0:
            return self.choose(lambda: column(self.dice.choice("nnffmk")), self.number_literal)
        smaller = lambda: self.number(depth - 1)  # noqa: E731
        return self.choose(
            smaller,
            lambda: both(f"({{}} {self.dice.choice('+-*')} {{}})", smaller(), smaller()),
            lambda: both(f"({{}} % {self.dice.randint(1, 5)})", smaller()),
            lambda: both(f"{self.dice.choice(['ABS', 'FLOOR', 'CEILING', 'SIGN'])}({{}})",
                         smaller()),
            lambda: self.text(depth - 1).within("LENGTH({})", "LENGTH({})::DOUBLE"),
            lambda: Both("ARRAY_LENGTH(c.a)", "LEN(a)::DOUBLE"),
            self.index_of,
        )

    def number_literal(self) -> Both:
        value = self.dice.choice([self.dice.randint(-9, 9), self.dice.randint(-40, 40) / 4])
        return both(f"({value})")

    def index_of(self) -> Both:
        sought = quoted(make_text(self.dice, 2, length_min=1))
        return Both(f"INDEX_OF(c.s, {sought.cosmos})",
                    f"(STRPOS(s, {sought.duckdb}) - 1)::DOUBLE")

    def text(self, depth: int) -> Both:
        if depth == 0:
            return self.choose(lambda: column(self.dice.choice("ssg")),
                               lambda: quoted(make_text(self.dice, 4)))
        smaller = lambda: self.text(depth - 1)  # noqa: E731
        count = self.dice.randint(0, 3)
        start = self.dice.randint(0, 3)
        function = self.dice.choice(["UPPER", "LOWER", "REVERSE", "TRIM", "LTRIM", "RTRIM"])
        letter, other = self.dice.choice("abAB"), make_text(self.dice, 2)
        left, right = smaller(), smaller()
        return self.choose(
            smaller,
            lambda: both(f"{function}({{}})", left),
            lambda: both(f"{self.dice.choice(['LEFT', 'RIGHT'])}({{}}, {count})", left),
            lambda: left.within(f"SUBSTRING({{}}, {start}, {count})",
                                f"SUBSTRING({{}}, {start + 1}, {count})"),
            lambda: Both(f"CONCAT({left.cosmos}, {right.cosmos})",
                         f"({left.duckdb} || {right.duckdb})"),
            lambda: left.within(f'REPLACE({{}}, "{letter}", "{other}")',
                                f"REPLACE({{}}, '{letter}', '{other}')"),
        )

    def truth(self, depth: int) -> Both:
        if depth == 0:
            return self.choose(self.comparison, self.comparison, self.string_test,
                               self.array_test, self.defined, self.inside)
        smaller = lambda: self.truth(depth - 1)  # noqa: E731
        return self.choose(
            smaller,
            lambda: both("(NOT {})", smaller()),
            lambda: both("({} AND {})", smaller(), smaller()),
            lambda: both("({} OR {})", smaller(), smaller()),
        )

    def comparison(self) -> Both:
        operator = self.dice.choice(["=", "!=", "<", "<=", ">", ">="])
        depth = self.dice.randint(0, 2)
        make = self.dice.choice([self.number, self.text])
        return both(f"({{}} {operator} {{}})", make(depth), make(depth))

    def inside(self) -> Both:
        if self.dice.random() < 0.5:
            low = self.dice.randint(-9, 9)
            return both(f"({{}} BETWEEN {low} AND {low + self.dice.randint(0, 9)})",
                        self.number(1))
        values = [quoted(self.dice.choice([*GROUPS, make_text(self.dice, 3)])) for _ in range(3)]
        return both("({} IN ({}, {}, {}))", self.text(1), *values)

    def string_test(self) -> Both:
        part = quoted(make_text(self.dice, 2, length_min=1))
        function, theirs = self.dice.choice([("STARTSWITH", "STARTS_WITH"),
                                             ("ENDSWITH", "ENDS_WITH"), ("CONTAINS", "CONTAINS")])
        pattern = quoted("".join(self.dice.choices("abAB%_", k=self.dice.randint(1, 5))))
        text = self.text(1)
        return self.choose(
            lambda: Both(f"{function}({text.cosmos}, {part.cosmos})",
                         f"{theirs}({text.duckdb}, {part.duckdb})"),
            lambda: both("({} LIKE {})", text, pattern),
        )

    def array_test(self) -> Both:
        value = self.dice.randint(0, 5)
        operator = self.dice.choice(["=", "<", ">"])
        return self.choose(
            lambda: Both(f"ARRAY_CONTAINS(c.a, {value})", f"LIST_CONTAINS(a, {value}::DOUBLE)"),
            lambda: Both(f"EXISTS(SELECT VALUE x FROM x IN c.a WHERE x {operator} {value})",
                         f"(LEN(LIST_FILTER(a, lambda x: x {operator} {value})) > 0)"),
        )

    def defined(self) -> Both:
        return self.choose(lambda: Both("IS_DEFINED(c.m)", "(m IS NOT NULL)"),
                           lambda: Both("c.b", "b"))

    def where(self) -> Both:
        return self.truth(self.dice.randint(0, DEPTH_MAX))

    def query(self) -> Query:
        return self.choose(self.ids, self.ids, self.values, self.aggregate, self.groups,
                           self.distinct, self.order, self.join)

    def ids(self) -> Query:
        where = self.where()
        return Query(f"SELECT c.id FROM c WHERE {where.cosmos}",
                     f"SELECT id FROM docs WHERE {where.duckdb}")

    def values(self) -> Query:
        value = self.choose(lambda: self.number(2), lambda: self.text(2))
        where = self.where()
        return Query(f"SELECT c.id, {value.cosmos} AS e FROM c WHERE {where.cosmos}",
                     f"SELECT id, {value.duckdb} AS e FROM docs WHERE {where.duckdb}")

    def aggregate(self) -> Query:
        where = self.where()
        name = self.dice.choice(["COUNT", "SUM", "MIN", "MAX", "AVG"])
        value = column(self.dice.choice("nfk" if name != "COUNT" else "nfm"))
        theirs = f"{name}({value.duckdb})"
        if name == "SUM":
            theirs = f"COALESCE({theirs}, 0)"  # of no rows: 0 in one language, NULL in the other
        return Query(
            f"SELECT {name}({value.cosmos}) AS e, COUNT(1) AS rows FROM c WHERE {where.cosmos}",
            f"SELECT {theirs} AS e, COUNT(1) AS rows FROM docs WHERE {where.duckdb}")

    def groups(self) -> Query:
        where = self.where()
        name = self.dice.choice(["SUM", "MIN", "MAX", "AVG"])
        value = column(self.dice.choice("nf"))
        return Query(
            f"SELECT c.g, COUNT(1) AS rows, COUNT(c.m) AS some, {name}({value.cosmos}) AS e"
            f" FROM c WHERE {where.cosmos} GROUP BY c.g",
            f"SELECT g, COUNT(1) AS rows, COUNT(m) AS some, {name}({value.duckdb}) AS e"
            f" FROM docs WHERE {where.duckdb} GROUP BY g")

    def distinct(self) -> Query:
        where, name = self.where(), self.dice.choice("ngsb")
        return Query(f"SELECT DISTINCT c.{name} AS e FROM c WHERE {where.cosmos}",
                     f"SELECT DISTINCT {name} AS e FROM docs WHERE {where.duckdb}")

    def order(self) -> Query:
        where, direction = self.where(), self.dice.choice(["ASC", "DESC"])
        skipped, taken = self.dice.randint(0, 9), self.dice.randint(1, 20)
        rest = f"ORDER BY {{}} {direction}"
        if self.dice.random() < 0.3:
            return Query(
                f"SELECT TOP {taken} c.id FROM c WHERE {where.cosmos} {rest.format('c.k')}",
                f"SELECT id FROM docs WHERE {where.duckdb} {rest.format('k')} LIMIT {taken}",
                ordered=True)
        return Query(
            f"SELECT c.id FROM c WHERE {where.cosmos} {rest.format('c.k')}"
            f" OFFSET {skipped} LIMIT {taken}",
            f"SELECT id FROM docs WHERE {where.duckdb} {rest.format('k')}"
            f" LIMIT {taken} OFFSET {skipped}",
            ordered=True)

    def join(self) -> Query:
        where, bound = self.where(), self.dice.randint(0, 5)
        return Query(
            f"SELECT c.id, v AS e FROM c JOIN v IN c.a WHERE v >= {bound} AND {where.cosmos}",
            "SELECT id, e FROM (SELECT *, UNNEST(a) AS e FROM docs)"
            f" WHERE e >= {bound} AND {where.duckdb}")

"""Somebody who writes into the container behind our back, with the official client, and remembers
what a proof must find."""

import copy
import json
import random

from documents import without_service_properties
from mirror import identity

EXTRA_FIELD = "somebody_elses"


def other_value(dice: random.Random, value):
    """Of the same type where there is one, and never equal to `value`."""
    if value is None:
        return dice.choice([0, "", False, [], {}])
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return dice.choice([n for n in (-value - 1, value + 1, value / 2) if n != value])
    if isinstance(value, str):
        return dice.choice([t for t in (value + " ", value[1:], "ß", "", None) if t != value])
    if isinstance(value, list):
        return dice.choice([value + [None], value[:-1]] if value else [[None]])
    if isinstance(value, dict):
        return {**value, EXTRA_FIELD: 1}
    raise TypeError(type(value))


def places(value, at=()):
    """Paths of everything inside of a document."""
    if at:
        yield at
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*at, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*at, index))


class Meddler:
    """Plants differences of every kind in a container that holds the `documents`."""

    def __init__(self, container, documents: list, stale: list, key="category"):
        self.container = container
        self.key = key
        self.right = {identity(d, key): without_service_properties(d) for d in documents}
        self.stale = {identity(d, key): without_service_properties(d) for d in stale}
        self.kinds = {}  # how often each was planted; of changes also the type, and the column

    def plant(self, dice: random.Random, count: int) -> dict:
        """By identity what must be found: missing, extra or different."""
        planted = {}
        kinds = [self.miss, self.add, self.change, self.drop_field, self.move, self.go_back]
        while len(planted) < count:
            kind = dice.choice(kinds)
            free = [key for key in self.right if key not in planted]
            found = kind(dice, dice.choice(free))
            if planted.keys() & found.keys():
                continue
            planted |= found
            self.kinds[kind.__name__] = self.kinds.get(kind.__name__, 0) + (1 if found else 0)
        return planted

    def miss(self, dice, key):
        self.container.delete_item(key[1], key[0])
        return {key: "missing"}

    def add(self, dice, key):
        document = {**self.right[key], "id": f"stray-{dice.randrange(10**9)}"}
        self.container.upsert_item(document)
        return {identity(document, self.key): "extra"}

    def change(self, dice, key):
        document = copy.deepcopy(self.right[key])
        path = dice.choice([p for p in places(document) if p[0] not in ("id", self.key)])
        holder = document
        for step in path[:-1]:
            holder = holder[step]
        before = holder[path[-1]]
        holder[path[-1]] = other_value(dice, before)
        for name in (type(before).__name__, f"column {path[0]}"):
            self.kinds[name] = self.kinds.get(name, 0) + 1
        self.container.upsert_item(document)
        return {key: "different"}

    def drop_field(self, dice, key):
        document = copy.deepcopy(self.right[key])
        document.pop(dice.choice([name for name in document if name not in ("id", self.key)]))
        self.container.upsert_item(document)
        return {key: "different"}

    def move(self, dice, key):
        """The same document in another partition."""
        document = {**self.right[key], self.key: f"elsewhere-{dice.randrange(10**9)}"}
        self.container.delete_item(key[1], key[0])
        self.container.upsert_item(document)
        return {key: "missing", identity(document, self.key): "extra"}

    def go_back(self, dice, key):
        """As an older version of the table had it."""
        old = self.stale.get(key)
        if old is None or old == self.right[key]:
            return {}
        self.container.upsert_item(old)
        return {key: "different"}


def found_by(report: dict) -> dict:
    """A report's differences in the same form."""
    return {
        (difference["partition_key"][0], difference["id"]): difference["kind"]
        for difference in report["differences"]
    }


def canonical(document: dict) -> str:
    return json.dumps(without_service_properties(document), sort_keys=True)

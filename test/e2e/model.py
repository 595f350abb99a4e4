"""Random tables for the model test: operations chosen by a seed, on a table written by hand.

Every operation ends in a state that is known row by row, and says which images the feed tells.
"""

import pathlib
import random

import pyarrow as pa

from hand_log import HandTable

CATEGORIES = ["a", "b", "c", "d"]
COLUMNS = {"id": pa.string(), "category": pa.string(), "n": pa.int32(), "note": pa.string()}
LATE_COLUMNS = {"extra": pa.string(), "more": pa.int64()}
ROWS_MAX = 60  # more are deleted again
BEFORE, AFTER, INSERT, DELETE = "update_preimage", "update_postimage", "insert", "delete"


def key(row) -> tuple:
    return (row["category"], row["id"])


class RandomTable:
    """A table, and dice that change it."""

    def __init__(self, path: pathlib.Path, dice: random.Random, scale: int = 1, text: int = 0):
        self.dice = dice
        self.scale = scale  # rows of an operation, times
        self.text = text  # bytes that each row has besides
        self.next_id = 0
        self.done = []  # the operations, for whoever replays
        self.table = HandTable(
            path,
            COLUMNS,
            partition_by=dice.choice([None, None, "category"]),
            feed=dice.random() < 0.6,
            names=lambda: f"{dice.getrandbits(64):016x}",
        )
        self.tells_feed = dice.choice([0.0, 0.8, 1.0])  # how often a rewrite writes change files

    def step(self) -> None:
        operations = [
            *(self.append, self.append, self.delete, self.update, self.update, self.merge),
            *(self.overwrite, self.replace_where, self.move_partition, self.change_keys),
            *(self.swap_keys, self.shift_keys, self.restore, self.optimize, self.switch_feed),
            *(self.add_column, self.comment, self.nothing, self.delete_category, self.rewrite),
        ]
        operation = self.dice.choice(operations)
        if len(self.table.rows()) > ROWS_MAX * self.scale:
            operation = self.delete_category
        self.done.append(operation.__name__)
        operation()

    # What operations are made of.

    def new_row(self) -> dict:
        self.next_id += 1
        # An id may be there in several categories: identity is both.
        number = self.next_id if self.dice.random() < 0.9 else self.dice.randrange(self.next_id)
        return self.with_values({"id": f"k{number}", "category": self.dice.choice(CATEGORIES)})

    def with_values(self, row: dict) -> dict:
        values = {**row, "n": self.dice.randrange(1000)}
        values["note"] = self.dice.choice([None, "", "é\n\"x\"", "x" * self.text or "y"])
        for name in LATE_COLUMNS.keys() & self.table.columns.keys():
            number = self.dice.choice([None, self.dice.randrange(9)])
            is_text = LATE_COLUMNS[name] == pa.string() and number is not None
            values[name] = str(number) if is_text else number
        return values

    def new_rows(self, count: int, taken: set) -> list:
        made = []
        for row in (self.new_row() for _ in range(count * self.scale)):
            if key(row) not in taken:
                taken.add(key(row))
                made.append(row)
        return made

    def taken(self) -> set:
        return {key(row) for row in self.table.rows()}

    def sample(self, share: float) -> list:
        return [row for row in self.table.rows() if self.dice.random() < share]

    def change(self, changes: dict, inserts: list, operation: str) -> None:
        """`changes`: old key → new row, or None for a delete. Their files are rewritten."""
        removed, kept, told = [], [], [(row, INSERT) for row in inserts]
        for path, rows in self.table.files.items():
            if not any(key(row) in changes for row in rows):
                continue
            removed.append(path)
            for row in rows:
                new = changes.get(key(row), row)
                if new is not None:
                    kept.append(new)
                if key(row) in changes:
                    told += [(row, DELETE)] if new is None else [(row, BEFORE), (new, AFTER)]
        feed = self.in_any_order(told) if self.tells(told) else None
        self.table.replace(removed, self.shuffled(kept + inserts), feed, operation)

    def tells(self, told) -> bool:
        return self.table.feed and bool(told) and self.dice.random() < self.tells_feed

    def shuffled(self, rows: list) -> list:
        return self.dice.sample(rows, len(rows))

    def in_any_order(self, told: list) -> list:
        """A feed's rows come in any order, in any number of files."""
        told = self.shuffled(told)
        cut = self.dice.randrange(len(told) + 1)
        return [part for part in (told[:cut], told[cut:]) if part]

    # The operations.

    def append(self) -> None:
        count = self.dice.randrange(1, 12)
        self.table.replace([], self.new_rows(count, self.taken()))

    def delete(self) -> None:
        self.change({key(row): None for row in self.sample(0.2)}, [], "DELETE")

    def update(self) -> None:
        self.change({key(row): self.with_values(row) for row in self.sample(0.3)}, [], "UPDATE")

    def rewrite(self) -> None:
        """Rows that are written anew as they were."""
        self.change({key(row): dict(row) for row in self.sample(0.3)}, [], "UPDATE")

    def merge(self) -> None:
        touched = self.sample(0.3)
        changes = {
            key(row): self.with_values(row) if self.dice.random() < 0.6 else None
            for row in touched
        }
        self.change(changes, self.new_rows(self.dice.randrange(5), self.taken()), "MERGE")

    def overwrite(self) -> None:
        rows = [
            self.with_values(row) if self.dice.random() < 0.5 else dict(row)
            for row in self.sample(0.6)
        ]
        rows += self.new_rows(self.dice.randrange(6), {key(row) for row in rows})
        self.table.replace(list(self.table.files), self.shuffled(rows), None, "WRITE")

    def of_category(self) -> tuple:
        category = self.dice.choice(CATEGORIES)
        return category, [row for row in self.table.rows() if row["category"] == category]

    def delete_category(self) -> None:
        _, rows = self.of_category()
        self.change({key(row): None for row in rows}, [], "DELETE")

    def replace_where(self) -> None:
        category, rows = self.of_category()
        again = [self.with_values(row) for row in rows if self.dice.random() < 0.4]
        taken = self.taken()
        new = [{**row, "category": category} for row in self.new_rows(3, taken)]
        unique = {key(row): row for row in again + new}
        self.change({key(row): None for row in rows}, list(unique.values()), "WRITE")

    def rekey(self, pairs: list, operation: str) -> None:
        """`pairs`: (row, its new key). Leaves it when a key would be there twice."""
        gone = {key(row) for row, _ in pairs}
        rest = [key(row) for row in self.table.rows() if key(row) not in gone]
        new = [to for _, to in pairs]
        if len({*rest, *new}) < len(rest) + len(new):
            return self.nothing()
        changes = {key(row): {**row, "category": to[0], "id": to[1]} for row, to in pairs}
        self.change(changes, [], operation)

    def change_keys(self) -> None:
        pairs = [(row, (row["category"], row["id"] + "-n")) for row in self.sample(0.2)]
        self.rekey([pair for pair in pairs if len(pair[1][1]) < 100], "UPDATE")

    def move_partition(self) -> None:
        category, rows = self.of_category()
        to = self.dice.choice(CATEGORIES)
        self.rekey([(row, (to, row["id"])) for row in rows] if to != category else [], "UPDATE")

    def swap_keys(self) -> None:
        rows = self.sample(0.3)
        self.rekey(list(zip(rows, [key(row) for row in self.shuffled(rows)])), "MERGE")

    def shift_keys(self) -> None:
        """Every key becomes the next one's."""
        rows = self.sample(0.5)
        keys = [key(row) for row in rows]
        self.rekey(list(zip(rows, keys[1:] + keys[:1])), "UPDATE")

    def restore(self) -> None:
        version = self.dice.randrange(self.table.version + 1)
        self.table.restore(version)

    def optimize(self) -> None:
        self.table.optimize([path for path in self.table.files if self.dice.random() < 0.7])

    def switch_feed(self) -> None:
        self.table.set_feed(not self.table.feed)

    def add_column(self) -> None:
        missing = [name for name in LATE_COLUMNS if name not in self.table.columns]
        if not missing or self.dice.random() < 0.5:
            return self.nothing()
        self.table.add_column(missing[0], LATE_COLUMNS[missing[0]])

    def comment(self) -> None:
        self.table.comment(f"comment {self.table.version}")

    def nothing(self) -> None:
        self.table.commit([], "WRITE")

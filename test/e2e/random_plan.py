"""Random operations for real writers: a plan in SQL's words, for delta-rs and for Spark.

Ids stay unique whatever the order: what is new has an id of its own, what is renamed is permuted.
"""

import pyarrow as pa
from deltalake import DeltaTable, Field, Schema, write_deltalake
from deltalake.schema import PrimitiveType

CATEGORIES = ["a", "b", "c"]
FEED_PROPERTY = "delta.enableChangeDataFeed"


class Plan:
    def __init__(self, dice, steps: int):
        self.dice = dice
        self.next_id = 0
        self.columns = ["id", "category", "n"]
        self.about = {
            "feed": dice.random() < 0.7,
            "partitioned": dice.random() < 0.4,
            "vectors": dice.random() < 0.5,  # Spark alone
        }
        self.steps = [{"do": "append", "rows": self.new_rows(20)}]
        makers = [self.append, self.delete, self.update, self.merge, self.merge, self.overwrite]
        makers += [self.replace_where, self.rename, self.permute, self.move, self.restore]
        makers += [self.optimize, self.feed, self.column]
        while len(self.steps) < steps:
            self.steps.append(dice.choice(makers)())

    def row(self, name: str) -> dict:
        number, category = self.dice.randrange(99), self.dice.choice(CATEGORIES)
        return {"id": name, "category": category, "n": number} | dict.fromkeys(self.columns[3:])

    def new_rows(self, count: int) -> list:
        first, self.next_id = self.next_id, self.next_id + count
        return [self.row(f"k{number}") for number in range(first, self.next_id)]

    def some_ids(self, count: int) -> list:
        return [f"k{n}" for n in self.dice.sample(range(self.next_id), min(count, self.next_id))]

    def where(self) -> str:
        low = self.dice.randrange(99)
        return f"n >= {low} AND n < {low + self.dice.randrange(40)}"

    def append(self):
        return {"do": "append", "rows": self.new_rows(self.dice.randrange(1, 8))}

    def delete(self):
        return {"do": "delete", "where": self.where()}

    def update(self):
        more = self.dice.randrange(5)
        return {"do": "update", "set": {"n": f"n + {more}"}, "where": self.where()}

    def rename(self):
        # Twice the same suffix would be one id too many.
        new = f"concat(id, '-{len(self.steps)}')"
        return {"do": "update", "set": {"id": new}, "where": self.where()}

    def move(self):
        to, category = self.dice.sample(CATEGORIES, 2)
        where = f"category = '{category}'"
        return {"do": "update", "set": {"category": f"'{to}'"}, "where": where}

    def merge(self):
        rows = [self.row(name) for name in self.some_ids(6)] + self.new_rows(2)
        return {"do": "merge", "rows": rows}

    def permute(self):
        ids = self.some_ids(self.dice.randrange(2, 6))
        return {"do": "permute", "pairs": list(zip(ids, ids[1:] + ids[:1]))}

    def overwrite(self):
        rows = [self.row(name) for name in self.some_ids(10)] + self.new_rows(5)
        return {"do": "overwrite", "rows": rows}

    def replace_where(self):
        category = self.dice.choice(CATEGORIES)
        rows = [{**row, "category": category} for row in self.new_rows(3)]
        return {"do": "overwrite", "rows": rows, "where": f"category = '{category}'"}

    def restore(self):
        return {"do": "restore", "back": self.dice.randrange(1, 5)}

    def optimize(self):
        return {"do": "optimize"}

    def feed(self):
        return {"do": "feed", "on": self.dice.random() < 0.6}

    def column(self):
        if len(self.columns) > 3:
            return self.append()
        self.columns.append("extra")
        return {"do": "column", "name": "extra"}


def to_arrow(rows: list) -> pa.Table:
    kinds = {"n": pa.int32()}
    names = list(rows[0])
    return pa.table({c: pa.array([r[c] for r in rows], kinds.get(c, pa.string())) for c in names})


class DeltaRs:
    """Carries a plan out with delta-rs."""

    def __init__(self, path, about: dict):
        self.path = str(path)
        self.oldest = 0  # a restore goes no further back: columns stay
        fields = [("id", "string"), ("category", "string"), ("n", "integer")]
        DeltaTable.create(
            self.path,
            Schema([Field(name, PrimitiveType(kind)) for name, kind in fields]),
            partition_by=["category"] if about["partitioned"] else None,
            configuration={FEED_PROPERTY: "true"} if about["feed"] else None,
        )

    def step(self, step: dict) -> None:
        table = DeltaTable(self.path)
        match step["do"]:
            case "append":
                write_deltalake(self.path, to_arrow(step["rows"]), mode="append")
            case "delete":
                table.delete(step["where"])
            case "update":
                table.update(updates=step["set"], predicate=step["where"])
            case "merge":
                merger = self.merger(table, to_arrow(step["rows"]))
                merger = merger.when_matched_delete("s.n % 3 = 0").when_matched_update_all()
                merger.when_not_matched_insert_all().execute()
            case "permute":
                pairs = pa.table({"id": [a for a, _ in step["pairs"]],
                                  "other": [b for _, b in step["pairs"]]})
                self.merger(table, pairs).when_matched_update({"id": "s.other"}).execute()
            case "overwrite":
                rows = to_arrow(step["rows"])
                where = step.get("where")
                write_deltalake(self.path, rows, mode="overwrite", predicate=where)
            case "restore":
                version = max(table.version() - step["back"], self.oldest)
                if version < table.version():
                    table.restore(version)
            case "optimize":
                table.optimize.compact()
            case "feed":
                table.alter.set_table_properties({FEED_PROPERTY: str(step["on"]).lower()})
            case "column":
                table.alter.add_columns([Field(step["name"], PrimitiveType("string"))])
                self.oldest = DeltaTable(self.path).version()

    @staticmethod
    def merger(table, rows):
        return table.merge(rows, "t.id = s.id", source_alias="s", target_alias="t")

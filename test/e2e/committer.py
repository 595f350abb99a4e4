"""A writer that commits to a table without pause, and notes what every version holds."""

import random
import threading

import pyarrow as pa

from hand_log import HandTable, show_commit
from timeline import Timeline

COLUMNS = {"id": pa.string(), "category": pa.string(), "v": pa.int64(), "text": pa.string()}
CATEGORIES = "abcdefgh"
ROWS_OF_FILE = 100


class Committer:
    """Use as a context: commits from a thread of its own, until the block ends or `pause`."""

    def __init__(self, path, seed, rows, interval_seconds, rows_of_commit_max=40, feed=True):
        self.dice = random.Random(seed)
        self.interval_seconds = interval_seconds
        self.rows_of_commit_max = rows_of_commit_max
        self.table = HandTable(path, COLUMNS, feed=feed)
        self.timeline = Timeline()
        self.timeline.note(0, {})
        self.lock = threading.Lock()  # of the table and the timeline
        self.stopped = threading.Event()
        self.thread = None
        self.problem = None
        self.next_id = 0
        self.fill(rows)

    def fill(self, rows: int) -> None:
        actions = []
        for _ in range(0, rows, ROWS_OF_FILE):
            actions += self.table.add_rows([self.new_row() for _ in range(ROWS_OF_FILE)])
        self._show(self.table.commit(actions, show=False))

    def new_row(self) -> dict:
        self.next_id += 1
        return self.row(f"k{self.next_id}", self.dice.choice(CATEGORIES))

    def row(self, name, category) -> dict:
        text = "x" * self.dice.randrange(300)
        return {"id": name, "category": category, "v": self.table.version + 1, "text": text}

    def commit_one(self) -> None:
        with self.lock:
            self._show(self._change())

    def _change(self):
        files = self.dice.sample(list(self.table.files), min(2, len(self.table.files)))
        rows = [row for path in files for row in self.table.files[path]]
        count = min(len(rows), self.dice.randint(1, self.rows_of_commit_max))
        touched = {id(row): row for row in self.dice.sample(rows, count)}
        kept = [row for row in rows if id(row) not in touched]
        new, told = [], []
        for row in touched.values():
            after = self._after(row)
            told.append((row, "update_preimage" if after else "delete"))
            if after:
                new.append(after)
                told.append((after, "update_postimage"))
        for _ in range(self.dice.randrange(self.rows_of_commit_max // 4 + 1)):
            new.append(self.new_row())
            told.append((new[-1], "insert"))
        self.dice.shuffle(told)
        # Without change files, the files that were added and removed tell the same.
        feed = [told] if self.table.feed and self.dice.random() < 0.8 else None
        return self.table.replace(files, kept + new, feed, "MERGE", show=False)

    def _after(self, row):
        kind = self.dice.random()
        if kind < 0.15:
            return None
        if kind < 0.25:
            return self.row(row["id"], self.dice.choice(CATEGORIES))  # perhaps another partition
        return self.row(row["id"], row["category"])

    def _show(self, hidden) -> None:
        rows = {(row["category"], row["id"]): row["v"] for row in self.table.rows()}
        self.timeline.note(self.table.version, rows)
        show_commit(hidden)

    def _run(self) -> None:
        try:
            while not self.stopped.wait(self.interval_seconds):
                self.commit_one()
        except Exception as problem:  # noqa: BLE001: told by the thread that waits
            self.problem = problem

    def start(self) -> None:
        self.stopped.clear()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def pause(self) -> None:
        self.stopped.set()
        if self.thread:
            self.thread.join()
            self.thread = None
        if self.problem:
            raise self.problem

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.pause()

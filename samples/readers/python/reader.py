"""Reads through the pointer of a pipeline with `strategy: switch` (docs/switch.md)."""

import time

from azure.cosmos import exceptions


class SwitchedContainer:
    """The container that the pointer names now. Not thread-safe: one per thread, or a lock."""

    def __init__(self, database, pointer_id, pointers="spillway-pointers", cache_seconds=30):
        self._database = database
        self._pointers = database.get_container_client(pointers)
        self._id = pointer_id
        self._cache_seconds = cache_seconds  # far below `sync.switch.keep`
        self._name, self._read_at = None, 0.0

    def read(self, work):
        """Calls `work(container)` once for the whole of one answer: never mix two containers.

        When a document, or the container itself, is not there, the pointer may have moved on: it
        is read again, and the work is done once more if it has. Else it is truly not there.
        """
        name = self._current()
        try:
            return work(self._database.get_container_client(name))
        except exceptions.CosmosResourceNotFoundError:
            self._name = None
            if self._current() == name:
                raise
            return work(self._database.get_container_client(self._name))

    def _current(self):
        if self._name is None or time.monotonic() - self._read_at > self._cache_seconds:
            pointer = self._pointers.read_item(self._id, partition_key=self._id)
            self._name, self._read_at = pointer["container"], time.monotonic()
        return self._name

"""Flows of ours with the current official client; nothing here yet."""

from harness import Context, Score


def run(context: Context) -> list[Score]:
    return []

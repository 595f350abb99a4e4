"""The one exception of the package."""

from __future__ import annotations


class SpillwayError(Exception):
    """What went wrong, as the engine says it.

    Attributes:
        code: a stable name for programs, such as "unauthenticated" or "invalid argument".
        message: what, where, and why in the service's own words.
        hint: what to do next; may be empty.
    """

    # As people import it: tracebacks show this name.
    __module__ = "spillway"

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(code, message, hint)
        self.code = code
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.code}: {self.message}"
        return f"{text}\n  next: {self.hint}" if self.hint else text

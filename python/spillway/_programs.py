"""`spillway` and `spillway-emulator` of a wheel: this process becomes the program."""

from __future__ import annotations

import os
import pathlib
import sys


def _become(name: str) -> None:
    program = str(pathlib.Path(__file__).resolve().parent / "lib" / name)
    try:
        os.execv(program, [program, *sys.argv[1:]])
    except OSError as failure:
        sys.exit(f"{name} cannot be started: {failure}")


def spillway() -> None:
    _become("spillway")


def emulator() -> None:
    _become("spillway-emulator")

#!/usr/bin/env python3
"""Makes a notebook of a script in cells: notebook.py [--check] SCRIPT.py …

A cell begins with a line `# %%`, or `# %% [markdown]` for text, which stands in comments. The
notebook goes beside the script, which is the one to edit; --check only says whether it is current.
"""

import json
import pathlib
import sys

MARK, TEXT = "# %%", "# %% [markdown]"


def cells_of(script: str) -> list:
    """(whether it is text, its lines) for each cell."""
    cells = []
    for line in script.splitlines():
        if line.startswith(MARK):
            cells.append((line == TEXT, []))
        elif cells:
            cells[-1][1].append(line)
        elif line:
            raise ValueError(f"a script begins with a cell, and not with {line}")
    return [(is_text, _trimmed(lines)) for is_text, lines in cells]


def _trimmed(lines: list) -> list:
    while lines and not lines[-1]:
        lines = lines[:-1]
    return lines


def notebook_of(script: str) -> str:
    cells = []
    for number, (is_text, lines) in enumerate(cells_of(script), 1):
        if is_text:
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        source = [f"{line}\n" for line in lines[:-1]] + lines[-1:]
        kind = {"cell_type": "markdown"} if is_text else {
            "cell_type": "code", "execution_count": None, "outputs": []}
        cells.append({**kind, "id": f"cell-{number}", "metadata": {}, "source": source})
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    words = sys.argv[1:]
    check = "--check" in words
    stale = False
    for script in (pathlib.Path(word) for word in words if word != "--check"):
        made, path = notebook_of(script.read_text(encoding="utf-8")), script.with_suffix(".ipynb")
        if not check:
            path.write_text(made, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != made:
            print(f"{path}: not what {script.name} says (run: ./dev docs)")
            stale = True
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

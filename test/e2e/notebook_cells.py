"""Runs a notebook's cells one after the other, as somebody who clicks through it.

notebook_cells.py NOTEBOOK.ipynb SETTINGS.json CHANNEL: after each of them it says so on the channel
(the number of a socket), and waits for the word to go on. SETTINGS go into the notebook's
`cosmos_config` as soon as there is one: what a user changes in it.
"""

import json
import pathlib
import socket
import sys


def code_cells(notebook: dict) -> list:
    """(the heading above it, its text) of each cell of code."""
    heading, cells = "", []
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            cells.append((heading, text))
        elif text.startswith("## "):
            heading = text.splitlines()[0].removeprefix("## ")
    return cells


def main() -> None:
    cells = code_cells(json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")))
    settings = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))
    channel = socket.socket(fileno=int(sys.argv[3])).makefile("rw")
    names = {"__name__": "__main__"}
    for number, (heading, text) in enumerate(cells):
        exec(compile(text, f"<{heading}>", "exec"), names)  # noqa: S102: what notebooks do
        names["cosmos_config"].update(settings)
        last = number + 1 == len(cells) or cells[number + 1][0] != heading
        channel.write(json.dumps({"heading": heading, "last": last}) + "\n")
        channel.flush()
        channel.readline()
    names["spark"].stop()


if __name__ == "__main__":
    main()

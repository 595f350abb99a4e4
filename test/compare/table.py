"""What the programs of this folder end with: a table for docs/compared.md."""

import argparse
import pathlib
import tempfile


def print_table(description, compare) -> int:
    """`compare(folder)` returns the lines, and whether Spillway was right. The exit code: 1 when it
    was not."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--output", type=pathlib.Path, help="also write the table there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="spillway-compare-") as folder:
        lines, right = compare(pathlib.Path(folder))
    print("\n".join(lines))
    if options.output:
        options.output.write_text("\n".join(lines) + "\n")
    return 0 if right else 1

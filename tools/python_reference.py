#!/usr/bin/env python3
"""Prints docs/reference/python.md: what `spillway` and `spillway.spark` offer, by their own
signatures and docstrings. With --check FILE: says whether that is current. Needs PYTHONPATH=python.
"""

import inspect
import pathlib
import sys

import spillway
import spillway.spark

WIDTH = 88
ABOUT = """# Python

Made from the signatures and docstrings of `python/spillway/`; do not edit. How they go together:
[Inside Spark](../spark.md).
"""


def parameter(found: inspect.Parameter) -> str:
    kind = "" if found.annotation is found.empty else f": {found.annotation}"
    default = "" if found.default is found.empty else f" = {found.default!r}"
    return f"{found.name}{kind}{default}"


def signature(name: str, function) -> str:
    """As one would write it: a parameter for each line where it is long."""
    found = inspect.signature(function)
    parts = [parameter(part) for part in found.parameters.values() if part.name != "self"]
    result = found.return_annotation
    ending = "" if result in (found.empty, "None", None) else f" -> {result}"
    line = f"{name}({', '.join(parts)}){ending}"
    if len(line) <= WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){ending}"


def code(text: str) -> str:
    return f"```python\n{text}\n```\n"


def entry(name: str, thing) -> list:
    """A function; or a class with what is its own to call."""
    about = inspect.getdoc(thing) or ""
    if not inspect.isclass(thing):
        return [f"### {name}\n", code(signature(name, thing)), f"{about}\n"]
    made = thing.__init__ if "__init__" in vars(thing) else None
    lines = [f"### {name}\n", code(signature(name, made)) if made else "", f"{about}\n"]
    if made and made.__doc__:
        lines.append(f"{inspect.getdoc(made)}\n")
    for method, function in inspect.getmembers(thing, inspect.isfunction):
        if not method.startswith("_") and function.__doc__:
            lines.append(code(signature(f"{name}.{method}", function)))
            lines.append(f"{inspect.getdoc(function)}\n")
    return lines


def page() -> str:
    lines = [ABOUT]
    for module in (spillway.spark, spillway):
        lines.append(f"## {module.__name__}\n")
        for name in sorted(module.__all__, key=str.lower):
            lines += entry(name, getattr(module, name))
    return "\n".join(line for line in lines if line)


def main() -> int:
    if sys.argv[1:2] != ["--check"]:
        print(page(), end="")
        return 0
    path = pathlib.Path(sys.argv[2])
    if path.exists() and path.read_text(encoding="utf-8") == page():
        return 0
    print(f"{path}: not what the package says (run: ./dev docs)")
    return 1


if __name__ == "__main__":
    sys.exit(main())

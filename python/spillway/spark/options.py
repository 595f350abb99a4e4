"""What the options given come to: checked against the table, and put into the engine's own words.

docs/reference/spark-options.md is made from the table (`./dev docs`).
"""

from __future__ import annotations

import difflib
import warnings
from typing import List, Mapping, Tuple

from spillway._errors import SpillwayError
from spillway.spark import identity, limits
from spillway.spark.option_table import (CONNECTOR_PREFIX, OPTIONS, OWN_PREFIX, SPARK_KEYS, Effect,
                                         Option, Plan, ReadPlan, Refused, Use, WritePlan)

_BY_KEY = {option.key.lower(): option for option in OPTIONS}


def _invalid(problems: List[str]) -> SpillwayError:
    return SpillwayError("invalid argument", "\n  ".join(problems),
                         "docs/reference/spark-options.md lists every option")


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(key.lower(), list(_BY_KEY), 1, cutoff=0.6)
    advice = f": did you mean `{_BY_KEY[near[0]].key}`?" if near else ""
    return f"there is no option `{key}`{advice}"


def _apply_all(plan: Plan, options: Mapping[str, str], use: Use) -> Tuple[List[str], List[str]]:
    """What is wrong, and what has no effect."""
    problems, idle = [], []
    for key, value in options.items():
        option = _BY_KEY.get(key.lower())
        if key.lower() in SPARK_KEYS:
            continue
        if key.lower() == "path":
            call = "save()" if use is Use.WRITING else "load()"
            problems.append(f"{call} takes no path: write `{CONNECTOR_PREFIX}container`")
        elif option is None:
            problems.append(_unknown(key))
        elif option.use not in (Use.BOTH, use):
            continue
        elif option.effect is Effect.REFUSED:
            problems.append(f"`{option.key}` is not supported: {option.doc}")
        elif option.effect is Effect.WITHOUT_EFFECT:
            idle.append(option.key)
        else:
            problems += _applied(option, plan, value)
    return problems, idle


def _applied(option: Option, plan: Plan, value: str) -> List[str]:
    assert option.apply is not None
    try:
        option.apply(plan, value)
    except Refused as refused:
        shown = "***" if option.secret else value
        return [f"`{option.key}` cannot be `{shown}`: {refused}"]
    return []


def _complete(plan: Plan, options: Mapping[str, str], use: Use) -> List[str]:
    """Applies all options; what is wrong with them."""
    problems, idle = _apply_all(plan, options, use)
    wrong, unused = identity.sign_in(plan.identity, plan.engine["connection"],
                                     lambda key: CONNECTOR_PREFIX + key)
    problems += wrong
    idle += unused
    plan.limit, wrong = limits.apply(plan.throughput, plan.engine)
    problems += wrong
    for key, part, name in (("accountEndpoint", "connection", "endpoint"),
                            ("database", "connection", "database"),
                            ("container", "destination", "container")):
        if name not in plan.engine[part] and not any(f"{key}`" in text for text in problems):
            problems.append(f"`{CONNECTOR_PREFIX}{key}` is missing")
    if idle:
        plan.warning = "options without effect: " + ", ".join(sorted(idle))
    return problems


def plan_write(options: Mapping[str, str]) -> WritePlan:
    """Checks all options at once; SpillwayError names every problem."""
    plan = WritePlan(engine={
        "connection": {"type": "cosmosdb"},
        "destination": {"create": "never"},
        "documents": {},
        "sync": {"mode": "upsert"},
    })
    problems = _complete(plan, options, Use.WRITING)
    both = {key.lower() for key in options} & {"spillway.mode", "spark.cosmos.write.strategy"}
    if len(both) == 2:
        problems.append("`spillway.mode` and `spark.cosmos.write.strategy`: write one of them")
    mode = plan.engine["sync"]["mode"]
    strategy = any(key.lower() == "spark.cosmos.write.strategy" for key in options)
    if mode in ("patch", "patch_if_exists") and strategy and plan.patch_operation != "set":
        problems.append(f"the connector's patches replace fields that are there; ours set them: "
                        f"write `{CONNECTOR_PREFIX}write.patch.defaultOperationType` = `Set`")
    if problems:
        raise _invalid(problems)
    return plan


def plan_read(options: Mapping[str, str]) -> ReadPlan:
    """The same for reading."""
    plan = ReadPlan(engine={
        "connection": {"type": "cosmosdb"},
        "destination": {"create": "never"},
        "read": {},
    })
    problems = _complete(plan, options, Use.READING)
    if "throughput" in plan.engine:
        problems.append("a group's limit is of writing alone: write "
                        "`throughputControl.globalControl.useDedicatedContainer` = `false`, or "
                        "read without throughputControl")
    problems += _contradictions(plan)
    if problems:
        raise _invalid(problems)
    if plan.query:
        plan.engine["read"]["query"] = plan.query
    return plan


def _contradictions(plan: ReadPlan) -> List[str]:
    query = f"`{CONNECTOR_PREFIX}read.customQuery`"
    columns, pushed = (f"`{OWN_PREFIX}{name}`" for name in ("columns", "pushFilters"))
    found = []
    if plan.query and plan.columns:
        found.append(f"{query} and {columns}: the query says what is selected")
    if plan.query and plan.push_filters:
        found.append(f"{query} and {pushed}: write the filters into the query")
    if plan.columns and not plan.inferred:
        found.append(f"{columns}: with `{CONNECTOR_PREFIX}read.inferSchema.enabled` = `false` the "
                     "columns are `id` and the whole document")
    return found


def warn_once(plan: Plan) -> None:
    if plan.warning:
        warnings.warn(plan.warning, stacklevel=2)


def reference_page() -> str:
    """docs/reference/spark-options.md."""
    lines = [
        "# Options of the Spark data source",
        "",
        "Made from the table in `python/spillway/spark/option_table.py`; do not edit. Keys come in "
        "any",
        "case. A key that is not here is refused, and the nearest one is named.",
        "",
    ]
    for title, prefix in (("Ours", OWN_PREFIX), ("The connector's", CONNECTOR_PREFIX)):
        lines += [f"## {title}", "", "| key | | |", "|---|---|---|"]
        for option in OPTIONS:
            if option.key.startswith(prefix):
                lines.append(f"| `{option.key}` | {option.effect.value} | {option.doc} |")
        lines.append("")
    return "\n".join(lines)

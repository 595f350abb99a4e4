"""A job's limit of request units: kept by an even share for every task that runs at a time, or by a
group that meets in a control container, where other jobs and clients of the connector meet too."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

Given = Dict[str, str]


def _limit_of(given: Given, problems: List[str]) -> Optional[str]:
    target, threshold = given.get("target"), given.get("threshold")
    if target and threshold:
        problems.append("targetThroughput and targetThroughputThreshold: write one of them")
        return None
    if not target and not threshold:
        return None
    try:
        number = float(target or threshold or "")
    except ValueError:
        problems.append(f"`{target or threshold}` is no throughput: write a number")
        return None
    return f"{number:g}" if target else f"{number * 100:g}%"


def _group_of(given: Given, problems: List[str]) -> Optional[Dict[str, str]]:
    """The group to meet in, or None: the limit is the job's own."""
    dedicated = given.get("dedicated", "").lower()
    if dedicated not in ("", "true", "false"):
        problems.append("globalControl.useDedicatedContainer: write true or false")
    if dedicated == "false":
        return None
    if "group_container" not in given:
        if dedicated == "true" or "group_database" in given:
            problems.append("a control container needs throughputControl.globalControl.container; "
                            "without one write globalControl.useDedicatedContainer = false")
        return None
    if "name" not in given:
        problems.append("throughputControl.name is missing: the group that meets in the control "
                        "container")
    group = {"name": given.get("name", ""), "container": given["group_container"]}
    if "group_database" in given:
        group["database"] = given["group_database"]
    return group


def _control_of(given: Given, engine: Dict[str, Any]) -> Optional[Dict[str, Any]]:
    """The account of the control container, where it is not the job's."""
    if "endpoint" not in given and "key" not in given:
        return None
    control = {**engine["connection"]}
    if "endpoint" in given:
        control["endpoint"] = given["endpoint"]
        control.pop("arm", None)
    if "key" in given:
        control["auth"] = {"key": given["key"]}
    if "group_database" in given:
        control["database"] = given["group_database"]
    return control


def apply(given: Given, engine: Dict[str, Any]) -> Tuple[Optional[str], List[str]]:
    """Puts what goes to the service, and a group, into the engine's options. Returns the limit that
    is to be shared out among tasks (None: there is none, or the group sees to it), and what is
    wrong."""
    problems: List[str] = []
    if given.get("enabled", "false").lower() != "true":
        return None, problems
    if "priority" in given:
        engine["destination"]["priority"] = given["priority"].lower()
    if "bucket" in given:
        engine["destination"]["throughput_bucket"] = given["bucket"]
    limit = _limit_of(given, problems)
    if limit is None:
        if not problems and not {"priority", "bucket"} & set(given):
            problems.append("throughputControl.enabled without a limit: write targetThroughput")
        return None, problems
    if "bucket" in given:
        problems.append("throughputBucket limits in the service: write it, or a limit of ours")
    group = _group_of(given, problems)
    if group is None:
        return limit, problems
    engine["throughput"] = {"limit": limit, "group": group}
    control = _control_of(given, engine)
    if control is not None:
        engine["control"] = control
    return None, problems


def share_of(limit: str, tasks: int) -> str:
    """The even share of a task."""
    if limit.endswith("%"):
        return f"{float(limit[:-1]) / tasks:.6g}%"
    return f"{float(limit) / tasks:.6g}"

"""What a plan (抽查计划) may say. Pure: plain dicts as on the wire go in.

A plan divides an organisation's objects into strata (分层) and says how many of each are drawn in
which month. A stratum is every object of its kinds that bears one of its tags, if it names any, and
belongs to no stratum before it. One with `forced` is checked whole: its quota is its size.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from server.services.planning.feasibility import MONTHS

Content = Mapping[str, Any]
OBJECT_KINDS = ("key", "general", "small", "other")
PRACTICE_MARK = "PRACTICE-"
"""Before the plan's code in the slot of a draw for practice (N7); no plan in earnest begins so."""


def faults_of(content: Content, *, kind: str, item_codes: Sequence[str]) -> list[dict[str, Any]]:
    """Every rule that a plan breaks by itself; empty when it breaks none. `item_codes` are those of
    the item list that holds."""
    faults: list[dict[str, Any]] = []
    seen: set[str] = set()
    for stratum in content["strata"]:
        code = stratum["code"]
        if code in seen:
            faults.append({"stratum": code, "fault": "repeated"})
        seen.add(code)
        wanted = MONTHS if kind == "annual" else 1
        if len(stratum["quotas"]) != wanted:
            faults.append({"stratum": code, "fault": "quotas_count", "wanted": wanted})
        if not stratum["forced"] and not any(stratum["quotas"]):
            faults.append({"stratum": code, "fault": "draws_nothing"})
    unknown = [code for code in content["items"] if code not in item_codes]
    if unknown:
        faults.append({"field": "items", "fault": "unknown", "codes": unknown})
    kinds = {kind for stratum in content["strata"] for kind in stratum["kinds"] or OBJECT_KINDS}
    without = sorted(kinds - content["checklists"].keys())
    if without:
        faults.append({"field": "checklists", "fault": "missing", "kinds": without})
    if not content["roles"] and not content["object_only_reason"]:
        faults.append({"field": "object_only_reason", "fault": "missing"})  # N21
    if content["roles"] and content["object_only_reason"]:
        faults.append({"field": "object_only_reason", "fault": "officers_are_drawn"})
    if content["needs_role"] and content["needs_role"] not in content["roles"]:
        faults.append({"field": "needs_role", "fault": "not_drawn"})
    return faults


def quota_by_month(stratum: Mapping[str, Any], *, kind: str, from_day: date) -> list[int]:
    """The quotas of a stratum over the twelve months of its year."""
    if kind == "annual":
        return list(stratum["quotas"])
    return [
        stratum["quotas"][0] if month == from_day.month else 0 for month in range(1, MONTHS + 1)
    ]


def period_of(kind: str, *, year: int, month: int | None) -> tuple[date, date]:
    """First and last day of an annual or a monthly plan."""
    if kind == "annual":
        return date(year, 1, 1), date(year, 12, 31)
    if month is None:
        raise ValueError("a monthly plan is for a month")
    return date(year, month, 1), date(year, month, monthrange(year, month)[1])


def changes_between(before: Content | None, after: Content) -> list[dict[str, Any]]:
    """What a revision changed: `{path, before, after}` each, strata by their codes."""
    old = _flat(before) if before else {}
    new = _flat(after)
    return [
        {"path": path, "before": old.get(path), "after": new.get(path)}
        for path in [*old, *(path for path in new if path not in old)]
        if old.get(path) != new.get(path)
    ]


def share_faults(
    stratum: Mapping[str, Any], *, quotas: Sequence[int], size: int
) -> list[dict[str, Any]]:
    """Whether a year's quotas lie between the floor and the ceiling that the stratum itself names,
    in percent of its objects (N26)."""
    if not size:
        return []
    percent = 100 * sum(quotas) / size
    floor, ceiling = stratum.get("floor_percent"), stratum.get("ceiling_percent")
    told = {"stratum": stratum["code"], "percent": round(percent, 1)}
    faults = []
    if floor is not None and percent < floor:
        faults.append({**told, "fault": "below_floor", "floor_percent": floor})
    if ceiling is not None and percent > ceiling:
        faults.append({**told, "fault": "above_ceiling", "ceiling_percent": ceiling})
    return faults


def _flat(content: Content) -> dict[str, Any]:
    flat = {name: value for name, value in content.items() if name != "strata"}
    for stratum in content["strata"]:
        for name, value in stratum.items():
            if name != "code":
                flat[f"strata.{stratum['code']}.{name}"] = value
    return flat

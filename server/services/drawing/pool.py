"""The pool (抽取池) from the register: every object of the plan's strata, or why it can't be drawn.

An object can be drawn if a check within the period keeps cap and interval (N30, N31), counting what
is planned already. Its weight is that of the table in force on the first day of the period.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.models import Organisation
from server.services.drawing.codes import specialty_code
from server.services.planning.factors import weights_of
from server.services.planning.strata import stratum_sql
from server.services.planning.weight_rules import BASE_CODE, Weight
from server.services.tasks.frequency import Check, FrequencyRules, assess, checks_of_objects

#: an object whose very existence is secret (N40) is in no public pool
CLASSIFIED_TAG = "涉密"


@dataclass(frozen=True, kw_only=True)
class Period:
    """First and last day of the checks."""

    first: date
    last: date


def day_of_check(
    checks: Sequence[Check], *, period: Period, rules: FrequencyRules
) -> tuple[date | None, str | None]:
    """The first day of the period on which an object may be checked, or None and why not: `cap`
    or `interval`."""
    free_from = assess(checks, day=period.last, rules=rules).free_from
    day = max(period.first, free_from) if free_from else period.first
    if day > period.last:
        return None, "interval"
    warnings = assess(checks, day=day, rules=rules).warnings
    if "cap_reached" in warnings:
        return None, "cap"
    return (None, "interval") if warnings else (day, None)


def pool_rows(
    session: Session,
    *,
    organisation: Organisation,
    content: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    weights: Mapping[str, Any],
    period: Period,
    rules: FrequencyRules,
) -> Iterator[dict[str, Any]]:
    """The rows of the pool, in the order of their ids."""
    found = _objects(session, organisation, content["strata"])
    checks = checks_of_objects(session, [row.id for row in found])
    weighed = weights_of(
        session, content=weights, object_ids=[row.id for row in found], day=period.first
    )
    needs = _needs(items, content)
    for row in found:
        reason = None if row.active else row.state  # closed, moved, merged, not_found
        if reason is None:
            _, reason = day_of_check(checks[row.id], period=period, rules=rules)
        yield _row(
            row,
            stratum=content["strata"][row.place]["code"],
            reason=reason,
            weight=weighed[row.id],
            needs=needs.get(row.kind),
        )


def _row(
    row: Any, *, stratum: str, reason: str | None, weight: Weight, needs: str | None
) -> dict[str, Any]:
    return {
        "id": row.id,
        "stratum": stratum,
        "eligible": reason is None,
        "weight": weight.value if reason is None else 0,
        "reason": reason,
        "jurisdiction": row.division_code,
        "needs": needs,
        "why": [each["code"] for each in weight.reasons if each["code"] != BASE_CODE],
    }


def _objects(
    session: Session, organisation: Organisation, strata: Sequence[Mapping[str, Any]]
) -> Sequence[Any]:
    """Every object of the strata: id, kind, place of its stratum, and the division of the body
    that holds it."""
    place, bound = stratum_sql(session, strata)
    classified = [{"kinds": [], "tags": [CLASSIFIED_TAG]}]
    secret, secret_bound = stratum_sql(session, classified, mark="secret")
    return session.execute(
        text(
            "SELECT id, kind, active, state, division_code, place FROM ("
            f"SELECT o.id, o.kind, o.active, o.state, g.division_code, {place} AS place, "
            f"{secret} AS secret "
            "FROM objects o JOIN organisations g ON g.id = o.organisation_id "
            "WHERE substr(g.path, 1, length(CAST(:path AS text))) = :path) p "
            "WHERE place IS NOT NULL AND secret IS NULL ORDER BY id"
        ),
        {**bound, **secret_bound, "path": organisation.path},
    ).all()


def _needs(items: Sequence[Mapping[str, Any]], content: Mapping[str, Any]) -> dict[str, str]:
    """Kind of object → the specialty that the plan's items ask for; the first that asks counts."""
    needs: dict[str, str] = {}
    for item in items:
        if item["code"] in content["items"] and item["specialty"]:
            for kind in item["object_kinds"]:
                needs.setdefault(kind, specialty_code(item["specialty"]))
    return needs

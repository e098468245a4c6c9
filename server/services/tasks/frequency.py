"""How often one object may be checked: cap (N30) and interval (N31), counted and explained.

In principle at most two checks per object and calendar year, at least six months apart; rechecks
are not counted. Complaints and transfers count but are never blocked by it.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.clock import china_date
from server.errors import DomainError
from server.models import Task
from server.services.bulk import as_json, ids_from_json
from server.services.registers.families import families
from sync.tasks import EXEMPT_ORIGINS


@dataclass(frozen=True, kw_only=True)
class FrequencyRules:
    """Notice 2019-49, part 二(五), with what it leaves open decided."""

    cap_per_year: int = 2
    interval_months: int = 6
    exempt_checks_count: bool = True  # complaints and transfers count towards the cap


@dataclass(frozen=True)
class Check:
    """One check of an object: when it took place, or else is planned."""

    task_id: str
    origin: str
    day: date


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """What a check on `day` would meet: the counted checks of its year and its neighbours."""

    day: date
    counted_in_year: int
    cap_per_year: int
    last_check_on: date | None
    next_check_on: date | None
    free_from: date | None
    warnings: tuple[str, ...]


def add_months(day: date, months: int) -> date:
    """The same day some calendar months later, or the last of that month: 31 Aug + 6 = 28 Feb."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))


def assess(
    checks: Iterable[Check], *, day: date, rules: FrequencyRules = FrequencyRules()
) -> Frequency:
    """Weigh a check on `day` against an object's other checks.

    `warnings` are the codes `cap_reached` and `interval_too_short`, as far as they apply;
    `free_from` is the first day that keeps the interval to the check before it.
    """
    spaced = [check for check in checks if check.origin != "recheck"]
    counted = [
        check
        for check in spaced
        if check.day.year == day.year
        and (rules.exempt_checks_count or check.origin not in EXEMPT_ORIGINS)
    ]
    last = max((check.day for check in spaced if check.day <= day), default=None)
    following = min((check.day for check in spaced if check.day > day), default=None)
    free_from = add_months(last, rules.interval_months) if last else None
    too_close = (free_from is not None and day < free_from) or (
        following is not None and following < add_months(day, rules.interval_months)
    )
    over = len(counted) >= rules.cap_per_year
    return Frequency(
        day=day,
        counted_in_year=len(counted),
        cap_per_year=rules.cap_per_year,
        last_check_on=last,
        next_check_on=following,
        free_from=free_from,
        warnings=("cap_reached",) * over + ("interval_too_short",) * too_close,
    )


def require_room(frequency: Frequency, *, origin: str, override_reason: str | None) -> None:
    """Raise the first warning as an error, unless the origin is exempt or a reason overrides it.

    The override is 原则上 (N30): it needs an approver too, whom the caller waits for.
    """
    if frequency.warnings and origin not in EXEMPT_ORIGINS and not override_reason:
        raise DomainError(frequency.warnings[0], details=as_facts(frequency))


def as_facts(frequency: Frequency) -> dict[str, Any]:
    """The figures as plain JSON values, for audit entries and error details."""
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in vars(frequency).items()
    } | {"warnings": list(frequency.warnings)}


def checks_of_objects(session: Session, object_ids: Sequence[str]) -> dict[str, list[Check]]:
    """All checks of each object and of what was merged with it, pending ones included, cancelled
    ones not; two queries."""
    owners: dict[str, list[str]] = {}
    for asked, members in families(session, object_ids).items():
        for member in members:
            owners.setdefault(member, []).append(asked)
    found: dict[str, list[Check]] = {object_id: [] for object_id in object_ids}
    rows = session.execute(
        select(
            Task.id, Task.object_id, Task.origin, Task.planned_on,
            Task.created_at, Task.started_at, Task.submitted_at,
        )
        .where(Task.status != "cancelled")
        .where(text(f"object_id IN {ids_from_json(session)}").bindparams(ids=as_json(list(owners))))
    )  # fmt: skip
    for row in rows:
        for asked in owners[row.object_id]:
            found[asked].append(Check(row.id, row.origin, _day_of_check(row)))
    return found


def _day_of_check(row: Any) -> date:
    """The day it began, or is planned. A device's clock cannot move it out of the time between
    the task's making and its submission."""
    if row.started_at is None:
        planned: date = row.planned_on
        return planned
    began = max(row.started_at, row.created_at)
    return china_date(min(began, row.submitted_at) if row.submitted_at else began)

"""Whether a plan can be kept on the real register and its history (可行性测算, N26)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import Organisation, Plan
from server.services.planning.feasibility import (
    MONTHS,
    Standing,
    first_shortfall,
    largest_quota,
)
from server.services.planning.plan_rules import quota_by_month, share_faults
from server.services.planning.strata import standings_of
from server.services.tasks.frequency import FrequencyRules

Capacity = dict[str, Any]


def capacity_of(
    session: Session,
    *,
    organisation: Organisation,
    plan: Plan,
    content: Mapping[str, Any],
    rules: FrequencyRules,
    today: date,
) -> list[Capacity]:
    """A line for each stratum: its size, what is wanted, the largest quota a month that can be
    kept, the first shortfall, and whether the year's share lies within bounds.

    Months that are over are not played: what was checked in them stands in the history.
    """
    strata = content["strata"]
    standings = standings_of(
        session, organisation=organisation, strata=strata, year=plan.year, rules=rules
    )
    over = today.month - 1 if plan.year == today.year else 0
    return [
        _line(stratum, counts, plan=plan, over=over, rules=rules)
        for stratum, counts in zip(strata, standings, strict=True)
    ]


def require_capacity(lines: Sequence[Capacity]) -> None:
    """Raise `plan_over_capacity` where a stratum cannot give what is wanted, `plan_outside_share`
    where it gives more or less than its own bounds."""
    short = [line for line in lines if line["shortfall"]]
    if short:
        raise DomainError("plan_over_capacity", details={"strata": short})
    outside = [fault for line in lines for fault in line["share_faults"]]
    if outside:
        raise DomainError("plan_outside_share", details={"errors": outside})


def _line(
    stratum: Mapping[str, Any],
    counts: Counter[Standing],
    *,
    plan: Plan,
    over: int,
    rules: FrequencyRules,
) -> Capacity:
    quotas = quota_by_month(stratum, kind=plan.kind, from_day=plan.from_day)
    ahead = [0] * over + quotas[over:]
    bounds = {"cap": rules.cap_per_year, "interval_months": rules.interval_months}
    months = [month for month in range(1, MONTHS + 1) if ahead[month - 1]]
    short = None if stratum["forced"] else first_shortfall(counts, ahead, **bounds)
    size = sum(counts.values())
    return {
        "stratum": stratum["code"],
        "size": size,
        "wanted": sum(quotas),
        "largest_quota": largest_quota(counts, months=months, **bounds) if months else None,
        "shortfall": short._asdict() if short else None,
        "share_faults": share_faults(stratum, quotas=quotas, size=size),
    }

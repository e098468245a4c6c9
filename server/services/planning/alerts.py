"""Deadlines of the monthly cycle (N24): what should be filed, approved or drawn by now and is not.

Each month the next month's plan is settled, drawn and published ahead. A body that plans is one
that has a plan for this month or this year.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.models import Draw, Organisation, Plan
from server.services.planning.plan_rules import period_of
from server.services.scope import Actor, in_scope
from server.services.tasks.frequency import add_months

PLANNED_BY = 20
"""Day of the month by which the next month's plan should be approved."""
DRAWN_BY = 25
"""Day by which it should be drawn, so that it is published ahead."""


def alerts_of(session: Session, *, actor: Actor, today: date) -> list[dict[str, Any]]:
    """What is late or about to be, in one's part of the tree: `{code, organisation_id, month,
    plan_id}`. Codes: `approval_waits`, `plan_missing`, `draw_missing`."""
    first, last = _next_month(today)
    plans = session.execute(
        select(Plan, Organisation)
        .join(Organisation, Organisation.id == Plan.organisation_id)
        .where(in_scope(actor), Plan.kind != "campaign", Plan.to_day >= today.replace(day=1))
        .order_by(Organisation.path, Plan.from_day)
    ).all()
    drawn = set(
        session.scalars(
            select(Draw.plan_id).where(
                Draw.state == "drawn", Draw.to_day >= first, Draw.from_day <= last
            )
        )
    )
    alerts = []
    for body_id in dict.fromkeys(body.id for _, body in plans):
        own = [plan for plan, body in plans if body.id == body_id]
        alerts += _of_body(body_id, own, drawn, first=first, last=last, today=today)
    return alerts


def _of_body(
    body_id: str, plans: Iterable[Plan], drawn: set[str], *, first: date, last: date, today: date
) -> list[dict[str, Any]]:
    covering = [plan for plan in plans if plan.from_day <= first and plan.to_day >= last]
    told = {"organisation_id": body_id, "month": f"{first:%Y-%m}"}
    waiting = [
        {**told, "code": "approval_waits", "plan_id": plan.id}
        for plan in covering
        if plan.approved_revision != plan.revision
    ]
    approved = [plan for plan in covering if plan.approved_revision is not None]
    if not approved:
        missing = {**told, "code": "plan_missing", "plan_id": None}
        return [*waiting, *([missing] if today.day >= PLANNED_BY else [])]
    if today.day >= DRAWN_BY and not any(plan.id in drawn for plan in approved):
        waiting.append({**told, "code": "draw_missing", "plan_id": approved[-1].id})
    return waiting


def _next_month(today: date) -> tuple[date, date]:
    following = add_months(today.replace(day=1), 1)
    return period_of("monthly", year=following.year, month=following.month)

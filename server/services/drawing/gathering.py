"""What a draw will be frozen from (冻结前的汇集): pool, officers and rules of an approved plan, as
they stand in one snapshot of the registers.

Reading, weighing and hashing a large register takes seconds, and nobody may wait for it: so it
comes before the transaction that freezes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from draw.ceremony import freeze
from draw.faults import Refused
from server.clock import china_date
from server.errors import DomainError
from server.models import Draw, Organisation, Plan, WeightTable
from server.services.drawing.codes import in_nfc, specialty_words
from server.services.drawing.interests import recusals_of
from server.services.drawing.pool import Period, pool_rows
from server.services.drawing.refusals import as_domain_error
from server.services.drawing.roster import Roster, roster_of
from server.services.drawing.staffing import Kind, require_staffing
from server.services.planning.items import InForce, items_in_force
from server.services.planning.plan_rules import PRACTICE_MARK, period_of
from server.services.planning.plans import find_plan, revision_of
from server.services.planning.weights import table_in_force
from server.services.scope import Actor
from server.services.tasks.checklists import newest_version
from server.services.tasks.frequency import FrequencyRules

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """All that is frozen, as it stood in one snapshot, and the root that commits to it. `given_out`
    are the draws whose tasks stood there, and were counted as checks."""

    plan_id: str
    plan_revision: int
    organisation_id: str
    month: date | None
    slot: str
    period: Period
    sealed_until: date | None
    rules: Row
    officers: list[Row]
    left_out: list[Row]
    pool: list[Row]
    pool_root: str
    given_out: frozenset[str]


def gather_draw(
    session: Session,
    *,
    actor: Actor,
    plan_id: str,
    month: date | None,
    rules: FrequencyRules,
    now: datetime,
) -> Gathered:
    """Gather the next attempt at a slot; writes nothing. `month` is the first day of the month that
    an annual plan is drawn for; other plans know their own.

    Raises `not_found`, `plan_not_approved`, `date_out_of_range`, `draw_exists`,
    `seal_not_yours`, `weights_missing`, `draw_cannot_be_staffed`, `draw_too_varied`, and
    `draw_refused` with the faults of the draw's own rules.
    """
    plan = find_plan(session, actor=actor, plan_id=plan_id)
    if plan.approved_revision is None:
        raise DomainError("plan_not_approved")
    content = revision_of(session, plan, plan.approved_revision).content
    period = _period(plan, month, today=china_date(now))
    sealed_until = _sealed_until(content, actor, period)
    if sealed_until is not None:  # no check may start under the seal
        period = Period(first=max(period.first, sealed_until), last=period.last)
    body = session.get_one(Organisation, plan.organisation_id)
    slot = next_slot(session, body, plan, month)
    table = table_in_force(session, organisation=body, day=period.first)
    force = items_in_force(session, organisation=body, day=period.first)
    pool = list(
        pool_rows(
            session, organisation=body, content=content, items=force.items,
            weights=table.content, period=period, rules=rules,
        )
    )  # fmt: skip
    roster = roster_of(
        session, organisation=body, weights=table.content, last_day=period.last,
        pooled=content.get("pooled", False),
        jurisdictions=sorted({row["jurisdiction"] for row in pool}),
    )  # fmt: skip
    recusals = recusals_of(session, officers=roster.rows, object_ids=[row["id"] for row in pool])
    kinds = _eligible(pool, recusals)
    drawn_by = _rules(plan, content, kinds, force=force, period=period, roster=roster)
    if body.practice:
        drawn_by["practice"] = True
    drawn_by["weights"] = _weights(table)
    drawn_by["recusals"] = recusals
    drawn_by["checklists"] = {
        kind: newest_version(session, code=code).id for kind, code in content["checklists"].items()
    }
    drawn_by = in_nfc(drawn_by)
    require_staffing(roster.rows, kinds, drawn_by)
    return Gathered(
        plan_id=plan.id, plan_revision=plan.approved_revision, organisation_id=body.id,
        month=month, slot=slot, period=period, sealed_until=sealed_until, rules=drawn_by,
        officers=roster.rows, left_out=roster.left_out, pool=pool,
        pool_root=_root(slot, pool, roster.rows, drawn_by),
        given_out=frozenset(session.scalars(select(Draw.id).where(Draw.opened_at.is_not(None)))),
    )  # fmt: skip


def _period(plan: Plan, month: date | None, *, today: date) -> Period:
    """The days of the checks: the plan's own, or a month of an annual one; none before today."""
    first, last = plan.from_day, plan.to_day
    if plan.kind == "annual":
        if month is None or month.year != plan.year:
            raise DomainError("date_out_of_range", details={"field": "month"})
        first, last = period_of("monthly", year=month.year, month=month.month)
    if last < today:
        raise DomainError("date_out_of_range", details={"field": "month"})
    return Period(first=max(first, today), last=last)


def _sealed_until(content: Mapping[str, Any], actor: Actor, period: Period) -> date | None:
    """The seal ends before the first check may start; who may seal is a right of its own."""
    if not content.get("sealed_until"):
        return None
    until = date.fromisoformat(content["sealed_until"])
    if until > period.last:
        raise DomainError("date_out_of_range", details={"field": "sealed_until"})
    require_right_to_seal(actor)
    return until


def require_right_to_seal(actor: Actor) -> None:
    """Raises `seal_not_yours` for all but administrators."""
    if actor.role != "admin":
        raise DomainError("seal_not_yours")


def _eligible(rows: Iterable[Row], recusals: Iterable[dict[str, str]]) -> Counter[Kind]:
    recused: dict[str, list[str]] = {}
    for pair in recusals:
        recused.setdefault(pair["object"], []).append(pair["officer"])
    return Counter(
        Kind(
            row["stratum"], row["jurisdiction"], row["needs"],
            tuple(sorted(recused.get(row["id"], ()))),
        )
        for row in rows
        if row["eligible"]
    )  # fmt: skip


def _rules(
    plan: Plan,
    content: Mapping[str, Any],
    eligible: Counter[Kind],
    *,
    force: InForce,
    period: Period,
    roster: Roster,
) -> dict[str, Any]:
    sizes: Counter[str] = Counter()
    for kind, count in eligible.items():
        sizes[kind.stratum] += count
    month = period.first.month - 1 if plan.kind == "annual" else 0
    specialties = {item["specialty"] for item in force.items if item["specialty"]}
    return {
        "strata": {
            stratum["code"]: {
                "quota": sizes[stratum["code"]] if stratum["forced"] else stratum["quotas"][month],
                "reserve": stratum["reserve"],
                "label": stratum["label"],
                "forced": stratum["forced"],
            }
            for stratum in content["strata"]
        },
        "roles": list(content["roles"]),
        "needs_role": content["needs_role"],
        "plan": {"code": plan.code, "revision": plan.approved_revision, "name": content["name"]},
        "period": {"from_day": period.first.isoformat(), "to_day": period.last.isoformat()},
        "items": {"lists": force.ids, "codes": list(content["items"])},
        "specialties": specialty_words(specialties | roster.specialties),
    }


def _weights(table: WeightTable) -> dict[str, Any]:
    """The table as the rules show it: keys are ASCII in a bundle, so posts stand in a list."""
    posts = [{"post": post, "balls": balls} for post, balls in table.content["posts"].items()]
    return {"version": table.version, **table.content, "posts": posts}


def next_slot(session: Session, body: Organisation, plan: Plan, month: date | None) -> str:
    """The slot of the next attempt, named by the month that the plan begins in, or that is drawn of
    an annual one: on whatever day it is asked for, it is the same. Raises `draw_exists` while the
    last attempt is not abandoned. A slot for practice (N7) says so, and no plan in earnest may."""
    first = plan.from_day if month is None or plan.kind != "annual" else month
    mark = PRACTICE_MARK if body.practice else ""
    name = f"{first:%Y-%m}/{body.division_code}/{mark}{plan.code}#"
    attempts = session.execute(
        select(Draw.slot, Draw.state, Draw.organisation_id).where(
            Draw.slot.startswith(name, autoescape=True)
        )
    ).all()  # of other bodies too: some share their code
    own = [each for each in attempts if each.organisation_id == body.id]
    standing = [each.slot for each in own if each.state != "abandoned"]
    if standing:
        raise DomainError("draw_exists", details={"slot": standing[0]})
    return f"{name}{len(attempts) + 1}"


def _root(slot: str, rows: Sequence[Row], officers: Sequence[Row], rules: Row) -> str:
    try:
        return freeze(slot, rows, officers, rules).pool.root.hex()
    except Refused as refused:
        raise as_domain_error(refused) from None

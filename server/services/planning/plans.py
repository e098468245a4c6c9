"""Plans (抽查计划): filed, decided about by another person, revised; whether they can be kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer

from server.clock import china_date
from server.errors import DomainError
from server.ids import new_id
from server.models import Organisation, Plan, PlanRevision
from server.services.audit.acts import record_act
from server.services.planning.items import items_in_force
from server.services.planning.plan_capacity import capacity_of, require_capacity
from server.services.planning.plan_rules import PRACTICE_MARK, changes_between, faults_of
from server.services.scope import Actor, in_scope, organisation_in_scope
from server.services.tasks.frequency import FrequencyRules

FIRST_REASON = "首次制定"
SPAN_DAYS = 366  # a plan is for a year at most


@dataclass(frozen=True, kw_only=True)
class NewPlan:
    """What is asked for: a name for the slots, and first and last day of the checks."""

    organisation_id: str
    kind: str
    code: str
    from_day: date
    to_day: date
    annual_plan_id: str | None = None


def file_plan(
    session: Session,
    *,
    actor: Actor,
    asked: NewPlan,
    content: Mapping[str, Any],
    rules: FrequencyRules,
    now: datetime,
) -> tuple[Plan, PlanRevision]:
    """File a plan; another person decides about it.

    Raises `not_found`, `practice_word`, `date_out_of_range`, `plan_exists`, `plan_invalid`,
    `plan_outside_share`, and `plan_over_capacity` with the largest quota that can be kept in
    `details.strata`.
    """
    body = organisation_in_scope(session, actor=actor, organisation_id=asked.organisation_id)
    if asked.code.upper().startswith(PRACTICE_MARK) and not body.practice:
        raise DomainError("practice_word", details={"word": PRACTICE_MARK})
    _require_period(asked, today=china_date(now))
    _require_annual(session, asked)
    plan = Plan(
        id=new_id(), **vars(asked), year=asked.from_day.year, revision=0, approved_revision=None,
        created_at=now, created_by=actor.user_id,
    )  # fmt: skip
    _insert(session, plan)
    filed = _file(
        session, actor=actor, plan=plan, content=content, reason=FIRST_REASON, rules=rules, now=now
    )
    return plan, filed


def revise_plan(
    session: Session,
    *,
    actor: Actor,
    plan_id: str,
    content: Mapping[str, Any],
    reason: str,
    rules: FrequencyRules,
    now: datetime,
) -> tuple[Plan, PlanRevision]:
    """File a revision (N23): what holds stands until another person approves it.

    Raises as `file_plan`, `state_invalid` while a filing waits for a decision, and
    `nothing_to_correct`.
    """
    plan = find_plan(session, actor=actor, plan_id=plan_id, lock=True)
    last = revision_of(session, plan, plan.revision)
    if last.decision is None:
        raise DomainError("state_invalid", details={"revision": last.revision, "waits": True})
    filed = _file(
        session, actor=actor, plan=plan, content=content, reason=reason, rules=rules, now=now
    )
    if not filed.changes:
        raise DomainError("nothing_to_correct", details={"revision": last.revision})
    return plan, filed


def decide_plan(
    session: Session,
    *,
    actor: Actor,
    plan_id: str,
    revision: int,
    decision: str,
    reason: str | None,
    now: datetime,
) -> tuple[Plan, PlanRevision]:
    """Approve (`approved`) or refuse (`refused`, with a reason) the filing that waits.

    Raises `not_found`, `state_invalid` for another revision than the one that waits,
    `approver_is_requester`, `reason_needed`.
    """
    plan = find_plan(session, actor=actor, plan_id=plan_id, lock=True)
    filed = revision_of(session, plan, plan.revision)
    if filed.revision != revision or filed.decision is not None:
        raise DomainError("state_invalid", details={"revision": plan.revision})
    if filed.filed_by == actor.user_id:
        raise DomainError("approver_is_requester")
    if decision == "refused" and not reason:
        raise DomainError("reason_needed")
    filed.decision, filed.decision_reason = decision, reason
    filed.decided_at, filed.decided_by = now, actor.user_id
    if decision == "approved":
        plan.approved_revision = filed.revision
    record_act(
        session, actor=actor, action=f"plan.{decision}", target_type="plan", target_id=plan.id,
        after={"revision": revision, "reason": reason}, now=now,
    )  # fmt: skip
    return plan, filed


def find_plan(session: Session, *, actor: Actor, plan_id: str, lock: bool = False) -> Plan:
    """A plan within one's scope. Raises `not_found`."""
    query = (
        select(Plan)
        .join(Organisation, Organisation.id == Plan.organisation_id)
        .where(Plan.id == plan_id, in_scope(actor))
    )
    if lock:
        query = query.with_for_update(of=Plan)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def list_plans(session: Session, *, actor: Actor, filters: Mapping[str, Any]) -> Sequence[Plan]:
    """The plans of a year in one's part of the tree, by period. `filters`: `year`, `kind`."""
    query = (
        select(Plan)
        .join(Organisation, Organisation.id == Plan.organisation_id)
        .where(in_scope(actor), Plan.year == filters["year"])
        .order_by(Plan.from_day, Plan.code, Plan.id)
        .options(undefer(Plan.practice))
    )
    if "kind" in filters:
        query = query.where(Plan.kind == filters["kind"])
    return session.scalars(query).all()


def revision_of(session: Session, plan: Plan, revision: int) -> PlanRevision:
    """One filing of a plan."""
    query = select(PlanRevision).where(PlanRevision.plan_id == plan.id)
    return session.scalars(query.where(PlanRevision.revision == revision)).one()


def revisions_of(session: Session, plan: Plan) -> Sequence[PlanRevision]:
    """All filings of a plan, newest first."""
    query = select(PlanRevision).where(PlanRevision.plan_id == plan.id)
    return session.scalars(query.order_by(PlanRevision.revision.desc())).all()


def _file(
    session: Session,
    *,
    actor: Actor,
    plan: Plan,
    content: Mapping[str, Any],
    reason: str,
    rules: FrequencyRules,
    now: datetime,
) -> PlanRevision:
    body = session.get_one(Organisation, plan.organisation_id)
    force = items_in_force(session, organisation=body, day=plan.from_day)
    codes = [item["code"] for item in force.items]
    faults = faults_of(content, kind=plan.kind, item_codes=codes)
    if faults:
        raise DomainError("plan_invalid", details={"errors": faults})
    capacity = capacity_of(
        session, organisation=body, plan=plan, content=content, rules=rules, today=china_date(now)
    )
    require_capacity(capacity)
    before = revision_of(session, plan, plan.approved_revision) if plan.approved_revision else None
    plan.revision += 1
    filed = PlanRevision(
        id=new_id(), plan_id=plan.id, revision=plan.revision, content=dict(content),
        changes=changes_between(before.content if before else None, content), reason=reason,
        feasibility=capacity, filed_at=now, filed_by=actor.user_id,
    )  # fmt: skip
    session.add(filed)
    session.flush()
    record_act(
        session, actor=actor, action="plan.file", target_type="plan", target_id=plan.id,
        after={"revision": filed.revision, "reason": reason, "changes": filed.changes}, now=now,
    )  # fmt: skip
    return filed


def _require_period(asked: NewPlan, *, today: date) -> None:
    if asked.to_day < max(today, asked.from_day):
        raise DomainError("date_out_of_range", details={"field": "to_day"})
    if (asked.to_day - asked.from_day).days >= SPAN_DAYS or asked.from_day.year > today.year + 2:
        raise DomainError("date_out_of_range", details={"field": "from_day"})


def _require_annual(session: Session, asked: NewPlan) -> None:
    """A month's plan may say which annual plan it carries out: one of the same body and year."""
    if asked.annual_plan_id is None:
        return
    annual = session.get(Plan, asked.annual_plan_id)
    fits = (
        annual is not None
        and annual.kind == "annual"
        and (annual.organisation_id, annual.year) == (asked.organisation_id, asked.from_day.year)
    )
    if not fits:
        raise DomainError("not_found", details={"field": "annual_plan_id"})


def _insert(session: Session, plan: Plan) -> None:
    try:
        with session.begin_nested():
            session.add(plan)
    except IntegrityError:
        raise DomainError("plan_exists", details={"code": plan.code}) from None

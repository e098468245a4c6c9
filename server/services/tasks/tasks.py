"""Tasks (检查任务): made by hand where the law exempts them from the draw, approved, cancelled."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.clock import china_date
from server.errors import DomainError
from server.ids import new_id
from server.models import InspectionObject, Organisation, Task
from server.services.audit.acts import record_act
from server.services.planning.items import items_in_force
from server.services.scope import Actor, in_scope
from server.services.sync.feed import FeedItem, announce, hold_feeds
from server.services.tasks.assignments import active_assignments, end_assignments
from server.services.tasks.checklists import get_checklist
from server.services.tasks.frequency import (
    Frequency,
    FrequencyRules,
    as_facts,
    assess,
    checks_of_objects,
    require_room,
)
from server.services.tasks.handover import items_for_leavers
from server.services.tasks.lifecycle import find_task, move
from server.services.tasks.projections import project_task
from sync.tasks import HAND_MADE_ORIGINS

PLANNABLE_DAYS = 731  # two years ahead: what lies further away is a slip of the pen


PRACTICE_MARK = "演练-"
"""Before the number of a task for practice: it stands on paper, on the device, in the package."""


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """What a person asks for. `source_document` is the paper behind it (N4)."""

    origin: str
    source_document: str
    object_id: str
    checklist_id: str
    planned_on: date
    due_on: date | None = None
    override_reason: str | None = None


def create_task(
    session: Session, *, actor: Actor, asked: NewTask, rules: FrequencyRules, now: datetime
) -> Task:
    """Make a draft task by hand; it belongs to the organisation of its object (N37).

    Raises `origin_not_by_hand`, `source_document_needed`, `date_out_of_range`, `not_found`, and
    `cap_reached` or `interval_too_short` for an origin that the cap binds.
    """
    _require_sound(asked, today=china_date(now))
    site = _lock_object(session, actor=actor, object_id=asked.object_id)
    _require_checklist(session, actor=actor, checklist_id=asked.checklist_id)
    frequency = frequency_of(session, asked.object_id, day=asked.planned_on, rules=rules)
    require_room(frequency, origin=asked.origin, override_reason=asked.override_reason)
    task = new_task(
        session, actor=actor, organisation_id=site.organisation_id, now=now,
        item_list_ids=_item_list_ids(session, site.organisation_id, day=asked.planned_on),
        **vars(asked),
    )  # fmt: skip
    record_act(
        session, actor=actor, action="task.create", target_type="task", target_id=task.id,
        after={**_as_json(asked), "number": task.number, "frequency": as_facts(frequency)}, now=now,
    )  # fmt: skip
    return task


def new_task(
    session: Session, *, actor: Actor, organisation_id: str, now: datetime, **facts: Any
) -> Task:
    """A draft with the next number of its organisation; whether it may be is the caller's to
    know."""
    task = Task(
        id=new_id(), number=_next_number(session, organisation_id, now=now),
        organisation_id=organisation_id, status="draft", round=1, requested_by=actor.user_id,
        created_at=now, **facts,
    )  # fmt: skip
    session.add(task)
    session.flush()
    return task


def approve_request(
    session: Session, *, actor: Actor, task_id: str, rules: FrequencyRules, now: datetime
) -> Task:
    """Agree to a task of origin `other`, and to the override it may carry (N30).

    Raises `state_invalid`, `approver_is_requester`, and the frequency's codes where other tasks
    filled the year meanwhile and no reason was given.
    """
    task = find_task(session, actor=actor, task_id=task_id, lock=True)
    _lock_object(session, actor=actor, object_id=task.object_id)
    if task.origin != "other" or task.status != "draft" or task.approved_by is not None:
        raise DomainError("state_invalid", details={"step": "approve_request"})
    if task.requested_by == actor.user_id:
        raise DomainError("approver_is_requester")
    frequency = frequency_of(session, task.object_id, day=task.planned_on, rules=rules, but=task_id)
    require_room(frequency, origin=task.origin, override_reason=task.override_reason)
    task.approved_by = actor.user_id
    record_act(
        session, actor=actor, action="task.approve_request", target_type="task", target_id=task_id,
        after={"override_reason": task.override_reason, "frequency": as_facts(frequency)}, now=now,
    )  # fmt: skip
    return task


def cancel_task(
    session: Session, *, actor: Actor, task_id: str, reason: str, now: datetime
) -> Task:
    """End a task before it was approved. Its holders see that it is cancelled and why; the rest of
    their copies is revoked. Raises `not_found` or `state_invalid`."""
    task = find_task(session, actor=actor, task_id=task_id, lock=True)
    before = task.status
    move(task, "cancel")
    task.cancel_reason = reason
    ended = active_assignments(session, task_id)
    end_assignments(ended, reason=reason, now=now)
    record_act(
        session, actor=actor, action="task.cancel", target_type="task", target_id=task_id,
        before={"status": before}, after={"status": task.status, "reason": reason}, now=now,
    )  # fmt: skip
    if before == "draft":
        return task
    project_task(session, task_id, now)
    left = sorted({row.officer_id for row in ended})
    hold_feeds(session, left)
    revoked = items_for_leavers(session, task, left)
    # Of two changes of one entity the later counts: the task stays, to say what became of it.
    announce(session, [*revoked, *(FeedItem(officer, "task", task_id) for officer in left)])
    return task


def frequency_of(
    session: Session, object_id: str, *, day: date, rules: FrequencyRules, but: str | None = None
) -> Frequency:
    """What a check of the object on `day` would meet; the task `but` is not counted."""
    checks = checks_of_objects(session, [object_id])[object_id]
    return assess((check for check in checks if check.task_id != but), day=day, rules=rules)


def _require_sound(asked: NewTask, *, today: date) -> None:
    if asked.origin not in HAND_MADE_ORIGINS:
        raise DomainError("origin_not_by_hand", details={"origin": asked.origin})
    if not asked.source_document.strip():
        raise DomainError("source_document_needed")
    latest = today + timedelta(days=PLANNABLE_DAYS)
    if not today <= asked.planned_on <= latest:
        raise DomainError("date_out_of_range", details={"field": "planned_on"})
    if asked.due_on and not asked.planned_on <= asked.due_on <= latest:
        raise DomainError("date_out_of_range", details={"field": "due_on"})


def _lock_object(session: Session, *, actor: Actor, object_id: str) -> InspectionObject:
    """The object within one's scope, locked: its checks are counted one request at a time."""
    found = session.scalars(
        select(InspectionObject)
        .join(Organisation, Organisation.id == InspectionObject.organisation_id)
        .where(InspectionObject.id == object_id, InspectionObject.active, in_scope(actor))
        .with_for_update(of=InspectionObject, key_share=True)
    ).one_or_none()
    if found is None:
        raise DomainError("not_found", details={"field": "object_id"})
    return found


def _require_checklist(session: Session, *, actor: Actor, checklist_id: str) -> None:
    try:
        get_checklist(session, actor=actor, checklist_id=checklist_id)
    except DomainError:
        raise DomainError("not_found", details={"field": "checklist_id"}) from None


def _item_list_ids(session: Session, organisation_id: str, *, day: date) -> list[str]:
    """The lists that hold on the day of the check, as far as they are published."""
    organisation = session.get_one(Organisation, organisation_id)
    return items_in_force(session, organisation=organisation, day=day).ids


def _next_number(session: Session, organisation_id: str, *, now: datetime) -> str:
    """`<division code>-<year>-<running number>`, with 演练 before it where it is for practice.
    Organisations that share a code share the count, so their rows are locked together."""
    body = session.get_one(Organisation, organisation_id)
    code = body.division_code
    sharing = session.scalars(
        select(Organisation.id)
        .where(Organisation.division_code == code)
        .order_by(Organisation.id)
        .with_for_update(key_share=True)
    ).all()
    mark = PRACTICE_MARK if body.practice else ""
    prefix = f"{mark}{code}-{china_date(now).year}-"
    count = select(func.count()).where(
        Task.organisation_id.in_(sharing), Task.number.startswith(prefix, autoescape=True)
    )
    return f"{prefix}{session.scalars(count).one() + 1:05d}"


def _as_json(asked: NewTask) -> dict[str, str | None]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in vars(asked).items()
    }

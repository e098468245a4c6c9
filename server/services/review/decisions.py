"""Review (审核): the supervisor sees the whole submitted record, sends it back or approves it."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.errors import DomainError
from server.failpoints import reach
from server.models import InspectionObject, Task
from server.services.audit.acts import record_act
from server.services.publishing.public_record import Inspection
from server.services.review.awaiting import awaited
from server.services.review.completeness import Gap, find_gaps
from server.services.review.devices import devices_of
from server.services.review.inspections import gather, require_reviewer
from server.services.scope import Actor
from server.services.sync.feed import FeedItem, announce, holders
from server.services.sync.office import office_act
from server.services.tasks.handover import items_for_object_holders
from server.services.tasks.lifecycle import find_task, move
from server.services.tasks.projections import project_objects, project_task

UNSUBMITTED = ("draft", "assigned", "in_progress")


def blocking(task: Task, inspection: Inspection) -> list[Gap]:
    """What still prevents approval; empty for a task that is past it."""
    if task.status not in (*UNSUBMITTED, "submitted"):
        return []
    missing = find_gaps(
        task_id=task.id, items=inspection.checklist["items"], documents=inspection.documents
    )
    if task.status in UNSUBMITTED:
        missing.insert(
            0, Gap("not_submitted", "任务尚未由主办人员提交，请等待提交。", "task", task.id)
        )
    return missing


def approve(session: Session, *, actor: Actor, task_id: str, now: datetime) -> Task:
    """Approve a complete record: from now on it is immutable, and belongs to the object's history.

    It waits for devices that still hold something, unless they were named as not awaited. Raises
    `not_found`, `reviewer_on_task`, `approval_blocked` (with `blocking` in its details) or
    `state_invalid`.
    """
    task = find_task(session, actor=actor, task_id=task_id, lock=True)
    require_reviewer(session, actor=actor, task_id=task_id)
    devices = devices_of(session, task)
    missing = [*blocking(task, gather(session, task)), *awaited(devices)]
    if missing:
        raise DomainError(
            "approval_blocked", details={"blocking": [gap._asdict() for gap in missing]}
        )
    move(task, "approve")
    task.reviewed_at, task.reviewed_by = now, actor.user_id
    record_act(
        session, actor=actor, action="task.approve", target_type="task", target_id=task_id,
        before={"status": "submitted"}, after={"status": task.status, "round": task.round}, now=now,
    )  # fmt: skip
    reach("review.approved")
    tell_of_settled(session, task, now)
    return task


def send_back(session: Session, *, actor: Actor, task_id: str, reason: str, now: datetime) -> Task:
    """Send a submitted record back to its officers; opens a new round.

    Raises `not_found`, `reviewer_on_task` or `state_invalid`.
    """
    task = find_task(session, actor=actor, task_id=task_id, lock=True)
    require_reviewer(session, actor=actor, task_id=task_id)
    move(task, "send_back")
    task.send_back_reason = reason
    record_act(
        session, actor=actor, action="task.send_back", target_type="task", target_id=task_id,
        before={"status": "submitted", "round": task.round - 1},
        after={"status": task.status, "round": task.round, "reason": reason}, now=now,
    )  # fmt: skip
    session.flush()
    reach("review.sent_back")
    patch = {"status": task.status}
    office_act(session, type="task", id=task_id, patch=patch, actor=actor, now=now)
    return task


def tell_of_settled(session: Session, task: Task, now: datetime) -> None:
    """The approved task for its holders; its object's history for all who go there next."""
    # Two checks of one object may be approved at once: their histories are written one by one.
    session.get_one(InspectionObject, task.object_id, with_for_update={"key_share": True})
    project_task(session, task.id, now)
    changed = project_objects(session, [task.object_id], now)
    own = [FeedItem(officer, "task", task.id) for officer in holders(session, [task.id])[task.id]]
    announce(session, [*own, *items_for_object_holders(session, changed)])

"""Giving the care of a conflict to somebody: an officer of its task, or a supervisor."""

from datetime import datetime

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.errors import DomainError
from server.services.audit.acts import record_act
from server.services.conflicts.care import show_care
from server.services.conflicts.views import care_of
from server.services.scope import Actor
from server.services.sql import run
from server.services.sync.conflicts import require_open
from server.services.sync.documents import read_documents
from server.services.sync.feed import announce_to_holders
from server.services.sync.locks import lock_tasks

ON_TASK = (
    "SELECT 1 FROM assignments WHERE task_id = :task AND officer_id = :id AND ended_at IS NULL"
)
#: supervisors whose part of the tree the task lies in
ABOVE_TASK = (
    "SELECT 1 FROM users u JOIN organisations s ON s.id = u.organisation_id "
    "JOIN tasks t ON t.id = :task JOIN organisations o ON o.id = t.organisation_id "
    "WHERE u.id = :id AND u.role = 'supervisor' AND u.active "
    "AND substr(o.path, 1, length(s.path)) = s.path"
)


def assign_conflict(
    session: Session,
    *,
    actor: Actor,
    conflict_id: str,
    officer_id: str | None,
    user_id: str | None,
    now: datetime,
) -> None:
    """Give the care of an open conflict to an officer who is on its task, or to the account of a
    supervisor who may settle it.

    Raises `not_found`, `state_invalid`, or `conflict_assignee` for anybody else.
    """
    before = care_of(session, actor=actor, conflict_id=conflict_id)
    task = lock_tasks(session, [before.task_id])[before.task_id]
    [document] = read_documents(session, [("conflict", conflict_id)]).values()
    require_open(document.data, task)
    chosen = {"officer_id": officer_id, "user_id": user_id}
    asked = {"task": task.id, "id": officer_id or user_id}
    if not run(session, ON_TASK if officer_id else ABOVE_TASK, asked):
        raise DomainError("conflict_assignee", details=chosen)
    run(
        session,
        "UPDATE conflict_care SET officer_id = :officer_id, user_id = :user_id, "
        "assigned_by = :actor, assigned_ms = :now WHERE conflict_id = :id",
        {**chosen, "actor": actor.user_id, "now": to_ms(now), "id": conflict_id},
    )
    record_act(
        session, actor=actor, action="conflict.assign", target_type="conflict",
        target_id=conflict_id, after=chosen, now=now,
        before={"officer_id": before.officer_id, "user_id": before.user_id},
    )  # fmt: skip
    show_care(session, [conflict_id])
    announce_to_holders(session, [(task.id, "conflict", conflict_id)])

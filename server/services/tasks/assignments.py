"""Assignment (派员): who goes as lead and assistants, and who goes instead."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import china_date
from server.errors import DomainError
from server.failpoints import reach
from server.ids import new_id
from server.models import Assignment, Task
from server.services.audit.acts import record_act
from server.services.conflicts.care import move_care
from server.services.scope import Actor
from server.services.sync.feed import FeedItem, announce, hold_feeds
from server.services.tasks.eligibility import Post, require_team
from server.services.tasks.handover import items_for_leavers, items_for_newcomers
from server.services.tasks.lifecycle import find_task, move
from server.services.tasks.projections import project_surroundings, project_task
from sync.tasks import REASSIGNABLE


def assign(
    session: Session,
    *,
    actor: Actor,
    task_id: str,
    posts: Sequence[Post],
    reason: str | None,
    now: datetime,
) -> Task:
    """Send these officers, and nobody else, on the task.

    Who stays keeps what they hold; who leaves gets `revoke`, who comes gets everything. From the
    second time on a reason is needed. Raises `not_found`, `state_invalid`, `approval_needed`,
    `reason_needed` or a code of `require_team`.
    """
    task = find_task(session, actor=actor, task_id=task_id, lock=True)
    _require_assignable(task, reason)
    day = max(task.planned_on, china_date(now))
    require_team(session, actor=actor, posts=posts, object_id=task.object_id, day=day)
    active = active_assignments(session, task_id)
    before = {Post(row.officer_id, row.role) for row in active}
    after = set(posts)
    if task.status == "draft":
        move(task, "assign")
    end_assignments([row for row in active if _post(row) not in after], reason=reason, now=now)
    for post in sorted(after - before):
        session.add(_started(task_id, post, actor=actor, now=now))
    record_act(
        session, actor=actor, action="task.assign", target_type="task", target_id=task_id,
        before=_as_json(before), after={**_as_json(after), "reason": reason}, now=now,
    )  # fmt: skip
    _hand_over(session, task, before=before, after=after, now=now)
    return task


def active_assignments(session: Session, task_id: str) -> list[Assignment]:
    """The assignments of a task that have not ended."""
    query = select(Assignment).where(Assignment.task_id == task_id, Assignment.ended_at.is_(None))
    return list(session.scalars(query))


def end_assignments(rows: Sequence[Assignment], *, reason: str | None, now: datetime) -> None:
    """End them; the rows stay, as all that was done stays."""
    for row in rows:
        row.ended_at, row.end_reason = now, reason


def _require_assignable(task: Task, reason: str | None) -> None:
    if task.status == "draft":
        if task.origin == "other" and task.approved_by is None:
            raise DomainError("approval_needed")
        return
    if task.status not in REASSIGNABLE:
        raise DomainError("state_invalid", details={"step": "reassign", "status": task.status})
    if not reason:
        raise DomainError("reason_needed")


def _post(row: Assignment) -> Post:
    return Post(row.officer_id, row.role)


def _as_json(posts: set[Post]) -> dict[str, list[dict[str, str]]]:
    return {"assignments": [post._asdict() for post in sorted(posts)]}


def _started(task_id: str, post: Post, *, actor: Actor, now: datetime) -> Assignment:
    return Assignment(
        id=new_id(), task_id=task_id, officer_id=post.officer_id, role=post.role,
        assigned_at=now, assigned_by=actor.user_id,
    )  # fmt: skip


def _hand_over(
    session: Session, task: Task, *, before: set[Post], after: set[Post], now: datetime
) -> None:
    """Write the documents anew and tell each officer what changed for them."""
    had = {post.officer_id for post in before}
    have = {post.officer_id for post in after}
    changed_task = project_task(session, task.id, now)
    changed = project_surroundings(session, task, now) | move_care(session, task.id)
    if changed_task:
        changed.add(("task", task.id))
    reach("assign.ended")
    hold_feeds(session, had | have)
    announce(
        session,
        [
            *items_for_leavers(session, task, had - have),
            *(FeedItem(officer, *key) for officer in sorted(had & have) for key in sorted(changed)),
            *items_for_newcomers(session, task, have - had),
        ],
    )

"""Acts of the office (服务端行为): writes to synced entities that no device made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.clock import from_ms, parse_time, to_ms
from server.errors import DomainError
from server.models import Task
from server.services.scope import Actor
from server.services.sync.locks import lock_tasks
from server.services.sync.merging import Author, Key, Merge
from server.services.tasks.projections import task_data
from sync.merge import Action
from sync.policies import OFFICE, Saw


def office_act(
    session: Session,
    *,
    type: str,
    id: str,
    patch: Mapping[str, Any],
    actor: Actor | None,
    now: datetime,
) -> int:
    """Write fields of an entity as the office, which has seen all that stands; gives the new rev.

    For a task's `status` this opens a new round: what a device wrote without having seen it no
    longer counts. Announces the change to the task's holders. Raises `not_found`.
    """
    merge = Merge(session, now_ms=to_ms(now))
    key = (type, id)
    merge.read([key])
    found = merge.get(key)
    if found is None or found.task_id is None:
        raise DomainError("not_found")
    lock_tasks(session, [found.task_id])
    merge.held.clear()  # what was read before the lock may have changed meanwhile
    merge.read([key])
    write_as_office(merge, key, found.task_id, actor=actor, patch=patch)
    if type == "task":
        follow_task(merge, session, id)
    merge.save()
    return merge.held[key].rev


def write_as_office(
    merge: Merge,
    key: Key,
    task_id: str,
    *,
    actor: Actor | None,
    patch: Mapping[str, Any],
    action: Action = "patch",
    saw: Saw = lambda _: True,
) -> None:
    """One write of the office within a merge; its number is the rev that it makes."""
    held = merge.get(key)
    author = Author(
        officer_id=actor.officer_id if actor else None,
        user_id=actor.user_id if actor else None,
        device_id=OFFICE,
        n=(held.rev if held else 0) + 1,
        op_id=None,
        base_rev=held.rev if held else None,
        device_ms=None,
        offset_ms=None,
        effective_ms=merge.now_ms,
        received_ms=merge.now_ms,
    )
    merge.write(key, task_id, author=author, saw=saw, action=action, patch=patch)


def follow_task(merge: Merge, session: Session, task_id: str) -> None:
    """Let the task's row follow what was merged, and its document show the row."""
    held = merge.held["task", task_id]
    task = session.get_one(Task, task_id)
    written = held.entity.data
    if written.get("status") == "submitted" and task.status != "submitted":
        task.submitted_at = from_ms(merge.now_ms)
    task.status = written.get("status") or task.status
    task.started_at = parse_time(written.get("started_at"))
    task.finished_at = parse_time(written.get("finished_at"))
    held.entity.data = task_data(session, task_id)


def show_task(merge: Merge, session: Session, task_id: str) -> None:
    """Let the task's document show what changed around it; a new rev where it did."""
    key = ("task", task_id)
    merge.read([key])
    held = merge.held[key]
    held.entity.data = task_data(session, task_id)
    held.rev, held.changed = held.rev + 1, True
    merge.touch(key, task_id)

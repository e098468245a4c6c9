"""Tasks in the database: found within one's scope, locked, and moved by the table of steps."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import is_id
from server.models import Organisation, Task
from server.services.scope import Actor, in_scope
from sync.tasks import StepRefused, allowed_steps, take_step


def find_task(session: Session, *, actor: Actor, task_id: str, lock: bool = False) -> Task:
    """The task, if it lies in the actor's part of the tree. Raises `not_found`.

    With `lock` its row is held until the transaction ends: all changes to a task take that lock.
    """
    if not is_id(task_id):
        raise DomainError("not_found")
    query = (
        select(Task)
        .join(Organisation, Organisation.id == Task.organisation_id)
        .where(Task.id == task_id, in_scope(actor))
    )
    if lock:
        query = query.with_for_update(of=Task, key_share=True)
    found = session.scalars(query.execution_options(populate_existing=lock)).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def move(task: Task, step: str) -> None:
    """Take a step of `sync.tasks.STEPS`; times and reasons are the caller's to set.

    Raises `state_invalid`, naming the steps that the present status allows.
    """
    try:
        task.status, task.round = take_step(step, status=task.status, round_=task.round)
    except StepRefused:
        allowed = allowed_steps(task.status)
        raise DomainError(
            "state_invalid", details={"step": step, "status": task.status, "allowed": allowed}
        ) from None

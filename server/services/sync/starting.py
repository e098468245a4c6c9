"""When a check may start (开始检查): not before the plan that it was drawn from is public (N24)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import china_date
from server.models import Draw, Task
from sync.policies import Refused


def require_public(session: Session, task_id: str, *, now: datetime) -> None:
    """Raise Refused while a seal (封存) withholds the names of the draw that a task came out of.

    Under a seal no task is made, so no honest device has one to start. This holds whatever put it
    there.
    """
    sealed = (
        select(Draw.id)
        .join(Task, Task.draw_id == Draw.id)
        .where(Task.id == task_id, Draw.sealed_until > china_date(now))
    )
    if session.scalar(sealed) is not None:
        raise Refused("plan_not_public", "status")

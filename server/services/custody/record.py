"""The record of one inspection as a package shows it (检查记录): what the supervisor sees of it, as
plain JSON, without what changes by itself (terms that run, devices that may hold more)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import wire_time
from server.models import Base, Device, Task, User
from server.services.review.view import tell_task

PARTS = (
    "task", "object", "organisation", "checklist", "officers", "record", "items", "findings",
    "photos", "conflicts", "settled_conflicts", "history", "salvaged", "unmerged",
)  # fmt: skip
NO_TERM = timedelta(0)


def describe_inspection(session: Session, task: Task, *, now: datetime) -> dict[str, Any]:
    """Task, answers, findings, photos, conflicts and every version of each, for one who may see
    the task."""
    told = tell_task(session, task, term=NO_TERM, now=now)
    shown: dict[str, Any] = {part: plain(told[part]) for part in PARTS}
    for conflict in [*shown["conflicts"], *shown["settled_conflicts"]]:
        for running in ("due_at", "overdue"):
            conflict["care"].pop(running)
    return shown


def name_people(session: Session, events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The names of those, and of the devices, that events of custody know by id alone."""
    seen = list(events)
    users = {event["user_id"] for event in seen if event["user_id"]}
    devices = {event["device_id"] for event in seen if event["device_id"]}
    people = session.execute(select(User.id, User.name).where(User.id.in_(users)))
    named = session.execute(select(Device.id, Device.name).where(Device.id.in_(devices)))
    return {
        "people": {row.id: row.name for row in people},
        "devices": {row.id: row.name for row in named},
    }


def plain(value: Any) -> Any:
    """A value as JSON can say it: rows by their columns, moments as on the wire."""
    if isinstance(value, Base):
        columns = value.__table__.columns.keys()
        return {name: plain(getattr(value, name)) for name in columns}
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, datetime):
        return wire_time(value)
    return value.isoformat() if isinstance(value, date) else value

"""One inspection gathered from the database, for the supervisor's review and for publication."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from server.clock import china_date
from server.errors import DomainError
from server.models import Assignment, Base, Checklist, InspectionObject, Officer, Organisation, Task
from server.services.publishing.public_record import Inspection
from server.services.scope import Actor
from server.services.sync.documents import StoredDocument, documents_of_task

#: fields of the record that hold people's names; several may stand in one field
NAME_FIELDS = ("legal_representative", "safety_responsible", "safety_manager", "accompanied_by")
_BETWEEN_NAMES = re.compile(r"[^\w·•]+")
#: words that stand beside a name and are none
_POSTS = (
    "经理",
    "店长",
    "主任",
    "老板",
    "负责人",
    "厂长",
    "校长",
    "院长",
    "保安",
    "员工",
    "安全员",
    "值班员",
)


def gather(session: Session, task: Task) -> Inspection:
    """Everything about one task. Reads, changes nothing."""
    site = session.get_one(InspectionObject, task.object_id)
    documents = live_documents(documents_of_task(session, task.id))
    team = _team(session, task.id)
    officers = [officer for officer, ended_at in team if ended_at is None]
    record = documents.get("record", {}).get(task.id, {})
    return Inspection(
        task_id=task.id,
        task=_plain(task),
        site=_plain(site),
        organisation=_plain(session.get_one(Organisation, task.organisation_id)),
        checklist=_plain(session.get_one(Checklist, task.checklist_id)),
        documents=documents,
        officers_count=len(officers),
        certified_count=sum(officer.certificate_number is not None for officer in officers),
        finished_on=_finished_on(task),
        names={
            *(officer.name for officer, _ in team),
            *_people(site.contact_name, *(record.get(name) for name in NAME_FIELDS)),
        },
    )


def live_documents(stored: list[StoredDocument]) -> dict[str, dict[str, dict[str, Any]]]:
    """type → id → data of what is not deleted."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for document in stored:
        if not document.deleted:
            found.setdefault(document.type, {})[document.id] = document.data
    return found


def require_reviewer(session: Session, *, actor: Actor, task_id: str) -> None:
    """Raise `reviewer_on_task` for someone who is or was an officer of the task: nobody reviews
    their own work."""
    if actor.officer_id is None:
        return
    own = select(Assignment.id).where(
        Assignment.task_id == task_id, Assignment.officer_id == actor.officer_id
    )
    if session.execute(own.limit(1)).first():
        raise DomainError("reviewer_on_task")


def _team(session: Session, task_id: str) -> Sequence[Any]:
    """Everyone who was ever on the task, with the end of their assignment (none: still on it)."""
    return session.execute(
        select(Officer, Assignment.ended_at)
        .join(Assignment, Assignment.officer_id == Officer.id)
        .where(Assignment.task_id == task_id)
        .order_by(Officer.id)
    ).all()


def _finished_on(task: Task) -> date | None:
    moment = task.finished_at or task.submitted_at
    return china_date(moment) if moment else None


def _plain(row: Base) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def _people(*fields: str | None) -> Iterator[str]:
    """Each field whole, and each word of it that is no post: `张三（经理）、李四`."""
    for field in filter(None, fields):
        for word in (field, *_BETWEEN_NAMES.split(field)):
            if not word.endswith(_POSTS):
                yield word

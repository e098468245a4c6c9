"""What a supervisor reads before deciding: one task with everything that was written, by whom and
when, what is still missing, and which devices may hold more."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from server.clock import from_ms
from server.models import Assignment, Device, History, Officer, Receipt, Task, User
from server.models.documents import KEPT
from server.services.conflicts.telling import tell_whole
from server.services.conflicts.views import care_of_task
from server.services.evidence.facts import facts_of
from server.services.evidence.flags import flags_of_photos
from server.services.review.awaiting import awaited, kept_aside, silent
from server.services.review.completeness import Gap, photos_of
from server.services.review.decisions import blocking
from server.services.review.devices import devices_of
from server.services.review.inspections import gather
from server.services.review.missing import Received, missing_photos
from server.services.scope import Actor
from server.services.sync.documents import StoredDocument, documents_of_task
from server.services.tasks.lifecycle import find_task

#: the states that a photo passes on its way; each counts those that came at least so far
PHOTO_WAY = ("declared", "received", "verified")
PHOTO_SIDES = ("quarantined", "lost", "deleted")
#: so many are told of here, the oldest; all are listed by `GET /photos/missing`
MOST_MISSING = 200


def read_review(
    session: Session, *, actor: Actor, task_id: str, term: timedelta, received: Received,
    now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """The review of a task; `term` is how long a conflict may wait, `received` tells the bytes of
    an upload that have come. Raises `not_found`."""
    task = find_task(session, actor=actor, task_id=task_id)
    missing = missing_photos(
        session, actor=actor, filters={"task_id": task_id}, after=None, limit=MOST_MISSING,
        received=received,
    ).items  # fmt: skip
    told = tell_task(session, task, term=term, now=now)
    photos = _photos(session, actor, told["photos"]["items"])
    return {
        **told,
        "photos": {"counts": told["photos"]["counts"], "items": photos},
        "missing_photos": missing,
        "warnings": [*told["warnings"], *_doubted(photos)],
    }


def tell_task(session: Session, task: Task, *, term: timedelta, now: datetime) -> dict[str, Any]:
    """As `read_review`, for one who may see the task; without what is on its way just now."""
    task_id = task.id
    inspection = gather(session, task)
    stored = _Stored(documents_of_task(session, task_id))
    devices = devices_of(session, task)
    unmerged = _unmerged(session, task_id)
    conflicts = tell_whole(session, care_of_task(session, task_id), term=term, now=now)
    return {
        "task": task,
        "object": inspection.site,
        "organisation": inspection.organisation,
        "checklist": inspection.checklist,
        "officers": _officers(session, task_id),
        "record": stored.one("record", task_id),
        "items": [
            {"item": item, "answer": stored.one("answer", f"{task_id}.{item['code']}")}
            for item in inspection.checklist["items"]
        ],
        "findings": [
            {**finding, "photo_counts": _count(stored.photos_of("finding", finding["id"]))}
            for finding in stored.all("finding")
        ],
        "photos": {"counts": _count(stored.all("photo")), "items": stored.all("photo")},
        "conflicts": [each for each in conflicts if each["data"]["state"] == "open"],
        "settled_conflicts": [each for each in conflicts if each["data"]["state"] != "open"],
        "history": _history(session, task_id),
        "salvaged": [each for each in unmerged if each["status"] == "salvaged"],
        "unmerged": [each for each in unmerged if each["status"] != "salvaged"],
        "devices": devices,
        "blocking": [gap._asdict() for gap in [*blocking(task, inspection), *awaited(devices)]],
        "warnings": [
            *(silent(devices) if task.submitted_at else ()),
            *kept_aside(unmerged),
        ],
    }


@dataclass
class _Stored:
    """The task's documents, as the wire shows them; deleted ones only in the history."""

    documents: list[StoredDocument]

    def all(self, type_: str) -> list[dict[str, Any]]:
        return [
            {"id": each.id, "rev": each.rev, "data": each.data}
            for each in self.documents
            if each.type == type_ and not each.deleted
        ]

    def one(self, type_: str, id_: str) -> dict[str, Any] | None:
        return next((each for each in self.all(type_) if each["id"] == id_), None)

    def photos_of(self, type_: str, id_: str) -> list[dict[str, Any]]:
        documents = {
            kind: {each["id"]: each["data"] for each in self.all(kind)} for kind in (type_, "photo")
        }
        wanted = photos_of(type_, id_, documents)
        return [photo for photo in self.all("photo") if photo["id"] in wanted]


def _photos(
    session: Session, actor: Actor, photos: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Each photo's document with its facts and what of them does not fit."""
    ids = [photo["id"] for photo in photos]
    facts = facts_of(session, ids)
    flags = flags_of_photos(session, actor=actor, photo_ids=ids)
    return [
        {
            **photo,
            "facts": facts[photo["id"]].on_the_wire() if photo["id"] in facts else None,
            "flags": flags.get(photo["id"], []),
        }
        for photo in photos
    ]


def _doubted(photos: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A warning for each flag that nobody explained yet; none of them blocks."""
    return [
        Gap(flag["code"], flag["message"], "photo", photo["id"])._asdict()
        for photo in photos
        for flag in photo["flags"]
        if flag["explained_at"] is None
    ]


def _count(photos: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many were declared, how many of those came, how many of those proved to be right."""
    states = Counter(photo["data"].get("state") or "declared" for photo in photos)
    reached = {state: sum(states[s] for s in PHOTO_WAY[i:]) for i, state in enumerate(PHOTO_WAY)}
    aside = {state: states[state] for state in PHOTO_SIDES}
    return {**reached, "declared": states.total(), **aside}


def _officers(session: Session, task_id: str) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Officer.id, Officer.name, Assignment.role, Assignment.ended_at)
        .join(Officer, Officer.id == Assignment.officer_id)
        .where(Assignment.task_id == task_id)
        .order_by(Assignment.ended_at.is_not(None), Assignment.role.desc(), Officer.id)
    )
    return [dict(row._mapping) for row in rows]


def _history(session: Session, task_id: str) -> list[dict[str, Any]]:
    """Every version of every entity, in the order of effective time; acts of the office too."""
    rows = session.execute(
        select(History, User.name.label("user_name"), Device.name.label("device_name"))
        .outerjoin(User, User.id == History.user_id)
        .outerjoin(Device, Device.id == History.device_id)
        .where(History.task_id == task_id)
        .order_by(
            History.effective_ms, History.device_id, History.device_n,
            History.type, History.entity_id, History.rev,
        )
    )  # fmt: skip
    return [
        {
            **{name: getattr(row.History, name) for name in _HISTORY_FIELDS},
            "id": row.History.entity_id,
            "user_name": row.user_name,
            "device_name": row.device_name,
            "effective_at": from_ms(row.History.effective_ms),
            "received_at": from_ms(row.History.received_ms),
            "before": orjson.loads(row.History.before),
            "patch": orjson.loads(row.History.patch),
        }
        for row in rows
    ]


_HISTORY_FIELDS = (
    "type",
    "rev",
    "action",
    "officer_id",
    "user_id",
    "device_id",
    "op_id",
    "base_rev",
)


def _unmerged(session: Session, task_id: str) -> list[dict[str, Any]]:
    """Ops that are not part of the record: salvaged, held or refused, whole as they came. What
    somebody sends who was never on the task is none of its business."""
    was_on_it = exists().where(
        Assignment.task_id == task_id, Assignment.officer_id == User.officer_id
    )
    rows = session.execute(
        select(Receipt, User.name.label("user_name"))
        .join(User, User.id == Receipt.user_id)
        .where(Receipt.task_id == task_id, text(KEPT), Receipt.mended_by.is_(None), was_on_it)
        .order_by(Receipt.received_ms, Receipt.device_id, Receipt.n)
    )
    return [
        {
            "op_id": row.Receipt.op_id,
            "device_id": row.Receipt.device_id,
            "user_id": row.Receipt.user_id,
            "user_name": row.user_name,
            "type": row.Receipt.type,
            "id": row.Receipt.entity_id,
            "status": row.Receipt.status,
            "error": orjson.loads(row.Receipt.result).get("error"),
            "body": row.Receipt.body,
            "effective_at": from_ms(row.Receipt.effective_ms),
            "received_at": from_ms(row.Receipt.received_ms),
        }
        for row in rows
    ]

"""Legal holds (留置): what must be kept until somebody lets go of it; they win over any deletion.

A hold takes the files' locks, which deleting takes too: it either comes before a file is removed,
and then the file stays, or after, and then its placer is told so.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from server.clock import china_date, wire_day
from server.errors import DomainError
from server.ids import is_id, new_id
from server.models import (
    DeletionItem,
    InspectionObject,
    LegalHold,
    Organisation,
    Photo,
    Task,
    Upload,
)
from server.services.audit.acts import record_act
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.files import count_on_files, hold_quarantine
from server.services.evidence.photos import find_photo
from server.services.scope import Actor, in_scope, own_organisation
from server.services.tasks.lifecycle import find_task

TARGETS = ("task", "object", "photo")


def place_hold(
    session: Session, *, actor: Actor, target_type: str, target_id: str, reason: str,
    until_on: date | None, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """Keep a task's, an object's or one photo, until a day or until it is released.

    Raises `not_found`, `date_out_of_range` for a day that is over.
    """
    _require_target(session, actor, target_type, target_id)
    if until_on is not None and until_on < china_date(now):
        raise DomainError("date_out_of_range", details={"field": "until_on"})
    hold = LegalHold(
        id=new_id(), target_type=target_type, target_id=target_id, reason=reason,
        organisation_id=own_organisation(session, actor).id, placed_by=actor.user_id, placed_at=now,
        until_on=until_on,
    )  # fmt: skip
    session.add(hold)
    session.flush()
    photos = _photos_of(session, target_type, target_id)
    _hold_files(session, photos)
    facts = {"hold_id": hold.id, "reason": reason, "until_on": wire_day(until_on)}
    _leave_trace(session, actor, "hold", hold, photo_ids=photos, facts=facts, now=now)
    return _shown(hold, gone=_count_gone(session, photos))


def release_hold(
    session: Session, *, actor: Actor, hold_id: str, reason: str, now: datetime
) -> dict[str, Any]:
    """Let go of what was held. Raises `not_found`, `forbidden` where a body above placed it, and
    `state_invalid` for one that is released."""
    hold = _find_hold(session, actor, hold_id)
    placer = session.get_one(Organisation, hold.organisation_id)
    if not actor.holds(placer.path):
        raise DomainError("forbidden", details={"placed_by_organisation": placer.name})
    if hold.released_at is not None:
        raise DomainError("state_invalid", details={"step": "release"})
    hold.released_by, hold.released_at, hold.release_reason = actor.user_id, now, reason
    photos = _photos_of(session, hold.target_type, hold.target_id)
    facts = {"hold_id": hold.id, "reason": reason}
    _leave_trace(session, actor, "release", hold, photo_ids=photos, facts=facts, now=now)
    return _shown(hold, gone=_count_gone(session, photos))


def list_holds(
    session: Session, *, actor: Actor, standing: bool | None, after: str | None, limit: int
) -> Sequence[LegalHold]:
    """The holds on what lies in one's part of the tree, or that were placed there; one more than
    `limit`. `standing`: only those that are not released, or only those that are."""
    query = select(LegalHold).where(_seen_by(actor)).order_by(LegalHold.id).limit(limit + 1)
    if standing is not None:
        is_open = LegalHold.released_at.is_(None)
        query = query.where(is_open if standing else ~is_open)
    if after is not None:
        query = query.where(LegalHold.id > after)
    return session.scalars(query).all()


def _seen_by(actor: Actor) -> Any:
    within = select(Organisation.id).where(in_scope(actor))
    tasks = select(Task.id).where(Task.organisation_id.in_(within))
    objects = select(InspectionObject.id).where(InspectionObject.organisation_id.in_(within))
    photos = select(Photo.id).where(Photo.task_id.in_(tasks))
    return or_(
        LegalHold.organisation_id.in_(within),
        (LegalHold.target_type == "task") & LegalHold.target_id.in_(tasks),
        (LegalHold.target_type == "object") & LegalHold.target_id.in_(objects),
        (LegalHold.target_type == "photo") & LegalHold.target_id.in_(photos),
    )


def _find_hold(session: Session, actor: Actor, hold_id: str) -> LegalHold:
    query = select(LegalHold).where(LegalHold.id == hold_id, _seen_by(actor))
    found = session.scalars(query.with_for_update(of=LegalHold)).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def _require_target(session: Session, actor: Actor, target_type: str, target_id: str) -> None:
    if target_type == "task":
        find_task(session, actor=actor, task_id=target_id)
        return
    if target_type == "photo":
        find_photo(session, actor=actor, photo_id=target_id)
        return
    site = session.get(InspectionObject, target_id) if is_id(target_id) else None
    home = session.get(Organisation, site.organisation_id) if site else None
    if home is None or not actor.holds(home.path):
        raise DomainError("not_found")


def _photos_of(session: Session, target_type: str, target_id: str) -> list[str]:
    query = select(Photo.id).order_by(Photo.id)
    if target_type == "object":
        tasks = select(Task.id).where(Task.object_id == target_id)
        return list(session.scalars(query.where(Photo.task_id.in_(tasks))))
    column = Photo.task_id if target_type == "task" else Photo.id
    return list(session.scalars(query.where(column == target_id)))


def _hold_files(session: Session, photo_ids: Sequence[str]) -> None:
    """Wait for what is just now being removed; let nothing be removed before the hold stands."""
    count_on_files(
        session, session.scalars(select(Photo.received_sha256).where(Photo.id.in_(photo_ids)))
    )
    aside = select(Upload.received_sha256).where(
        Upload.photo_id.in_(photo_ids), Upload.state.in_(("quarantined", "deleting"))
    )
    hold_quarantine(session, {digest for digest in session.scalars(aside) if digest})


def _count_gone(session: Session, photo_ids: Sequence[str]) -> int:
    uploads = session.scalars(select(Upload.id).where(Upload.photo_id.in_(photo_ids)))
    gone = select(func.count()).where(
        DeletionItem.subject_id.in_([*photo_ids, *uploads]), DeletionItem.state == "deleted"
    )
    return session.scalars(gone).one()


def _leave_trace(
    session: Session, actor: Actor, kind: str, hold: LegalHold, *, photo_ids: Sequence[str],
    facts: dict[str, Any], now: datetime,
) -> None:  # fmt: skip
    by = (actor.user_id, actor.device_id)
    record_custody(session, [Custody(each, kind, *by, facts) for each in photo_ids], now=now)
    record_act(
        session, actor=actor, action=f"retention.{kind}", target_type=hold.target_type,
        target_id=hold.target_id, after=facts, now=now,
    )  # fmt: skip


def _shown(hold: LegalHold, *, gone: int) -> dict[str, Any]:
    columns = {column.key: getattr(hold, column.key) for column in LegalHold.__table__.columns}
    return {**columns, "deleted_before": gone}

"""Photos for people (照片查看): what need not be sent, what may be seen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.clock import wire_moment
from server.errors import DomainError
from server.ids import is_id
from server.models import (
    Assignment,
    DeletionAct,
    DeletionItem,
    EvidenceFile,
    Organisation,
    Photo,
    Task,
    User,
)
from server.services.bulk import as_json, ids_from_json
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.declared import reach_of
from server.services.scope import Actor


class Known(NamedTuple):
    """Digests whose bytes need not be sent, and those that must be."""

    have: list[str]
    need: list[str]


def check_photos(session: Session, *, actor: Actor, digests: Sequence[str]) -> Known:
    """Which of these digests are stored already and the caller's to show; in their order. One that
    is only known elsewhere is needed like any other."""
    wanted = list(dict.fromkeys(digests))
    rows = session.execute(
        text(
            f"SELECT f.sha256 FROM evidence_files f WHERE f.sha256 IN {ids_from_json(session)} "
            f"AND {reach_of('f.sha256', ':user')}"
        ),
        {"ids": as_json(wanted), "user": actor.user_id},
    )
    stored = set(rows.scalars())
    return Known(
        have=[digest for digest in wanted if digest in stored],
        need=[digest for digest in wanted if digest not in stored],
    )


def find_photo(session: Session, *, actor: Actor, photo_id: str) -> Photo:
    """The declared photo, if the actor holds its task or it lies in a supervisor's, admin's or
    auditor's part of the tree. Raises `not_found`."""
    photo = session.get(Photo, photo_id) if is_id(photo_id) else None
    if photo is None or not _in_scope(session, actor, photo):
        raise DomainError("not_found")
    return photo


def _in_scope(session: Session, actor: Actor, photo: Photo) -> bool:
    holds = select(Assignment.id).where(
        Assignment.task_id == photo.task_id,
        Assignment.officer_id == actor.officer_id,
        Assignment.ended_at.is_(None),
    )
    if actor.officer_id is not None and session.execute(holds.limit(1)).first():
        return True
    if actor.role == "officer":
        return False
    path = session.scalars(
        select(Organisation.path)
        .join(Task, Task.organisation_id == Organisation.id)
        .where(Task.id == photo.task_id)
    ).one_or_none()
    return path is not None and actor.holds(path)


def photo_file(session: Session, *, actor: Actor, photo_id: str) -> EvidenceFile:
    """The stored file of a verified photo in one's scope. Raises `not_found`, `photo_deleted`."""
    photo = find_photo(session, actor=actor, photo_id=photo_id)
    require_kept(session, actor=actor, photo=photo)
    if photo.received_sha256 is None:
        raise DomainError("not_found", details={"state": photo.state})
    return session.get_one(EvidenceFile, photo.received_sha256)


def require_kept(session: Session, *, actor: Actor, photo: Photo) -> None:
    """Raise `photo_deleted` for one whose term was over, from the mark on."""
    if photo.state in ("deleting", "deleted"):
        raise DomainError("photo_deleted", details=_how_deleted(session, actor, photo))


def _how_deleted(session: Session, actor: Actor, photo: Photo) -> dict[str, Any]:
    """What stays of a photo whose term was over: for all who may see it when and why, for those in
    charge also who decided it, and in which act."""
    item, act, name = session.execute(
        select(DeletionItem, DeletionAct, User.name)
        .join(DeletionAct, DeletionAct.id == DeletionItem.act_id)
        .outerjoin(User, User.id == DeletionAct.decided_by)
        .where(DeletionItem.subject_id == photo.id, DeletionItem.state == photo.state)
    ).one()
    told = {
        "sha256": item.sha256, "size_bytes": item.size_bytes, "reason": act.reason,
        "deleted_at": wire_moment(item.deleted_at),
    }  # fmt: skip
    if actor.role == "officer":
        return told
    return {**told, "approved_by": act.decided_by, "approved_by_name": name, "act_id": act.id}


def view_original(session: Session, *, actor: Actor, photo_id: str, now: datetime) -> EvidenceFile:
    """As `photo_file`, and it stands in the chain of custody that the original was looked at."""
    file = photo_file(session, actor=actor, photo_id=photo_id)
    seen = Custody(photo_id, "viewed", actor.user_id, actor.device_id, {"sha256": file.sha256})
    record_custody(session, [seen], now=now)
    return file

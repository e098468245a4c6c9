"""Flags of photos (照片疑点) for supervisors: told in words, listed, counted, explained.

A flag that names a photo of another task shows that photo only to who may see it. To everybody else
it says that there is one in another organisation, and of which day: enough to ask there.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from server.clock import china_date
from server.errors import DomainError
from server.models import InspectionObject, Organisation, Photo, PhotoFlag, Task
from server.services.audit.acts import record_act
from server.services.evidence.facts import facts_of
from server.services.evidence.photos import find_photo
from server.services.evidence.raising import OF_ANOTHER
from server.services.evidence.wording import worded
from server.services.review.inspections import require_reviewer
from server.services.scope import Actor, in_scope

Query = Select[*tuple[Any, ...]]
OtherPhoto = aliased(Photo, name="other_photo")
OtherTask = aliased(Task)
OtherOrganisation = aliased(Organisation)
OtherObject = aliased(InspectionObject)


def list_flags(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> dict[str, Any]:
    """A page of the standing flags in one's part of the tree, newest first, with how many there are
    of each code. `filters`: `task_id`, `explained`, and `code`, which the counts disregard. Raises
    `not_found` for an unknown mark."""
    query = _matching(_told(), actor, filters).order_by(
        PhotoFlag.flagged_at.desc(), PhotoFlag.id.desc()
    )
    if "code" in filters:
        query = query.where(PhotoFlag.code == filters["code"])
    if after is not None:
        mark = _flag_in_scope(session, actor=actor, flag_id=after)  # cleared meanwhile or not
        query = query.where(
            tuple_(PhotoFlag.flagged_at, PhotoFlag.id) < tuple_(mark.flagged_at, mark.id)
        )
    rows = session.execute(query.limit(limit + 1)).all()
    items = [_as_shown(row, actor) for row in rows[:limit]]
    return {
        "items": items,
        "next": items[-1]["id"] if len(rows) > limit else None,
        "counts": _counts(session, actor, filters),
    }


def flags_of_photos(
    session: Session, *, actor: Actor, photo_ids: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """The standing flags of each of these photos, which the caller may see."""
    flags: dict[str, list[dict[str, Any]]] = defaultdict(list)
    query = (
        _told().where(PhotoFlag.photo_id.in_(photo_ids)).order_by(PhotoFlag.code, PhotoFlag.subject)
    )
    for row in session.execute(query):
        flags[row.PhotoFlag.photo_id].append(_as_shown(row, actor))
    return flags


def read_compared(session: Session, *, actor: Actor, photo_id: str) -> dict[str, Any]:
    """One photo's facts and flags. Raises `not_found`."""
    photo = find_photo(session, actor=actor, photo_id=photo_id)
    flags = flags_of_photos(session, actor=actor, photo_ids=[photo_id])
    facts = facts_of(session, [photo_id])[photo_id]
    return {
        "facts": facts.on_the_wire(),
        "flags": flags.get(photo_id, []),
        "compared_at": photo.compared_at,
    }


def explain_flag(
    session: Session, *, actor: Actor, flag_id: str, note: str, now: datetime
) -> dict[str, Any]:
    """Say what a flag comes from, or that it was looked at (说明); said again, the last counts.

    Nobody explains what their own task is asked. Raises `not_found`, `reviewer_on_task`.
    """
    flag = _flag_in_scope(session, actor=actor, flag_id=flag_id, lock=True)
    if flag.cleared_at is not None:
        raise DomainError("not_found")
    require_reviewer(session, actor=actor, task_id=flag.task_id)
    before = {"note": flag.note, "explained_by": flag.explained_by}
    flag.note, flag.explained_by, flag.explained_at = note, actor.user_id, now
    record_act(
        session, actor=actor, action="photo.flag_explained", target_type="photo",
        target_id=flag.photo_id, before=before,
        after={"flag_id": flag.id, "code": flag.code, "details": flag.details, "note": note},
        now=now,
    )  # fmt: skip
    session.flush()
    return _as_shown(session.execute(_told().where(PhotoFlag.id == flag_id)).one(), actor)


def _flag_in_scope(
    session: Session, *, actor: Actor, flag_id: str, lock: bool = False
) -> PhotoFlag:
    query = (
        select(PhotoFlag)
        .join(Task, Task.id == PhotoFlag.task_id)
        .join(Organisation, Organisation.id == Task.organisation_id)
        .where(PhotoFlag.id == flag_id, in_scope(actor))
    )
    found = session.scalars(query.with_for_update(of=PhotoFlag) if lock else query).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def _told() -> Query:
    """Standing flags with their task, and with the other photo where there is one."""
    return (
        select(
            PhotoFlag, Task.number, OtherPhoto, OtherTask.number.label("other_number"),
            OtherOrganisation.path.label("other_path"),
            OtherOrganisation.name.label("other_organisation"),
            OtherObject.name.label("other_object"),
        )
        .join(Task, Task.id == PhotoFlag.task_id)
        .join(Organisation, Organisation.id == Task.organisation_id)
        .outerjoin(
            OtherPhoto, (OtherPhoto.id == PhotoFlag.subject) & PhotoFlag.code.in_(OF_ANOTHER)
        )
        .outerjoin(OtherTask, OtherTask.id == OtherPhoto.task_id)
        .outerjoin(OtherOrganisation, OtherOrganisation.id == OtherTask.organisation_id)
        .outerjoin(OtherObject, OtherObject.id == OtherTask.object_id)
        .where(PhotoFlag.cleared_at.is_(None))
    )  # fmt: skip


def _matching(query: Query, actor: Actor, filters: Mapping[str, Any]) -> Query:
    query = query.where(in_scope(actor))
    if "task_id" in filters:
        query = query.where(PhotoFlag.task_id == filters["task_id"])
    if "explained" in filters:
        said = PhotoFlag.explained_at.is_not(None)
        query = query.where(said if filters["explained"] else ~said)
    return query


def _counts(session: Session, actor: Actor, filters: Mapping[str, Any]) -> dict[str, int]:
    query = (
        select(PhotoFlag.code, func.count())
        .join(Task, Task.id == PhotoFlag.task_id)
        .join(Organisation, Organisation.id == Task.organisation_id)
        .where(PhotoFlag.cleared_at.is_(None))
        .group_by(PhotoFlag.code)
    )
    return dict(session.execute(_matching(query, actor, filters)).all())


def _as_shown(row: Row[Any], actor: Actor) -> dict[str, Any]:
    flag: PhotoFlag = row.PhotoFlag
    other = _other(row, actor) if flag.code in OF_ANOTHER else None
    return {
        "id": flag.id,
        "photo_id": flag.photo_id,
        "task_id": flag.task_id,
        "task_number": row.number,
        "code": flag.code,
        "kind": None if other else flag.subject or None,
        "details": flag.details,
        "other": other,
        "message": worded(flag.code, flag.subject, flag.details, other),
        "flagged_at": flag.flagged_at,
        "explained_at": flag.explained_at,
        "explained_by": flag.explained_by if flag.explained_at else None,
        "note": flag.note if flag.explained_at else None,
    }


def _other(row: Row[Any], actor: Actor) -> dict[str, Any]:
    photo: Photo | None = row.other_photo
    seen = row.other_path is not None and actor.holds(row.other_path)
    return {
        "in_scope": seen,
        "photo_id": photo.id if photo and seen else None,
        "task_id": photo.task_id if photo and seen else None,
        "task_number": row.other_number if seen else None,
        "organisation": row.other_organisation if seen else None,
        "object": row.other_object if seen else None,
        "verified_on": china_date(photo.verified_at) if photo and photo.verified_at else None,
    }

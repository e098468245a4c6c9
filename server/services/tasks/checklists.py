"""Checklists (检查表): versions that never change, so that a task means for good what it pinned."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.checklist_forms.items import Draft
from server.errors import DomainError
from server.ids import is_id, new_id
from server.models import Checklist, Organisation
from server.services.audit.acts import record_act
from server.services.scope import Actor, at_or_above, in_scope


def store_version(
    session: Session, *, actor: Actor | None, owner_id: str, draft: Draft, now: datetime
) -> tuple[Checklist, bool]:
    """The draft as the newest version of its code, and whether it is new: content that equals the
    newest version's makes none.

    `owner_id` is whose checklist it becomes when the code is new. Raises `forbidden` where the code
    belongs to somebody outside the actor's part of the tree, `practice_only_uses` for a practice
    body, `conflict` where another import of the same code came first.
    """
    newest = session.execute(
        select(Checklist, Organisation.path)
        .join(Organisation, Organisation.id == Checklist.organisation_id)
        .where(Checklist.code == draft.code)
        .order_by(Checklist.version.desc())
        .limit(1)
    ).one_or_none()
    digest = digest_of(draft)
    if (actor and actor.practice) or session.get_one(Organisation, owner_id).practice:
        raise DomainError("practice_only_uses")
    if newest is not None:
        if actor is not None and not actor.holds(newest.path):
            raise DomainError("forbidden", details={"field": "code"})
        if newest.Checklist.digest == digest:
            return newest.Checklist, False
        owner_id = newest.Checklist.organisation_id
    version = newest.Checklist.version + 1 if newest else 1
    checklist = Checklist(
        id=new_id(), version=version, digest=digest, organisation_id=owner_id, created_at=now,
        created_by=actor.user_id if actor else None, **vars(draft),
    )  # fmt: skip
    _insert(session, checklist)
    record_act(
        session, actor=actor, action="checklist.create", target_type="checklist",
        target_id=checklist.id, now=now,
        after={"code": draft.code, "version": version, "digest": digest},
    )  # fmt: skip
    return checklist, True


def get_checklist(session: Session, *, actor: Actor, checklist_id: str) -> Checklist:
    """One version that the actor may use. Raises `not_found`."""
    found = None
    if is_id(checklist_id):
        found = session.scalars(
            select(Checklist)
            .join(Organisation, Organisation.id == Checklist.organisation_id)
            .where(Checklist.id == checklist_id, usable_by(actor))
        ).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def list_checklists(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> tuple[list[Checklist], str | None]:
    """Versions that the actor may use, by code, newest first; and the mark of the next page.

    `filters`: `code`, `kind`, and `newest` (only the newest version of each code). Raises
    `not_found` for an unknown mark.
    """
    query = (
        select(Checklist)
        .join(Organisation, Organisation.id == Checklist.organisation_id)
        .where(usable_by(actor))
        .order_by(Checklist.code, Checklist.version.desc())
        .limit(limit + 1)
    )
    for name in ("code", "kind"):
        if name in filters:
            query = query.where(getattr(Checklist, name) == filters[name])
    if filters.get("newest"):
        newest = select(Checklist.code, func.max(Checklist.version)).group_by(Checklist.code)
        query = query.where(tuple_(Checklist.code, Checklist.version).in_(newest))
    if after is not None:
        mark = get_checklist(session, actor=actor, checklist_id=after)
        same_code = (Checklist.code == mark.code) & (Checklist.version < mark.version)
        query = query.where(or_(Checklist.code > mark.code, same_code))
    found = list(session.scalars(query))
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def newest_version(session: Session, *, code: str, version: int | None = None) -> Checklist:
    """The newest version of a code, or the one that is named. Raises `not_found`."""
    query = select(Checklist).where(Checklist.code == code).order_by(Checklist.version.desc())
    if version is not None:
        query = query.where(Checklist.version == version)
    found = session.scalars(query.limit(1)).one_or_none()
    if found is None:
        raise DomainError("not_found", details={"code": code, "version": version})
    return found


def usable_by(actor: Actor) -> ColumnElement[bool]:
    """A condition on Organisation: one's own part of the tree, and everyone above it (N10)."""
    return or_(in_scope(actor), at_or_above(actor.path))


def as_draft(checklist: Checklist) -> Draft:
    """What was stored, as the form that it came from."""
    return Draft(
        code=checklist.code, title=checklist.title, kind=checklist.kind, items=checklist.items
    )


def digest_of(draft: Draft) -> str:
    """SHA-256 of the content, in hex."""
    content = orjson.dumps([draft.title, draft.kind, draft.items], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(content).hexdigest()


def _insert(session: Session, checklist: Checklist) -> None:
    try:
        with session.begin_nested():
            session.add(checklist)
    except IntegrityError:
        raise DomainError("conflict", details={"field": "code"}) from None

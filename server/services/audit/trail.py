"""The audit trail, read: acts of people in one's part of the tree, newest first."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from server.clock import from_ms
from server.models import AuditEntry, AuditSeal, Organisation
from server.services.scope import Actor, in_scope


def list_acts(
    session: Session, *, actor: Actor, filters: Mapping[str, str], after: int | None, limit: int
) -> dict[str, Any]:
    """A page of acts. `filters` are values of `target_type`, `target_id`, `user_id`, `action`;
    `after` is the `next` of the page before."""
    query = (
        select(AuditEntry, AuditSeal.sealed_at_ms)
        .outerjoin(AuditSeal, AuditSeal.audit_id == AuditEntry.id)
        .outerjoin(Organisation, Organisation.id == AuditEntry.organisation_id)
        .where(_visible_to(actor))
        .order_by(AuditEntry.id.desc())
        .limit(limit + 1)
    )
    for name, value in filters.items():
        query = query.where(getattr(AuditEntry, name) == value)
    if after is not None:
        query = query.where(AuditEntry.id < after)
    rows = session.execute(query).all()
    items = [_as_item(entry, sealed_at_ms) for entry, sealed_at_ms in rows[:limit]]
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


def _visible_to(actor: Actor) -> ColumnElement[bool]:
    """Acts from the actor's part of the tree; those of no organisation (the operator at the
    command line, background jobs) are shown to who holds a whole tree."""
    holds_whole_tree = actor.path.count("/") == 2
    if holds_whole_tree:
        return or_(in_scope(actor), AuditEntry.organisation_id.is_(None))
    return in_scope(actor)


def _as_item(entry: AuditEntry, sealed_at_ms: int | None) -> dict[str, Any]:
    names = (
        "id", "user_id", "device_id", "organisation_id", "request_id", "action", "target_type",
        "target_id", "before", "after",
    )  # fmt: skip
    return {
        **{name: getattr(entry, name) for name in names},
        "at": from_ms(entry.at_ms),
        "sealed_at": None if sealed_at_ms is None else from_ms(sealed_at_ms),
    }

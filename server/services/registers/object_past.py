"""An object's past: where it is known from, what was merged with it, what was done with it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import from_ms
from server.models import AuditEntry, ObjectSource
from server.services.registers.families import families
from server.services.registers.objects import object_in_scope
from server.services.scope import Actor

LAST_ACTS = 200


def object_past(session: Session, *, actor: Actor, object_id: str) -> dict[str, Any]:
    """Sources and the last acts of an object and of all that are one with it, newest first. Raises
    `not_found`."""
    object_in_scope(session, actor=actor, object_id=object_id)
    members = families(session, [object_id])[object_id]
    sources = session.scalars(
        select(ObjectSource)
        .where(ObjectSource.object_id.in_(members))
        .order_by(ObjectSource.imported_at, ObjectSource.source, ObjectSource.source_key)
    ).all()
    acts = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.target_type == "object", AuditEntry.target_id.in_(members))
        .order_by(AuditEntry.id.desc())
        .limit(LAST_ACTS)
    )
    told = [
        {
            "at": from_ms(act.at_ms), "user_id": act.user_id, "action": act.action,
            "object_id": act.target_id, "before": act.before, "after": act.after,
        }
        for act in acts
    ]  # fmt: skip
    return {"family": members, "sources": sources, "acts": told}

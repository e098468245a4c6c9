"""Late ops as people see them: the whole body, why it was not merged, who wrote it when, and what
stands now in its place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session, aliased

from server.clock import from_ms, to_ms
from server.errors import DomainError
from server.ids import is_id
from server.models import Assignment, Device, Document, LateOp, Organisation, Receipt, Task, User
from server.services.scope import Actor, in_scope

FILTERS = ("kind", "state", "task_id")
_Decider = aliased(User)


def list_late_ops(
    session: Session,
    *,
    actor: Actor,
    filters: Mapping[str, str],
    after: str | None,
    limit: int,
    now: datetime,
) -> dict[str, Any]:
    """The late ops of one's tasks and one's own, or of one's part of the tree, oldest first.

    `filters` may name `kind`, `state`, `task_id`. Raises `not_found` for an unknown mark.
    """
    query = _query(actor).order_by(LateOp.opened_ms, LateOp.id).limit(limit + 1)
    for name in FILTERS:
        if name in filters:
            query = query.where(getattr(LateOp, name) == filters[name])
    if after is not None:
        mark = find_late_op(session, actor=actor, late_op_id=after)
        later = (LateOp.opened_ms == mark.opened_ms) & (LateOp.id > mark.id)
        query = query.where(or_(LateOp.opened_ms > mark.opened_ms, later))
    rows = session.execute(query).all()
    more = rows[limit - 1].LateOp.id if len(rows) > limit else None
    return {"items": [_shown(row, now) for row in rows[:limit]], "next": more}


def read_late_op(
    session: Session, *, actor: Actor, late_op_id: str, now: datetime
) -> dict[str, Any]:
    """One late op. Raises `not_found`."""
    find_late_op(session, actor=actor, late_op_id=late_op_id)
    return _shown(session.execute(_query(actor).where(LateOp.id == late_op_id)).one(), now)


def find_late_op(session: Session, *, actor: Actor, late_op_id: str) -> LateOp:
    """A late op that the actor may see. Raises `not_found`."""
    found = None
    if is_id(late_op_id):
        query = (
            select(LateOp)
            .join(Organisation, Organisation.id == LateOp.organisation_id)
            .where(LateOp.id == late_op_id, _visible_to(actor))
        )
        found = session.scalars(query).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def _visible_to(actor: Actor) -> ColumnElement[bool]:
    if actor.role != "officer":
        return in_scope(actor)
    holds = exists().where(
        Assignment.task_id == LateOp.task_id,
        Assignment.officer_id == actor.officer_id,
        Assignment.ended_at.is_(None),
    )
    return or_(LateOp.user_id == actor.user_id, holds)


def _query(actor: Actor) -> Select[Any]:
    same_entity = (
        (Document.type == Receipt.type)
        & (Document.id == Receipt.entity_id)
        & (Document.task_id == LateOp.task_id)
    )
    return (
        select(
            LateOp, Receipt, User.name.label("user_name"), User.officer_id,
            Device.name.label("device_name"), Task.number.label("task_number"),
            Document.data.label("stands"), Document.rev.label("stands_rev"),
            _Decider.name.label("decided_by_name"),
        )
        .join(Receipt, (Receipt.device_id == LateOp.device_id) & (Receipt.op_id == LateOp.op_id))
        .join(Organisation, Organisation.id == LateOp.organisation_id)
        .join(User, User.id == LateOp.user_id)
        .join(Device, Device.id == LateOp.device_id)
        .outerjoin(Task, Task.id == LateOp.task_id)
        .outerjoin(Document, same_entity)
        .outerjoin(_Decider, _Decider.id == LateOp.decided_by)
        .where(_visible_to(actor))
    )  # fmt: skip


def _shown(row: Any, now: datetime) -> dict[str, Any]:
    late, receipt = row.LateOp, row.Receipt
    body = orjson.loads(receipt.body or "{}")
    stands = row.stands or {}
    return {
        **{name: getattr(late, name) for name in _OWN},
        "type": receipt.type,
        "entity_id": receipt.entity_id,
        "body": body,
        "error": orjson.loads(receipt.result).get("error"),
        "user_name": row.user_name,
        "officer_id": row.officer_id,
        "device_name": row.device_name,
        "task_number": row.task_number,
        "stands": {name: stands[name] for name in body.get("patch") or () if name in stands},
        "stands_rev": row.stands_rev,
        "effective_at": from_ms(receipt.effective_ms),
        "received_at": from_ms(receipt.received_ms),
        "opened_at": from_ms(late.opened_ms),
        "age_seconds": max(0, to_ms(now) - receipt.received_ms) // 1000,
        "decided_at": None if late.decided_ms is None else from_ms(late.decided_ms),
        "decided_by_name": row.decided_by_name,
    }


_OWN = (
    "id", "kind", "state", "task_id", "device_id", "op_id", "user_id", "decided_by", "reason",
    "patch", "rev",
)  # fmt: skip

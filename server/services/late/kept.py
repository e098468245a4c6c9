"""Rejected is not lost (rule 11): every op that was not merged, whole, with the reason."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import ColumnElement, select, text, tuple_
from sqlalchemy.orm import Session

from server.clock import from_ms
from server.errors import DomainError
from server.models import Device, Organisation, Receipt, User
from server.models.documents import KEPT
from server.services.scope import Actor, in_scope

FILTERS = ("status", "device_id", "user_id", "task_id")
_MARK = re.compile(r"(\d{1,15})\.(\d{1,15})\.([A-Za-z0-9._-]{1,64})", re.ASCII)
_ORDER = (Receipt.received_ms, Receipt.n, Receipt.device_id)


def list_kept_ops(
    session: Session,
    *,
    actor: Actor,
    filters: Mapping[str, str],
    mended: bool,
    after: str | None,
    limit: int,
) -> dict[str, Any]:
    """The ops of one's own devices, or of one's part of the tree, that were rejected, are held or
    were salvaged; in the order of arrival.

    `filters` may name `status`, `device_id`, `user_id`, `task_id`; `mended` asks for those that
    another op stands for. Raises `bad_request` for a mark that is none.
    """
    query = (
        select(Receipt, User.name.label("user_name"), Device.name.label("device_name"))
        .join(User, User.id == Receipt.user_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .join(Device, Device.id == Receipt.device_id)
        .where(text(KEPT), _visible_to(actor))
        .where(Receipt.mended_by.is_not(None) if mended else Receipt.mended_by.is_(None))
        .order_by(*_ORDER)
        .limit(limit + 1)
    )
    for name in FILTERS:
        if name in filters:
            query = query.where(getattr(Receipt, name) == filters[name])
    if after is not None:
        query = query.where(tuple_(*_ORDER) > _mark(after))
    rows = session.execute(query).all()
    more = _mark_of(rows[limit - 1].Receipt) if len(rows) > limit else None
    return {"items": [_shown(row) for row in rows[:limit]], "next": more}


def _visible_to(actor: Actor) -> ColumnElement[bool]:
    return Receipt.user_id == actor.user_id if actor.role == "officer" else in_scope(actor)


def _mark_of(receipt: Receipt) -> str:
    return f"{receipt.received_ms}.{receipt.n}.{receipt.device_id}"


def _mark(after: str) -> tuple[int, int, str]:
    found = _MARK.fullmatch(after)
    if found is None:
        raise DomainError("bad_request", details={"field": "after"})
    return int(found[1]), int(found[2]), found[3]


def _shown(row: Any) -> dict[str, Any]:
    receipt = row.Receipt
    return {
        **{name: getattr(receipt, name) for name in _OWN},
        "user_name": row.user_name,
        "device_name": row.device_name,
        "error": orjson.loads(receipt.result).get("error"),
        "effective_at": from_ms(receipt.effective_ms),
        "received_at": from_ms(receipt.received_ms),
    }


_OWN = (
    "op_id", "device_id", "user_id", "type", "entity_id", "task_id", "status", "body", "mended_by",
)  # fmt: skip

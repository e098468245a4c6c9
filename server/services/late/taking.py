"""A late op in the hand of the one who takes it over: mended, checked, and written as theirs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from server.clock import to_ms
from server.errors import OP_CATALOGUE, DomainError
from server.models import LateOp, Receipt
from server.services.scope import Actor
from server.services.sync.deeds import Deeds, Result
from server.services.sync.documents import tasks_of_entities
from server.services.sync.receipts import Incoming
from sync.entities import CREATABLE, IMPLIED
from sync.ops import Op
from sync.policies import Refused
from sync.waiting import Waits


class Decision(NamedTuple):
    """What a person says: why, the patch as they mended it, and the task, where it is not known."""

    reason: str | None = None
    patch: Mapping[str, Any] | None = None
    task_id: str | None = None


def body_to_take(
    session: Session, receipt: Receipt, late: LateOp, task_id: str, decision: Decision
) -> dict[str, Any]:
    """The op as it came, or mended. A held patch whose create never came makes the entity, if what
    it says is enough for one."""
    body: dict[str, Any] = orjson.loads(receipt.body or "{}")
    if decision.patch is not None:
        body = {**body, "patch": dict(decision.patch)}
    if late.kind == "held" and _would_begin(session, body):
        body = {**body, "action": "create", "patch": {"task_id": task_id, **body["patch"]}}
    return body


def require_fit(op: Op) -> Op:
    """The op, if it may be taken over as it is now. Raises `invalid_request`, `state_invalid`."""
    if op.fault:
        raise _unfit(op.fault.code, dict(op.fault.details))
    if op.type not in CREATABLE:
        raise DomainError("state_invalid", details={"type": op.type})
    return op


def _would_begin(session: Session, body: Mapping[str, Any]) -> bool:
    if body["action"] != "patch" or body["type"] in IMPLIED:
        return False
    return not tasks_of_entities(session, [(body["type"], body["id"])])


def taken_by(actor: Actor, receipt: Receipt, op: Op, now: datetime) -> Incoming:
    """The op as its new author writes it, now; device, number and arrival name its source."""
    return Incoming(
        op=op,
        key=(op.type, op.id),
        digest=receipt.digest,
        device_id=receipt.device_id,
        n=receipt.n,
        user_id=actor.user_id,
        officer_id=actor.officer_id,
        offset_ms=receipt.offset_ms,
        effective_ms=to_ms(now),
        received_ms=receipt.received_ms,
    )


def adopt(deeds: Deeds, it: Incoming) -> Result:
    """Write it; gives its result. Raises `invalid_request` where it does not fit what stands."""
    try:
        return deeds.adopt(it)
    except Refused as refusal:
        raise _unfit(refusal.code, {"field": refusal.field}) from None
    except Waits as waits:
        raise _unfit(waits.code, waits.details) from None


def _unfit(code: str, details: Mapping[str, Any]) -> DomainError:
    return DomainError(
        "invalid_request", message=OP_CATALOGUE[code], details={**details, "code": code}
    )

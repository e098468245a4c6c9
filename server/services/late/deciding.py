"""A person decides about a late op: takes it over, mended or as it is, or sets it aside.

Taken over, it becomes a write of today by the one who decides; the history names the device and op
that it comes from, and keeps when it was written there. Nothing is taken over by the machine, and
what is set aside stays to be read, with the reason.
"""

from datetime import datetime

import orjson
from sqlalchemy.orm import Session

from server.clock import to_ms
from server.errors import DomainError, op_error
from server.models import LateOp, Receipt
from server.services.audit.acts import record_act
from server.services.late.amending import Amended
from server.services.late.reading import find_late_op
from server.services.late.taking import Decision, adopt, body_to_take, require_fit, taken_by
from server.services.review.inspections import require_reviewer
from server.services.scope import Actor
from server.services.sync.deeds import Deeds
from server.services.sync.feed import announce_to_holders
from server.services.sync.locks import lock_tasks
from server.services.sync.standing import standings
from server.services.tasks.lifecycle import find_task
from server.services.tasks.projections import project_task
from sync.ops import CheckOp
from sync.tasks import SETTLED

#: a task that is none of an officer's work any more, or not yet
CLOSED_TO_ALL = frozenset({"draft", "cancelled"})


def accept(
    session: Session,
    *,
    actor: Actor,
    late_op_id: str,
    decision: Decision,
    check_op: CheckOp,
    now: datetime,
) -> None:
    """Take a late op over. On an approved record only a supervisor may, with a reason; a published
    one gets its correction.

    Raises `not_found`, `forbidden`, `reviewer_on_task`, `amendment_reason_needed`, `state_invalid`
    where it is decided already or can't be taken over, and `invalid_request` where what it says
    does not fit what stands.
    """
    late = find_late_op(session, actor=actor, late_op_id=late_op_id)
    task_id = _task_of(session, actor, late, decision)
    status = lock_tasks(session, [task_id])[task_id].status
    receipt = _still_open(session, late)
    _require_may_accept(session, actor, task_id, status, decision)
    body = body_to_take(session, receipt, late, task_id, decision)
    op = require_fit(check_op(body))
    it = taken_by(actor, receipt, op, now)
    deeds = Deeds(session, actor=actor, now=now, check_op=check_op)
    deeds.open([it], {it.key: task_id})
    amended = Amended(session, task_id, now=now) if status in SETTLED else None
    result = adopt(deeds, it)
    late.state, late.task_id, late.rev = "accepted", task_id, result["rev"]
    late.patch = None if decision.patch is None else dict(op.patch)
    _decide(session, actor, late, receipt, decision.reason, now=now)
    if amended:
        amended.hold_feeds()
    deeds.save()
    if amended:
        amended.follow_up(actor=actor, reason=decision.reason or "")


def refuse(session: Session, *, actor: Actor, late_op_id: str, reason: str, now: datetime) -> None:
    """Set a late op aside, with the reason. One that was held is rejected by that, so that what
    waits behind it goes on. Raises `not_found`, `forbidden`, `reviewer_on_task`, `state_invalid`.
    """
    late = find_late_op(session, actor=actor, late_op_id=late_op_id)
    task = lock_tasks(session, [late.task_id])[late.task_id] if late.task_id else None
    receipt = _still_open(session, late)
    _require_may_decide(session, actor, late.task_id, task.status if task else None)
    late.state = "refused"
    _decide(session, actor, late, receipt, reason, now=now)
    if task:
        project_task(session, task.id, now)
        announce_to_holders(session, [(task.id, "task", task.id)])


def _task_of(session: Session, actor: Actor, late: LateOp, decision: Decision) -> str:
    if late.task_id:
        return late.task_id
    if decision.task_id is None:
        raise DomainError("invalid_request", details={"field": "task_id"})
    return find_task(session, actor=actor, task_id=decision.task_id).id


def _still_open(session: Session, late: LateOp) -> Receipt:
    """The receipt of a late op that nobody has decided yet, read under the task's lock."""
    session.refresh(late, with_for_update={"key_share": True})
    if late.state != "open":
        raise DomainError("state_invalid", details={"state": late.state})
    return session.get_one(Receipt, (late.device_id, late.op_id), populate_existing=True)


def _require_may_accept(
    session: Session, actor: Actor, task_id: str, status: str, decision: Decision
) -> None:
    _require_may_decide(session, actor, task_id, status)
    if status in CLOSED_TO_ALL:
        raise DomainError("state_invalid", details={"status": status})
    if status in SETTLED and not decision.reason:
        raise DomainError("amendment_reason_needed")


def _require_may_decide(
    session: Session, actor: Actor, task_id: str | None, status: str | None
) -> None:
    """Supervisors decide; while the record is open also who is on the task now. What was approved
    is changed by nobody who worked on it."""
    if actor.role == "supervisor":
        if task_id and status in SETTLED:
            require_reviewer(session, actor=actor, task_id=task_id)
        return
    role = standings(session, [task_id]).get((task_id, actor.officer_id or "")) if task_id else None
    if status in SETTLED or role not in ("lead", "assistant"):
        raise DomainError("forbidden", details={"needs": ["supervisor"]})


def _decide(
    session: Session, actor: Actor, late: LateOp, receipt: Receipt, reason: str | None, *,
    now: datetime,
) -> None:  # fmt: skip
    """Keep who decided and why; the op's writer reads it in the receipt."""
    late.decided_ms, late.decided_by, late.reason = to_ms(now), actor.user_id, reason
    _renew_receipt(receipt, late)
    record_act(
        session, actor=actor, action=f"late_op.{late.state}", target_type="late_op",
        target_id=late.id, before={"kind": late.kind, "state": "open"}, now=now,
        after={
            "task_id": late.task_id, "device_id": late.device_id, "op_id": late.op_id,
            "rev": late.rev, "reason": reason, "patch": late.patch,
        },
    )  # fmt: skip
    session.flush()


def _renew_receipt(receipt: Receipt, late: LateOp) -> None:
    """The receipt's body stays, whatever becomes of the op."""
    result = orjson.loads(receipt.result)
    told = {"late_op_id": late.id, "kind": late.kind, "state": late.state, "reason": late.reason}
    if late.kind != "held":
        result["error"]["details"] |= {**told, "rev": late.rev}
    elif late.state == "accepted":
        receipt.status = "applied"
        result = {"op_id": receipt.op_id, "status": "applied", "rev": late.rev}
    else:
        receipt.status = "rejected"
        result = {
            "op_id": receipt.op_id, "status": "rejected", "error": op_error("set_aside", told),
        }  # fmt: skip
    receipt.result = orjson.dumps(result).decode()

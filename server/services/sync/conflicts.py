"""Conflicts (冲突): seen, and settled by the lead or a supervisor."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.errors import OP_CATALOGUE, DomainError
from server.failpoints import reach
from server.services.audit.acts import record_act
from server.services.conflicts.views import care_of
from server.services.scope import Actor
from server.services.sync.deeds import SETTLED_TASKS
from server.services.sync.locks import LockedTask, lock_tasks
from server.services.sync.merging import Merge
from server.services.sync.office import write_as_office
from server.services.sync.settling import chosen_value, has_care, settling_write
from server.services.sync.standing import standings
from sync.ops import CheckOp
from sync.policies import Refused, Stamp


class Conflict(NamedTuple):
    """A conflict document with its version."""

    id: str
    rev: int
    data: dict[str, Any]


def resolve_conflict(
    session: Session,
    *,
    actor: Actor,
    conflict_id: str,
    seen_rev: int,
    choice: Mapping[str, Any],
    check_op: CheckOp,
    now: datetime,
) -> Conflict:
    """Settle a conflict by `{"candidate": key}` or `{"value": …}`, with a `note` that says why; the
    lead, a supervisor and who has the care of it may.

    Raises `not_found`, `forbidden`, `precondition_failed` when a candidate came after `seen_rev`,
    `state_invalid` when it is settled or its task done, `invalid_request` for a value that the
    field does not take.
    """
    task_id = care_of(session, actor=actor, conflict_id=conflict_id).task_id
    task = lock_tasks(session, [task_id])[task_id]
    merge = Merge(session, now_ms=to_ms(now))
    key = ("conflict", conflict_id)
    merge.read([key])
    held = merge.held[key]
    said = dict(held.entity.data)
    _require_may_settle(session, actor, said)
    if held.rev != seen_rev:
        raise DomainError("precondition_failed", details={"rev": held.rev})
    require_open(said, task)
    target = (said["of_type"], said["of_id"])
    merge.read([target])
    try:
        value = chosen_value(said, choice)
        action, patch = settling_write(session, task, said, value, check_op)
    except Refused as refusal:
        raise DomainError(
            "invalid_request",
            message=OP_CATALOGUE[refusal.code],
            details={"code": refusal.code, "field": refusal.field},
        ) from None
    rev = held.rev
    write_as_office(
        merge, target, task_id, actor=actor, patch=patch, action=action, saw=_seen_until(rev)
    )
    merge.note_settling(conflict_id, target, choice)
    reach("conflict.settled")
    merge.save()
    record_act(
        session, actor=actor, action="conflict.resolve", target_type="conflict",
        target_id=conflict_id, before={"candidates": said["candidates"]},
        after={"value": value, "note": choice.get("note")}, now=now,
    )  # fmt: skip
    settled = merge.held[key]
    return Conflict(conflict_id, settled.rev, settled.entity.data)


def _seen_until(rev: int) -> Any:
    """One who settles has seen what the conflict showed: all writes up to its rev."""

    def saw(stamp: Stamp) -> bool:
        return stamp.rev <= rev

    return saw


def require_open(said: Mapping[str, Any], task: LockedTask) -> None:
    """Raise `state_invalid` for a conflict that is settled, or whose task is done."""
    if said["state"] != "open" or task.status in SETTLED_TASKS:
        raise DomainError("state_invalid", details={"state": said["state"], "task": task.status})


def _require_may_settle(session: Session, actor: Actor, said: Mapping[str, Any]) -> None:
    task_id = said["task_id"]
    role = standings(session, [task_id]).get((task_id, actor.officer_id or ""))
    if not (actor.role == "supervisor" or role == "lead" or has_care(said, actor.officer_id)):
        raise DomainError("forbidden", details={"needs": ["lead", "supervisor"]})

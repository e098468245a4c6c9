"""Conflicts (冲突): seen, and settled by the lead or a supervisor."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.clock import to_ms
from server.errors import OP_CATALOGUE, DomainError
from server.services.audit.acts import record_act
from server.services.scope import Actor
from server.services.sync.deeds import SETTLED_TASKS, CheckOp, chosen_value, settling_write
from server.services.sync.documents import read_documents
from server.services.sync.locks import lock_tasks
from server.services.sync.merging import Merge
from server.services.sync.office import write_as_office
from server.services.sync.standing import standings
from sync.policies import Refused, Stamp


class Conflict(NamedTuple):
    """A conflict document with its version."""

    id: str
    rev: int
    data: dict[str, Any]


def open_conflicts(session: Session, *, actor: Actor) -> list[Conflict]:
    """The open conflicts on the tasks one holds, or of one's part of the tree; oldest first."""
    mine = (
        "EXISTS (SELECT 1 FROM assignments a WHERE a.task_id = t.id "
        "AND a.officer_id = :officer AND a.ended_at IS NULL)"
        if actor.role == "officer"
        else "substr(o.path, 1, length(:path)) = :path"
    )
    rows = session.execute(
        text(
            "SELECT d.id, d.rev, d.data FROM documents d JOIN tasks t ON t.id = d.task_id "
            "JOIN organisations o ON o.id = t.organisation_id "
            f"WHERE d.type = 'conflict' AND {mine} ORDER BY d.updated_ms, d.id"
        ),
        {"officer": actor.officer_id} if actor.role == "officer" else {"path": actor.path},
    )
    found = (Conflict(row.id, row.rev, _plain(row.data)) for row in rows)
    return [conflict for conflict in found if conflict.data["state"] == "open"]


def get_conflict(session: Session, *, actor: Actor, conflict_id: str) -> Conflict:
    """One conflict. Raises `not_found` outside one's tasks or part of the tree."""
    document = read_documents(session, [("conflict", conflict_id)]).get(("conflict", conflict_id))
    if document is None or not _may_see(session, actor, document.task_id or ""):
        raise DomainError("not_found")
    return Conflict(conflict_id, document.rev, document.data)


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
    """Settle a conflict by `{"candidate": key}` or `{"value": …}`; the lead or a supervisor may.

    Raises `not_found`, `forbidden`, `precondition_failed` when a candidate came after `seen_rev`,
    `state_invalid` when it is settled or its task done, `invalid_request` for a value that the
    field does not take.
    """
    task_id = get_conflict(session, actor=actor, conflict_id=conflict_id).data["task_id"]
    task = lock_tasks(session, [task_id])[task_id]
    _require_may_settle(session, actor, task_id)
    merge = Merge(session, now_ms=to_ms(now))
    key = ("conflict", conflict_id)
    merge.read([key])
    held = merge.held[key]
    if held.rev != seen_rev:
        raise DomainError("precondition_failed", details={"rev": held.rev})
    if held.entity.data["state"] != "open" or task.status in SETTLED_TASKS:
        raise DomainError("state_invalid", details={"status": task.status})
    said = dict(held.entity.data)
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
    merge.save()
    record_act(
        session, actor=actor, action="conflict.resolve", target_type="conflict",
        target_id=conflict_id, before={"candidates": said["candidates"]}, after={"value": value},
        now=now,
    )  # fmt: skip
    settled = merge.held[key]
    return Conflict(conflict_id, settled.rev, settled.entity.data)


def _seen_until(rev: int) -> Any:
    """One who settles has seen what the conflict showed: all writes up to its rev."""

    def saw(stamp: Stamp) -> bool:
        return stamp.rev <= rev

    return saw


def _may_see(session: Session, actor: Actor, task_id: str) -> bool:
    if actor.role == "officer":
        role = standings(session, [task_id]).get((task_id, actor.officer_id or ""))
        return role in ("lead", "assistant")
    path = session.execute(
        text(
            "SELECT o.path FROM tasks t JOIN organisations o ON o.id = t.organisation_id "
            "WHERE t.id = :id"
        ),
        {"id": task_id},
    ).scalar_one_or_none()
    return path is not None and actor.holds(path)


def _require_may_settle(session: Session, actor: Actor, task_id: str) -> None:
    role = standings(session, [task_id]).get((task_id, actor.officer_id or ""))
    if actor.role != "supervisor" and role != "lead":
        raise DomainError("forbidden", details={"needs": ["lead", "supervisor"]})


def _plain(data: Any) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(data) if isinstance(data, str) else data
    return plain

"""Conflicts in whose care they are: listed, filtered and paged, within one's tasks or tree."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy.orm import Session

from server.clock import from_ms, to_ms, wire_time
from server.errors import DomainError
from server.services.scope import Actor
from server.services.sql import run

#: a conflict waits for a person while its task can still be settled
LIVE_TASKS = "('assigned', 'in_progress', 'submitted')"
WAITS = f"(c.open AND t.status IN {LIVE_TASKS})"
STATES = {"open": WAITS, "resolved": "NOT c.open", "all": "true"}

#: a conflict's care with its task, its organisation and to whom it was escalated
CARE = (
    "FROM conflict_care c JOIN tasks t ON t.id = c.task_id "
    "JOIN organisations o ON o.id = t.organisation_id "
    "LEFT JOIN organisations e "
    "ON e.id = CASE c.escalation WHEN 1 THEN o.id WHEN 2 THEN o.parent_id END "
    "LEFT JOIN officers f ON f.id = c.officer_id LEFT JOIN users u ON u.id = c.user_id "
)
COLUMNS = (
    "SELECT c.conflict_id AS id, c.open, c.opened_ms, c.settled_ms, c.officer_id, c.user_id, "
    "COALESCE(f.name, u.name) AS assignee, c.assigned_by, c.assigned_ms, c.escalation, "
    f"c.escalated_ms, {WAITS} AS waits, t.id AS task_id, t.number, t.status, t.checklist_id, "
    "o.id AS organisation_id, o.name AS organisation, e.id AS above_id, e.name AS above, "
    f"d.rev, d.data {CARE}"
    # outer only so that no plan begins with the documents: each conflict has one
    "LEFT JOIN documents d ON d.type = 'conflict' AND d.id = c.conflict_id "
)


def scope_of(actor: Actor) -> tuple[str, dict[str, Any]]:
    """SQL for the conflicts that one may see: of the tasks one holds, or of one's part of the
    tree; with its parameters."""
    if actor.role == "officer":
        held = (
            "EXISTS (SELECT 1 FROM assignments a WHERE a.task_id = t.id "
            "AND a.officer_id = :actor AND a.ended_at IS NULL)"
        )
        return held, {"actor": actor.officer_id}
    return "substr(o.path, 1, length(:path)) = :path", {"path": actor.path}


def list_conflicts(
    session: Session,
    *,
    actor: Actor,
    filters: Mapping[str, Any],
    after: str | None,
    limit: int,
    term: timedelta,
    now: datetime,
) -> Sequence[Any]:
    """The care of conflicts, those that have waited longest first; one more than `limit`.

    `filters`: `state` (open | resolved | all; open unless told), `assigned_to` (the id of an
    officer or an account), `overdue`, `escalated`, `task_id`, `organisation_id`. Raises
    `not_found` for an unknown mark.
    """
    within, parameters = scope_of(actor)
    wanted = [within, STATES[filters.get("state", "open")], *_conditions(filters)]
    parameters |= {**filters, "limit": limit + 1, "late": to_ms(now - term)}
    if after is not None:
        mark = care_of(session, actor=actor, conflict_id=after)
        wanted.append("(c.opened_ms, c.conflict_id) > (:after_ms, :after_id)")
        parameters |= {"after_ms": mark.opened_ms, "after_id": mark.id}
    return run(
        session,
        f"{COLUMNS} WHERE {' AND '.join(wanted)} ORDER BY c.opened_ms, c.conflict_id LIMIT :limit",
        parameters,
    )


def care_of(session: Session, *, actor: Actor, conflict_id: str) -> Any:
    """The care of one conflict. Raises `not_found` outside one's tasks or part of the tree."""
    within, parameters = scope_of(actor)
    rows = run(
        session,
        f"{COLUMNS} WHERE c.conflict_id = :conflict AND {within}",
        {**parameters, "conflict": conflict_id},
    )
    if not rows:
        raise DomainError("not_found")
    return rows[0]


def care_of_task(session: Session, task_id: str) -> list[Any]:
    """The care of all conflicts of a task, for one who may see the task."""
    return run(
        session,
        f"{COLUMNS} WHERE c.task_id = :task ORDER BY c.opened_ms, c.conflict_id",
        {"task": task_id},
    )


def show_row(row: Any, *, term: timedelta, now: datetime) -> dict[str, Any]:
    """One conflict as it is listed: its document, its task and its care."""
    return {
        "id": row.id,
        "rev": row.rev,
        "data": orjson.loads(row.data) if isinstance(row.data, str) else row.data,
        "task": {"id": row.task_id, "number": row.number, "status": row.status},
        "organisation": {"id": row.organisation_id, "name": row.organisation},
        "care": {
            "assigned_to": _assignee(row),
            "assigned_by": row.assigned_by,
            "assigned_at": _when(row.assigned_ms),
            "opened_at": _when(row.opened_ms),
            "settled_at": _when(row.settled_ms),
            "due_at": wire_time(from_ms(row.opened_ms) + term) if row.waits else None,
            "overdue": bool(row.waits) and row.opened_ms <= to_ms(now - term),
            "escalated_at": _when(row.escalated_ms),
            "escalated_to": row.above_id and {"id": row.above_id, "name": row.above},
        },
    }


def _conditions(filters: Mapping[str, Any]) -> list[str]:
    overdue = f"({WAITS} AND c.opened_ms <= :late)"
    escalated = "(c.escalation > 0)"
    known = {
        "assigned_to": "(c.officer_id = :assigned_to OR c.user_id = :assigned_to)",
        "task_id": "c.task_id = :task_id",
        "organisation_id": "t.organisation_id = :organisation_id",
        "overdue": overdue if filters.get("overdue") else f"NOT {overdue}",
        "escalated": escalated if filters.get("escalated") else f"NOT {escalated}",
    }
    return [condition for name, condition in known.items() if name in filters]


def _assignee(row: Any) -> dict[str, Any] | None:
    if row.officer_id is not None:
        return {"kind": "officer", "id": row.officer_id, "name": row.assignee}
    if row.user_id is not None:
        return {"kind": "supervisor", "id": row.user_id, "name": row.assignee}
    return None


def _when(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else wire_time(from_ms(milliseconds))

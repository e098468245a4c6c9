"""A conflict that nobody settles goes up (升级): after one term to the supervisors of the task's
organisation, after a second to those of the organisation above."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.services.audit.acts import entries
from server.services.bulk import as_json, ids_from_json, insert_rows
from server.services.conflicts.care import show_care
from server.services.conflicts.views import CARE, WAITS
from server.services.sql import run
from server.services.sync.feed import announce_to_holders
from server.services.sync.locks import lock_tasks

#: conflicts of one transaction: devices wait no longer than for these
BATCH = 200
#: how far up a conflict belongs by now; the highest organisation has none above it, and the
#: highest of those for practice (N7) only a real one
DUE = (
    "CASE WHEN c.opened_ms <= :second AND EXISTS (SELECT 1 FROM organisations p "
    "WHERE p.id = o.parent_id AND p.practice = o.practice) THEN 2 "
    "WHEN c.opened_ms <= :first THEN 1 ELSE 0 END"
)


def escalate_conflicts(
    session: Session, *, term: timedelta, now: datetime, limit: int = BATCH
) -> int:
    """Escalate what has waited too long, oldest first; gives how many conflicts. Safe to repeat:
    each step up is taken once, and audited for the organisation that it went to."""
    moment = {"first": to_ms(now - term), "second": to_ms(now - 2 * term)}
    due = run(
        session,
        f"SELECT c.conflict_id, c.task_id {CARE} WHERE {WAITS} AND c.escalation < {DUE} "
        "ORDER BY c.opened_ms, c.conflict_id LIMIT :limit",
        {**moment, "limit": limit},
    )
    if not due:
        return 0
    lock_tasks(session, (row.task_id for row in due))
    ids = as_json([row.conflict_id for row in due])
    raised = run(
        session,
        f"WITH due AS (SELECT c.conflict_id, c.escalation AS earlier, {DUE} AS step {CARE} "
        f"WHERE {WAITS} AND c.escalation < {DUE} AND c.conflict_id IN {ids_from_json(session)}) "
        "UPDATE conflict_care SET escalation = due.step, escalated_ms = :now FROM due "
        "WHERE due.conflict_id = conflict_care.conflict_id "
        "RETURNING conflict_care.conflict_id, conflict_care.task_id",
        {**moment, "now": to_ms(now), "ids": ids},
    )
    _tell(session, raised, now)
    return len(raised)


def _tell(session: Session, raised: list[Any], now: datetime) -> None:
    """Into the audit, on the documents, and to who holds the tasks."""
    ids = [row.conflict_id for row in raised]
    above = run(
        session,
        f"SELECT c.conflict_id, c.escalation, e.id AS organisation_id {CARE} "
        f"WHERE c.conflict_id IN {ids_from_json(session)} ORDER BY c.conflict_id",
        {"ids": as_json(ids)},
    )
    acts = [
        {
            "at_ms": to_ms(now), "organisation_id": row.organisation_id,
            "action": "conflict.escalate", "target_type": "conflict",
            "target_id": row.conflict_id,
            "after": {"step": row.escalation, "organisation_id": row.organisation_id},
        }
        for row in above
    ]  # fmt: skip
    insert_rows(session, entries(acts))
    show_care(session, ids)
    announce_to_holders(session, [(row.task_id, "conflict", row.conflict_id) for row in raised])

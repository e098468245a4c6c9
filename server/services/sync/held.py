"""Held ops (等待中的操作): what waits for something that has not arrived (rule 8).

Each goes on as soon as a push brings what it waits for. Two pushes that arrive at the same moment
can miss each other, so a sweep looks again. What waits longer than `HELD_DAYS` is put to people:
they take it over, mend it or set it aside. It still goes on by itself when the parent does come;
the machine never forces it and never drops it.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from server.clock import to_ms
from server.services.audit.acts import record_act
from server.services.bulk import is_sqlite
from server.services.scope import Actor
from server.services.sql import run
from sync.clock import wire_time

HELD_DAYS = 7
HELD_MS = HELD_DAYS * 24 * 60 * 60 * 1000
#: what one device may leave waiting; beyond either an op is rejected (and kept) instead
MAX_HELD_OPS = 1000
MAX_HELD_BYTES = 4 * 1024 * 1024

#: Those whose writer is or was on the task go to its people. What names a task of others, or none,
#: is shown to the writer's own supervisors only: strangers cannot put anything before a brigade.
TO_REVIEW = (
    "INSERT INTO late_ops (id, device_id, op_id, user_id, kind, state, task_id, organisation_id, "
    "opened_ms) SELECT {new_id}, c.device_id, c.op_id, c.user_id, 'held', 'open', t.id, "
    "COALESCE(t.organisation_id, u.organisation_id), :ms FROM receipts c "
    "JOIN users u ON u.id = c.user_id "
    "LEFT JOIN documents d ON d.type = c.type AND d.id = c.entity_id "
    "LEFT JOIN tasks t ON t.id = COALESCE(c.task_id, d.task_id) AND EXISTS (SELECT 1 "
    "FROM assignments a WHERE a.task_id = t.id AND a.officer_id = u.officer_id) "
    "WHERE c.status = 'deferred' AND c.received_ms < :cutoff "
    "ON CONFLICT (device_id, op_id) DO NOTHING RETURNING id"
)


def deadline_of(received_ms: int) -> str:
    """When an op that arrived then is put to people, as on the wire."""
    return wire_time(received_ms + HELD_MS)


def devices_with_held_ops(session: Session, *, since: datetime | None = None) -> list[str]:
    """The devices of which ops are held, or were since a moment; by id."""
    rows = run(
        session,
        "SELECT DISTINCT device_id FROM receipts WHERE status = 'deferred' "
        "AND received_ms >= :since ORDER BY device_id",
        {"since": to_ms(since) if since else 0},
    )
    return [row.device_id for row in rows]


def put_to_review(session: Session, *, now: datetime) -> int:
    """Put the ops that waited too long to people; gives how many. Safe to repeat."""
    cutoff = now - timedelta(days=HELD_DAYS)
    new_id = (
        "lower(hex(randomblob(16)))"
        if is_sqlite(session)
        else "replace(CAST(gen_random_uuid() AS text), '-', '')"
    )
    opened = run(
        session, TO_REVIEW.format(new_id=new_id), {"ms": to_ms(now), "cutoff": to_ms(cutoff)}
    )
    for row in opened:
        record_act(
            session, actor=None, action="late_op.opened", target_type="late_op", target_id=row.id,
            after={"kind": "held", "state": "open"}, now=now,
        )  # fmt: skip
    return len(opened)


def writer_on(session: Session, device_id: str) -> Actor:
    """The person whose device it is, its row held until the transaction ends as in a push. Whether
    they may still log in does not matter: what is held has arrived."""
    hold = "" if is_sqlite(session) else "FOR NO KEY UPDATE OF d"
    [row] = run(
        session,
        "SELECT u.id, u.name, u.role, u.officer_id, o.id AS organisation_id, o.path FROM devices d "
        "JOIN users u ON u.id = d.user_id JOIN organisations o ON o.id = u.organisation_id "
        f"WHERE d.id = :id {hold}",
        {"id": device_id},
    )
    return Actor(
        user_id=row.id, name=row.name, role=row.role, organisation_id=row.organisation_id,
        path=row.path, officer_id=row.officer_id, device_id=device_id,
    )  # fmt: skip

"""What is missing (缺失照片): the photos that approval still waits for, in one query for all tasks.

Told from the same documents as `completeness`, so that what is shown is what is waited for:
declared without bytes, kept aside in quarantine, or named by a record, answer or finding and never
declared.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from media.errors import UploadNotFound
from server.clock import from_ms
from server.models.base import UtcDateTime
from server.services.bulk import is_sqlite
from server.services.conflicts.views import LIVE_TASKS, scope_of
from server.services.review.completeness import SETTLED_PHOTOS
from server.services.scope import Actor

#: bytes of an upload that have arrived
Received = Callable[[str], int]

SETTLED = ", ".join(f"'{state}'" for state in sorted(SETTLED_PHOTOS))

#: `since_ms` is when the server heard of it first; what several name is told of once in each task
MISSING = """
WITH live AS (
  SELECT t.id, t.number, t.status, o.id AS organisation_id, o.name AS organisation
  FROM tasks t JOIN organisations o ON o.id = t.organisation_id
  WHERE t.status IN {live} AND {within}),
named AS (
  SELECT d.task_id, d.type, d.id, n.value AS photo_id,
    row_number() OVER (PARTITION BY d.task_id, n.value ORDER BY d.type, d.id) AS place
  FROM live JOIN documents d ON d.task_id = live.id {listed} AS n
  WHERE d.type IN ('record', 'answer', 'finding') AND NOT d.deleted),
missing AS (
  SELECT d.id AS photo_id, d.task_id, COALESCE(d.data ->> 'state', 'declared') AS state,
    d.data ->> 'of_type' AS of_type, d.data ->> 'of_id' AS of_id, d.data,
    h.received_ms AS since_ms, h.user_id, h.device_id
  FROM live JOIN documents d ON d.task_id = live.id AND d.type = 'photo' AND NOT d.deleted
  JOIN history h ON h.type = 'photo' AND h.entity_id = d.id AND h.rev = 1
  WHERE COALESCE(d.data ->> 'state', 'declared') NOT IN ({settled})
  UNION ALL
  SELECT n.photo_id, n.task_id, 'not_declared', n.type, n.id, {nothing},
    h.received_ms, h.user_id, h.device_id
  FROM named n JOIN history h ON h.type = n.type AND h.entity_id = n.id AND h.rev = (
    SELECT min(g.rev) FROM history g WHERE g.type = n.type AND g.entity_id = n.id
    AND {within_text}(g.patch, '"' || n.photo_id || '"') > 0)
  WHERE n.place = 1 AND NOT EXISTS (SELECT 1 FROM documents p
    WHERE p.type = 'photo' AND p.id = n.photo_id AND p.task_id = n.task_id))
"""
PAGE = """,
page AS (SELECT * FROM missing WHERE {beyond} ORDER BY since_ms, photo_id, task_id LIMIT :limit)
SELECT m.*, live.number, live.status, live.organisation_id, live.organisation,
  u.name AS user_name, v.name AS device_name, v.last_seen_at AS device_last_seen_at,
  (SELECT a.id FROM uploads a WHERE a.photo_id = m.photo_id AND a.state = 'open'
    ORDER BY a.created_at DESC, a.id LIMIT 1) AS upload_id,
  (SELECT q.fault FROM uploads q WHERE q.photo_id = m.photo_id AND q.state = 'quarantined'
    ORDER BY q.completed_at DESC, q.id LIMIT 1) AS fault
FROM page m JOIN live ON live.id = m.task_id
LEFT JOIN users u ON u.id = m.user_id LEFT JOIN devices v ON v.id = m.device_id
ORDER BY m.since_ms, m.photo_id, m.task_id
"""
COUNTS = """
SELECT m.state, count(*) AS photos, min(m.since_ms) AS since_ms,
  sum(CASE WHEN m.data -> 'lost_request' ->> 'state' = 'open' THEN 1 ELSE 0 END) AS lost_asked,
  sum(CASE WHEN EXISTS (SELECT 1 FROM uploads a WHERE a.photo_id = m.photo_id
    AND a.state = 'open') THEN 1 ELSE 0 END) AS uploading
FROM missing m GROUP BY m.state
"""


class Mark(NamedTuple):
    """Where a page ended: the time, the id and the task of its last photo."""

    since_ms: int
    photo_id: str
    task_id: str


class Page(NamedTuple):
    """Some missing photos, oldest first, and the mark where the next page begins."""

    items: list[dict[str, Any]]
    next: str | None


def missing_photos(
    session: Session, *, actor: Actor, filters: Mapping[str, str], after: Mark | None, limit: int,
    received: Received,
) -> Page:  # fmt: skip
    """The missing photos of the tasks one holds, or of one's part of the tree. `filters` may name
    `task_id` and `organisation_id`."""
    beyond = "(since_ms, photo_id, task_id) > (:since_ms, :photo_id, :of_task)" if after else "true"
    mark = {"since_ms": after[0], "photo_id": after[1], "of_task": after[2]} if after else {}
    rows = _ask(session, actor, filters, PAGE.format(beyond=beyond), limit=limit + 1, **mark)
    items = [_told(row, received) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items, f"{last.since_ms}/{last.photo_id}/{last.task_id}" if last else None)


def count_missing(session: Session, *, actor: Actor, filters: Mapping[str, str]) -> dict[str, Any]:
    """How many are missing by state, how many of them come up just now or are asked to be called
    lost, and since when the oldest."""
    rows = _ask(session, actor, filters, COUNTS)
    oldest_ms = min((row.since_ms for row in rows), default=None)
    return {
        "total": sum(row.photos for row in rows),
        "by_state": {row.state: row.photos for row in rows},
        "uploading": int(sum(row.uploading for row in rows)),
        "lost_asked": int(sum(row.lost_asked for row in rows)),
        "oldest_at": None if oldest_ms is None else from_ms(oldest_ms),
    }


def _ask(
    session: Session, actor: Actor, filters: Mapping[str, str], what: str, **parameters: Any
) -> list[Any]:
    within, scope = scope_of(actor)
    columns = {"task_id": "t.id", "organisation_id": "o.id"}
    wanted = [within, *(f"{columns[name]} = :{name}" for name in filters)]
    missing = MISSING.format(
        live=LIVE_TASKS, within=" AND ".join(wanted), settled=SETTLED, **_dialect(session)
    )
    asked = text(missing + what).columns(device_last_seen_at=UtcDateTime())
    return list(session.execute(asked, {**scope, **filters, **parameters}))


def _dialect(session: Session) -> dict[str, str]:
    if is_sqlite(session):
        return {
            "listed": "CROSS JOIN json_each(d.data, '$.photos')",
            "nothing": "'{}'",
            "within_text": "instr",
        }
    return {
        "listed": "CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof("
        "d.data -> 'photos') WHEN 'array' THEN d.data -> 'photos' ELSE '[]' END)",
        "nothing": "CAST('{}' AS jsonb)",
        "within_text": "strpos",
    }


def _told(row: Any, received: Received) -> dict[str, Any]:
    data, fault = _plain(row.data), _plain(row.fault)
    return {
        "photo_id": row.photo_id,
        "state": "uploading" if row.upload_id and row.state == "declared" else row.state,
        "task_id": row.task_id,
        "task_number": row.number,
        "task_status": row.status,
        "organisation_id": row.organisation_id,
        "organisation": row.organisation,
        "of_type": row.of_type,
        "of_id": row.of_id,
        "filename": data.get("filename"),
        "taken_at": data.get("taken_at"),
        "size_bytes": data.get("size_bytes"),
        "received_bytes": _arrived(row.upload_id, received),
        "fault": {name: fault[name] for name in ("code", "message")} if fault else None,
        "lost_request": data.get("lost_request"),
        "declared_at": from_ms(row.since_ms),
        "user_id": row.user_id,
        "user_name": row.user_name,
        "device_id": row.device_id,
        "device_name": row.device_name,
        "device_last_seen_at": row.device_last_seen_at,
    }


def _arrived(upload_id: str | None, received: Received) -> int:
    try:
        return received(upload_id) if upload_id else 0
    except UploadNotFound:  # just now finished, or swept away
        return 0


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = orjson.loads(value) if isinstance(value, str) else value or {}
    return plain

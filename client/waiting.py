"""What still waits here, task by task: told, so that nobody calls a task done too early.

Told are ops that were not sent and photos whose bytes were not. What the server has already, held,
refused or not yet verified, it counts itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from client import outbox, photo_queue
from client.outbox import Op
from client.store import dump, get_meta, load, set_meta

MAX_TASKS = 1000
"""As many as the server hears of; nobody has so many."""

Json = dict[str, Any]

WAITING = """
SELECT m.task_id, sum(w.ops) AS ops, sum(w.photos) AS photos FROM (
  SELECT type, id, 1 AS ops, 0 AS photos FROM outbox WHERE user_id = :user AND state = :ops
    AND op_id NOT IN (SELECT value FROM json_each(:going))
  UNION ALL SELECT 'photo', photo_id, 0, 1 FROM photos WHERE user_id = :user AND state = :photos
) AS w LEFT JOIN mirror m ON m.user_id = :user AND m.type = w.type AND m.id = w.id
GROUP BY m.task_id ORDER BY m.task_id LIMIT :most
"""


def waiting(db: sqlite3.Connection, user_id: str, *, besides: Iterable[Op] = ()) -> list[Json]:
    """`{task_id, ops, photos}` of each task for which something waits, besides these ops."""
    asked = {
        "user": user_id,
        "ops": outbox.WAITING,
        "photos": photo_queue.WAITING,
        "going": dump([op.op_id for op in besides]),
        "most": MAX_TASKS,
    }
    return [dict(row) for row in db.execute(WAITING, asked)]


def last_told(db: sqlite3.Connection, user_id: str) -> list[Json]:
    """What the server heard last; one that never heard anything expects nothing."""
    told: list[Json] = load(get_meta(db, _key(user_id))) or []
    return told


def note_told(db: sqlite3.Connection, user_id: str, told: list[Json]) -> None:
    """Remember what the server has heard, once it has answered."""
    set_meta(db, _key(user_id), dump(told))


def _key(user_id: str) -> str:
    return f"told:{user_id}"

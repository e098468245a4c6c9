"""Locks of the write path: taken in a fixed order, before anything is read."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from server.services.bulk import as_json, ids_from_json, is_sqlite
from server.services.sql import run


class LockedTask(NamedTuple):
    """What the write path needs of a task whose row it holds."""

    id: str
    status: str
    checklist_id: str


def lock_tasks(session: Session, task_ids: Iterable[str]) -> dict[str, LockedTask]:
    """Hold the rows of these tasks until the transaction ends, in sorted order so that nobody
    deadlocks; only people on the same task ever wait for each other."""
    wanted = sorted(set(task_ids))
    if not wanted:
        return {}
    # On SQLite the transaction began IMMEDIATE: it already holds the one write lock there is.
    hold = "" if is_sqlite(session) else "FOR NO KEY UPDATE OF t"
    rows = run(
        session,
        "SELECT t.id, t.status, t.checklist_id FROM tasks t "
        f"WHERE t.id IN {ids_from_json(session)} ORDER BY t.id {hold}",
        {"ids": as_json(wanted)},
    )
    return {row.id: LockedTask(*row) for row in rows}

"""How an officer stands to a task: lead, assistant, or one who held it before."""

from collections.abc import Iterable
from typing import Any, Literal
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from server.services.bulk import as_json, ids_from_json
from server.services.sql import run

Standing = Literal["lead", "assistant", "former"]


def standings(session: Session, task_ids: Iterable[str]) -> dict[tuple[str, str], Standing]:
    """The standing of every officer who holds or held these tasks, by (task, officer).

    One who held a task stays `former` until the device was told to drop it (purged).
    """
    rows = run(
        session,
        "SELECT task_id, officer_id, role, ended_at IS NOT NULL AS ended FROM assignments "
        f"WHERE task_id IN {ids_from_json(session)} AND purged_at IS NULL "
        "ORDER BY CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END",
        {"ids": as_json(list(task_ids))},
    )
    # One who left and came back has two rows; the present one is read last and counts.
    return {(row.task_id, row.officer_id): "former" if row.ended else row.role for row in rows}


#: checklist versions are immutable, so what was read once holds for the life of the engine
_ITEMS: "WeakKeyDictionary[Engine | Connection, dict[str, dict[str, dict[str, Any]]]]" = (
    WeakKeyDictionary()
)


def checklist_items(session: Session, checklist_id: str) -> dict[str, dict[str, Any]]:
    """The items of a pinned checklist version, by code."""
    known = _ITEMS.setdefault(session.get_bind(), {})
    if checklist_id not in known:
        [(items,)] = run(
            session, "SELECT items FROM checklists WHERE id = :id", {"id": checklist_id}
        )
        listed = orjson.loads(items) if isinstance(items, str) else items
        known[checklist_id] = {item["code"]: item for item in listed}
    return known[checklist_id]

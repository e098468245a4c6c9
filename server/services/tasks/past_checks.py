"""History (检查历史): an object's last checks, as a summary for whoever goes there next."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server.clock import wire_moment
from server.models import Task
from server.services.bulk import as_json, ids_from_json
from server.services.registers.families import families
from server.services.sync.documents import ServerDocument
from sync.tasks import SETTLED

HISTORY_CHECKS = 5  # the last ones; more is for the office


def histories(session: Session, object_ids: Sequence[str]) -> list[ServerDocument]:
    """One history document per object: the last approved checks of it and of what was merged with
    it, newest first."""
    related = families(session, object_ids)
    rows = _last_checks(session, sorted({one for members in related.values() for one in members}))
    results = _results(session, [row.id for row in rows])
    checks: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for row in rows:
        told = {
            "task_id": row.id,
            "number": row.number,
            "origin": row.origin,
            "planned_on": row.planned_on.isoformat(),
            "finished_at": wire_moment(row.finished_at),
            **results[row.id],
        }
        checks.setdefault(row.object_id, []).append((row.id, told))
    return [
        ServerDocument(
            "history",
            object_id,
            {"object_id": object_id, "checks": _newest(checks, members)},
        )
        for object_id, members in related.items()
    ]


def _newest(
    checks: dict[str, list[tuple[str, dict[str, Any]]]], members: Sequence[str]
) -> list[dict[str, Any]]:
    """The last checks of all members: the latest day first, of one day by id."""
    found = sorted(
        (check for member in members for check in checks.get(member, [])), key=itemgetter(0)
    )
    found.sort(key=lambda check: check[1]["planned_on"], reverse=True)
    return [told for _, told in found[:HISTORY_CHECKS]]


def _last_checks(session: Session, object_ids: Sequence[str]) -> Sequence[Any]:
    place = func.row_number().over(
        partition_by=Task.object_id, order_by=(Task.planned_on.desc(), Task.id)
    )
    ranked = (
        select(
            Task.id, Task.object_id, Task.number, Task.origin, Task.planned_on, Task.finished_at,
            place.label("place"),
        )
        .where(Task.object_id.in_(object_ids), Task.status.in_(SETTLED))
        .subquery()
    )  # fmt: skip
    return session.execute(
        select(ranked).where(ranked.c.place <= HISTORY_CHECKS).order_by(ranked.c.place)
    ).all()


def _results(session: Session, task_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Per task the outcome of its record and how many hazards were found."""
    outcomes: dict[str, str | None] = dict.fromkeys(task_ids)
    hazards = dict.fromkeys(task_ids, 0)
    rows = session.execute(
        text(
            "SELECT task_id, type, data FROM documents WHERE type IN ('record', 'finding') "
            f"AND NOT deleted AND task_id IN {ids_from_json(session)}"
        ),
        {"ids": as_json(list(task_ids))},
    )
    for task_id, type_, raw in rows:
        data = orjson.loads(raw) if isinstance(raw, str) else raw
        if type_ == "record":
            outcomes[task_id] = data.get("outcome")
        else:
            hazards[task_id] += data.get("kind") == "hazard"
    return {
        task_id: {"outcome": outcomes[task_id], "hazards_count": hazards[task_id]}
        for task_id in task_ids
    }

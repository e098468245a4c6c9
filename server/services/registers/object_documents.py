"""Devices that hold a task on an object learn when the register says something else of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.services.bulk import as_json, ids_from_json
from server.services.evidence.comparing import compare_again
from server.services.sync.feed import FeedItem, announce
from server.services.tasks.projections import project_objects


def refresh_documents(
    session: Session, object_ids: Sequence[str], *, now: datetime
) -> set[tuple[str, str]]:
    """Write the objects' documents anew where devices have them; gives those that changed. Photos
    taken there are compared again, in the background: the position may be another."""
    changed = project_objects(session, object_ids, now) if object_ids else set()
    if changed:
        compare_again(session, [object_id for _, object_id in changed])
    return changed


def announce_objects(session: Session, changed: Iterable[tuple[str, str]]) -> None:
    """Announce changed documents of objects to everyone who holds a task there; once, late."""
    by_object: dict[str, list[tuple[str, str]]] = {}
    for type_, object_id in changed:
        by_object.setdefault(object_id, []).append((type_, object_id))
    rows = session.execute(
        text(
            "SELECT DISTINCT a.officer_id, t.object_id FROM assignments a "
            "JOIN tasks t ON t.id = a.task_id "
            f"WHERE a.ended_at IS NULL AND t.object_id IN {ids_from_json(session)}"
        ),
        {"ids": as_json(list(by_object))},
    )
    announce(
        session,
        [
            FeedItem(officer_id, *document)
            for officer_id, object_id in rows
            for document in by_object[object_id]
        ],
    )


def tell_devices(session: Session, object_ids: Sequence[str], *, now: datetime) -> None:
    """Refresh and announce in one go, as the last act of a change."""
    announce_objects(session, refresh_documents(session, object_ids, now=now))

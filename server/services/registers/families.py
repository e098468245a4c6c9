"""Objects that were found to be one (合并): the one that stays, and all that gave way to it.

Nothing is moved when two objects become one, so that it can be undone: tasks, history and sources
stay where they are, and whoever asks for an object's checks asks for its family's.
"""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.services.bulk import as_json, ids_from_json

_UP = """
up(asked, id, next_id) AS (
    SELECT id, id, merged_into FROM objects WHERE id IN {ids}
    UNION ALL
    SELECT up.asked, o.id, o.merged_into FROM up JOIN objects o ON o.id = up.next_id
)"""
_DOWN = """
down(asked, id) AS (
    SELECT asked, id FROM up WHERE next_id IS NULL
    UNION ALL
    SELECT down.asked, o.id FROM down JOIN objects o ON o.merged_into = down.id
)"""


def standing_for(session: Session, object_ids: Sequence[str]) -> dict[str, str]:
    """For each object the one that stands for it now: itself, or what it was merged into."""
    rows = session.execute(
        text(
            f"WITH RECURSIVE {_UP.format(ids=ids_from_json(session))} "
            "SELECT asked, id FROM up WHERE next_id IS NULL"
        ),
        {"ids": as_json(list(object_ids))},
    )
    return {row.asked: row.id for row in rows}


def families(session: Session, object_ids: Sequence[str]) -> dict[str, list[str]]:
    """For each object all that are one with it, itself included."""
    found: dict[str, list[str]] = {object_id: [object_id] for object_id in object_ids}
    rows = session.execute(
        text(
            f"WITH RECURSIVE {_UP.format(ids=ids_from_json(session))}, {_DOWN} "
            "SELECT asked, id FROM down WHERE id <> asked ORDER BY id"
        ),
        {"ids": as_json(list(object_ids))},
    )
    for asked, id_ in rows:
        found[asked].append(id_)
    return found

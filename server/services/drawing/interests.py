"""Recusals (回避, N34): what officers declared, as pairs with objects, never the ground."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.services.bulk import as_json, ids_from_json

# An object that was merged into another brings its interests along.
_PAIRS = """
WITH pool AS (SELECT o.id, o.id AS member, o.credit_code, g.path
              FROM objects o JOIN organisations g ON g.id = o.organisation_id
              WHERE o.id IN {objects}),
members AS (SELECT id, member, credit_code, path FROM pool
            UNION ALL
            SELECT p.id, m.id, m.credit_code, p.path
            FROM objects m JOIN pool p ON p.id = m.merged_into)
SELECT DISTINCT i.officer_id AS officer, m.id AS object
FROM officer_interests i JOIN members m
  ON i.object_id = m.member OR i.credit_code = m.credit_code
  OR (i.organisation_id IS NOT NULL AND m.path LIKE '%/' || i.organisation_id || '/%')
WHERE i.withdrawn_at IS NULL AND i.officer_id IN {officers}
ORDER BY 1, 2
"""


def recusals_of(
    session: Session, *, officers: Sequence[dict[str, Any]], object_ids: Sequence[str]
) -> list[dict[str, str]]:
    """The pairs that may not meet, in the order of officers and objects; one statement for all."""
    found = session.execute(
        text(
            _PAIRS.format(
                objects=ids_from_json(session), officers=ids_from_json(session, "officers")
            )
        ),
        {"ids": as_json(list(object_ids)), "officers": as_json([row["id"] for row in officers])},
    )
    return [{"officer": row.officer, "object": row.object} for row in found]

"""The register's rows in the database, compared and written a batch at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from server.models.base import UtcDateTime
from server.services.bulk import as_json, ids_from_json, is_sqlite, rows_from_json
from server.services.registers.rows import Row

#: what a source states and a person may have corrected since
FACTS = {
    "name": "text", "kind": "text", "small_kind": "text", "credit_code": "text",
    "address": "text", "latitude": "double precision", "longitude": "double precision",
    "tags": "jsonb", "contact_name": "text", "contact_phone": "text",
}  # fmt: skip
#: where the object lies; a person's decision about the division settles all of it
PLACE = {
    "organisation_id": "text", "division_code": "text", "proposed_division_code": "text",
    "proposal_reason": "text", "division_state": "text",
}  # fmt: skip
#: what only the source knows
ORIGIN = {"source_key": "text", "source_digest": "text", "details": "jsonb"}
COLUMNS = {"id": "text", **FACTS, **PLACE, **ORIGIN}


class KnownObject(NamedTuple):
    """An object that is in the register already."""

    id: str
    source: str
    source_key: str
    credit_code: str | None
    digest: str


class Known(NamedTuple):
    """The objects that a batch meets: by its source's keys, and by credit code of any source."""

    by_key: dict[str, KnownObject]
    by_code: dict[str, KnownObject]


def find_known(session: Session, source: str, rows: Sequence[Row]) -> Known:
    """Which of the rows' keys and codes are there already; two questions, however many rows.

    Source and key are asked for as pairs: by the source alone a planner without statistics would
    read all that this import has stored so far, for every batch again.
    """
    query = "SELECT id, source, source_key, credit_code, source_digest FROM objects WHERE "
    by_key = session.execute(
        text(
            f"{query} (source, source_key) IN (SELECT r.source, r.source_key FROM "
            f"{rows_from_json(session, {'source': 'text', 'source_key': 'text'})})"
        ),
        {"rows": as_json([{"source": source, "source_key": row.source_key} for row in rows])},
    )
    by_code = session.execute(
        text(f"{query} credit_code IN {ids_from_json(session)}"),
        {"ids": as_json([row.credit_code for row in rows if row.credit_code])},
    )
    return Known(
        {row.source_key: KnownObject(*row) for row in by_key},
        {row.credit_code: KnownObject(*row) for row in by_code},
    )


def insert_objects(
    session: Session, rows: Sequence[tuple[Row, str, str]], *, source: str, now: datetime
) -> None:
    """Insert new objects, each given as (row, id, organisation id)."""
    if not rows:
        return
    names = ", ".join(COLUMNS)
    statement = text(
        f"INSERT INTO objects ({names}, source, active, edited_fields, updated_at) "
        f"SELECT {names}, :source, true, '[]', :now FROM {rows_from_json(session, COLUMNS)} "
        "WHERE true"
    ).bindparams(bindparam("now", type_=UtcDateTime))
    session.execute(statement, {"rows": _as_rows(rows), "source": source, "now": now})


def update_objects(
    session: Session, rows: Sequence[tuple[Row, str, str]], *, now: datetime
) -> None:
    """Bring changed objects up to their source, except for what a person has edited since."""
    if not rows:
        return
    settled = _edited(session, "division_code")
    sets = [
        *(_unless(_edited(session, name), name) for name in FACTS),
        *(_unless(settled, name) for name in PLACE),
        *(f"{name} = r.{name}" for name in ORIGIN),
        "updated_at = :now",
    ]
    statement = text(
        f"UPDATE objects SET {', '.join(sets)} FROM {rows_from_json(session, COLUMNS)} "
        "WHERE objects.id = r.id"
    ).bindparams(bindparam("now", type_=UtcDateTime))
    session.execute(statement, {"rows": _as_rows(rows), "now": now})


def _unless(condition: str, name: str) -> str:
    return f"{name} = CASE WHEN {condition} THEN objects.{name} ELSE r.{name} END"


def _edited(session: Session, name: str) -> str:
    """SQL: whether a person has set this field of an object."""
    if is_sqlite(session):
        return f"EXISTS (SELECT 1 FROM json_each(objects.edited_fields) WHERE value = '{name}')"
    return f"""objects.edited_fields @> '["{name}"]'"""


def _as_rows(rows: Sequence[tuple[Row, str, str]]) -> str:
    """The rows as one JSON array: their payloads are JSON already and only get their ids."""
    parts = (
        f'{{"id":"{object_id}","organisation_id":"{organisation_id}",{row.payload[1:].decode()}'
        for row, object_id, organisation_id in rows
    )
    return f"[{','.join(parts)}]"

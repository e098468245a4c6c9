"""The staged rows beside the register, in temporary tables: compared and stored as whole sets.

On PostgreSQL they travel by COPY. A row's new object is named after the import and the row's line,
so that ids need no table and come in the order of the file.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from server.models.base import UtcDateTime
from server.services.bulk import as_json, is_sqlite, rows_from_json
from server.services.registers.jurisdiction import Jurisdiction
from server.services.registers.rows import Row
from server.services.registers.stage import Stage

BATCH_ROWS = 5000
NEW, UNCHANGED, CHANGED, ATTACHED = "new", "unchanged", "changed", "attached"
OUTSIDE, TWIN, CORRECTED = "outside", "twin", "corrected"
#: what a row says of an object, with PostgreSQL's types; see `rows.Row.facts`
FACTS = {
    "name": "text", "nature": "text", "kind": "text", "small_kind": "text", "credit_code": "text",
    "address": "text", "latitude": "double precision", "longitude": "double precision",
    "contact_name": "text", "contact_phone": "text", "tags": "jsonb", "details": "jsonb",
}  # fmt: skip
_STAGED = ", ".join(
    f"{name} {'integer' if name == 'line' else '{json}' if name == 'facts' else 'text'}"
    for name in Row._fields
)
_TABLES = (
    f"CREATE TEMPORARY TABLE staged ({_STAGED})",
    "CREATE TEMPORARY TABLE holders (division_code text PRIMARY KEY, organisation_id text)",
    "CREATE TEMPORARY TABLE met (line integer PRIMARY KEY, act text, object_id text)",
)
_KNOWN = """
INSERT INTO met
SELECT s.line,
       CASE WHEN s.object_id IS NOT NULL THEN 'corrected'
            WHEN h.organisation_id IS NULL THEN 'outside'
            WHEN k.object_id <> c.id THEN 'twin'
            WHEN k.digest = s.digest THEN 'unchanged'
            WHEN k.object_id IS NOT NULL THEN 'changed'
            ELSE 'attached' END,
       COALESCE(s.object_id, k.object_id, c.id)
FROM staged s
LEFT JOIN holders h ON h.division_code = s.division_code
LEFT JOIN object_sources k ON k.source = :source AND k.source_key = s.source_key
LEFT JOIN objects c ON c.credit_code = s.credit_code AND c.practice = :practice
WHERE h.organisation_id IS NULL OR s.object_id IS NOT NULL
   OR k.object_id IS NOT NULL OR c.id IS NOT NULL
"""


class Met(NamedTuple):
    """A staged row that met an object, or may not be stored: `act` says how."""

    act: str
    object_id: str | None
    organisation_id: str | None
    row: Row


class Loading:
    """The temporary tables of one import; gone with its transaction."""

    def __init__(self, session: Session, *, source: str, practice: bool, now: datetime) -> None:
        self._session = session
        self._source = source
        self._practice = practice
        self._now = now
        self._import_id = uuid.uuid4().hex[:20]

    def load(
        self, stage: Stage, jurisdiction: Jurisdiction, progress: Callable[[int], object]
    ) -> None:
        """Bring the rows beside the register and say of each what it meets there."""
        json = "text" if is_sqlite(self._session) else "jsonb"
        for table in _TABLES:
            self._session.execute(text(table.replace("{json}", json)))
        self._copy(stage, progress)
        self._name_holders(stage, jurisdiction)
        if not is_sqlite(self._session):
            self._session.execute(text("ANALYZE staged, holders"))
        given = {"source": self._source, "practice": self._practice}
        self._session.execute(text(_KNOWN), given)

    def drop(self) -> None:
        """Remove the tables, which would else last as long as the connection; a failed transaction
        takes them away itself."""
        for table in ("met", "holders", "staged"):
            self._session.execute(text(f"DROP TABLE IF EXISTS {table}"))

    def _copy(self, stage: Stage, progress: Callable[[int], object]) -> None:
        driver: Any = self._session.connection().connection.driver_connection
        if is_sqlite(self._session):
            marks = ", ".join("?" * len(Row._fields))
            for batch in stage.batches(BATCH_ROWS):
                driver.executemany(f"INSERT INTO staged VALUES ({marks})", batch)
                progress(len(batch))
            return
        with driver.cursor().copy("COPY staged FROM STDIN") as copy:
            for batch in stage.batches(BATCH_ROWS):
                for row in batch:
                    copy.write_row(row)
                progress(len(batch))

    def _name_holders(self, stage: Stage, jurisdiction: Jurisdiction) -> None:
        holders = [
            {"division_code": code, "organisation_id": body.id}
            for code in stage.division_codes()
            if (body := jurisdiction.holder(code))
        ]
        columns = {"division_code": "text", "organisation_id": "text"}
        self._session.execute(
            text(
                "INSERT INTO holders SELECT division_code, organisation_id "
                f"FROM {rows_from_json(self._session, columns)} WHERE true"
            ),
            {"rows": as_json(holders)},
        )

    def counts(self) -> Counter[str]:
        """How many rows there are of each act."""
        rows = self._session.execute(text("SELECT act, count(*) FROM met GROUP BY act"))
        found: Counter[str] = Counter({row[0]: row[1] for row in rows})
        total = self._session.scalar(text("SELECT count(*) FROM staged")) or 0
        found[NEW] = total - sum(found.values())
        return found

    def reasons(self) -> Counter[str]:
        """How the banners of the new rows were found, or why not."""
        rows = self._session.execute(text(f"SELECT why, count(*) {_NEW} GROUP BY why"))
        return Counter({row[0]: row[1] for row in rows})

    def met(self, *acts: str) -> Iterator[list[Met]]:
        """The rows of these acts in the order of the file, a batch at a time."""
        fields = ", ".join(f"s.{name}" for name in Row._fields if name != "facts")
        facts = "s.facts" if is_sqlite(self._session) else "CAST(s.facts AS text) AS facts"
        query = text(
            f"SELECT m.act, m.object_id AS met_id, h.organisation_id, {fields}, {facts} FROM met m "
            "JOIN staged s ON s.line = m.line "
            "LEFT JOIN holders h ON h.division_code = s.division_code "
            "WHERE m.act IN :acts AND m.line > :after ORDER BY m.line LIMIT :size"
        ).bindparams(bindparam("acts", expanding=True))
        after = 0
        while True:
            given = {"acts": acts, "after": after, "size": BATCH_ROWS}
            rows = self._session.execute(query, given).all()
            if not rows:
                return
            yield [Met(row[0], row[1], row[2], Row(*row[3:])) for row in rows]
            after = rows[-1][3]

    def insert_new(self) -> None:
        """Make an object, and its provenance, of every row that met none."""
        line = "printf('%012x', s.line)" if is_sqlite(self._session) else (
            "lpad(to_hex(s.line), 12, '0')"
        )  # fmt: skip
        given = {
            "source": self._source, "practice": self._practice, "now": self._now,
            "import_id": self._import_id,
        }  # fmt: skip
        for statement in (_insert_objects(self._session), _INSERT_SOURCES):
            self._session.execute(
                text(statement.format(id=f":import_id || {line}")).bindparams(
                    bindparam("now", type_=UtcDateTime)
                ),
                given,
            )


_NEW = "FROM staged s LEFT JOIN met m ON m.line = s.line WHERE m.line IS NULL"
_INSERT_SOURCES = (
    "INSERT INTO object_sources (source, source_key, object_id, digest, imported_at, facts) "
    f"SELECT :source, s.source_key, {{id}}, s.digest, :now, s.facts {_NEW}"
)


def _insert_objects(session: Session) -> str:
    names = ", ".join(FACTS)
    if is_sqlite(session):
        facts = ", ".join(f"json_extract(s.facts, '$.{name}')" for name in FACTS)
        source = "staged s"
    else:
        facts = ", ".join(f"r.{name}" for name in FACTS)
        types = ", ".join(f"{name} {type_}" for name, type_ in FACTS.items())
        source = f"staged s CROSS JOIN LATERAL jsonb_to_record(s.facts) AS r({types})"
    return (
        f"INSERT INTO objects ({names}, id, organisation_id, division_code, division_state, "
        "proposed_division_code, proposal_reason, source, source_key, source_digest, active, "
        "state, field_sources, edited_fields, practice, updated_at) "
        f"SELECT {facts}, {{id}}, h.organisation_id, s.division_code, s.division_state, "
        "s.proposed_division_code, s.proposal_reason, :source, s.source_key, s.digest, true, "
        f"'active', '{{{{}}}}', '[]', :practice, :now FROM {source} "
        "JOIN holders h ON h.division_code = s.division_code "
        "LEFT JOIN met m ON m.line = s.line WHERE m.line IS NULL"
    )

"""Documents (同步实体): the wire state of what devices see, read and written in bulk."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from server.clock import to_ms
from server.services.bulk import as_json, rows_from_json, seek_rows
from server.services.sql import run

KEY = {"type": "text", "id": "text"}


class ServerDocument(NamedTuple):
    """A document that only the server writes: task, object, checklist, history."""

    type: str
    id: str
    data: dict[str, Any]
    task_id: str | None = None


class StoredDocument(NamedTuple):
    """A document as it stands; `state` is the merge core's, as text."""

    type: str
    id: str
    task_id: str | None
    rev: int
    deleted: bool
    data: dict[str, Any]
    state: str


def put_documents(
    session: Session, documents: Sequence[ServerDocument], *, now: datetime
) -> set[tuple[str, str]]:
    """Write server-owned documents, each a new rev where its data changed.

    Gives the (type, id) of those that changed; the others stay untouched, so that nothing is
    announced in vain.
    """
    if not documents:
        return set()
    source = rows_from_json(
        session, {"type": "text", "id": "text", "task_id": "text", "data": "jsonb"}
    )
    changed = run(
        session,
        "INSERT INTO documents (type, id, task_id, rev, deleted, data, state, updated_ms) "
        f"SELECT type, id, task_id, 1, false, data, '', :ms FROM {source} WHERE true "
        "ON CONFLICT (type, id) DO UPDATE SET rev = documents.rev + 1, data = excluded.data, "
        "updated_ms = excluded.updated_ms "
        "WHERE documents.data IS DISTINCT FROM excluded.data RETURNING type, id",
        {"rows": as_json([document._asdict() for document in documents]), "ms": to_ms(now)},
    )
    return {(row.type, row.id) for row in changed}


def read_documents(
    session: Session, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], StoredDocument]:
    """The documents of the given (type, id), as far as they exist; one round trip."""
    rows = _sought(session, keys, "t.task_id, t.rev, t.deleted, t.data, t.state")
    return {(row.type, row.id): _stored(row) for row in rows}


def tasks_of_entities(
    session: Session, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """The task of each entity that exists. An entity never moves to another task."""
    rows = _sought(session, keys, "t.task_id")
    return {(row.type, row.id): row.task_id for row in rows if row.task_id is not None}


def _sought(session: Session, keys: Iterable[tuple[str, str]], columns: str) -> list[Any]:
    wanted = [{"type": type_, "id": id_} for type_, id_ in keys]
    if not wanted:
        return []
    found = seek_rows(session, "documents", KEY)
    return run(session, f"SELECT t.type, t.id, {columns} FROM {found}", {"rows": as_json(wanted)})


def documents_of_task(session: Session, task_id: str) -> list[StoredDocument]:
    """Everything that belongs to one task, ordered by type and id."""
    rows = run(
        session,
        "SELECT type, id, task_id, rev, deleted, data, state FROM documents "
        "WHERE task_id = :task_id ORDER BY type, id",
        {"task_id": task_id},
    )
    return [_stored(row) for row in rows]


def _stored(row: Any) -> StoredDocument:
    data = orjson.loads(row.data) if isinstance(row.data, str) else row.data
    return StoredDocument(
        row.type, row.id, row.task_id, row.rev, bool(row.deleted), data, row.state
    )

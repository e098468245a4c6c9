"""RxDB's replication (`replicateRxCollection`): pages of documents down, rows up.

A row names the state that its writer assumed here and the state it should become. The answer to a
push lists each document that stands otherwise than its writer said, because others wrote meanwhile
or because the server made something of it; RxDB then takes it over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from server.services.scope import Actor
from server.services.sync.compat.pushing import (
    Rules,
    device_of,
    documents_named,
    push_statements,
)
from server.services.sync.compat.seen import DRAINABLE, state_at
from server.services.sync.compat.translation import (
    BOOKKEEPING,
    REV,
    Statement,
    changed_fields,
    same_value,
)
from server.services.sync.documents import StoredDocument
from server.services.sync.pull import changes_since

State = Mapping[str, Any]


class Row(NamedTuple):
    """One write: what its writer assumed to stand here, and what should."""

    assumed: State | None
    new: State


class DocumentPage(NamedTuple):
    """Documents, and the cursor behind them."""

    documents: list[dict[str, Any]]
    cursor: str


def documents_since(
    session: Session, *, actor: Actor, type_: str, cursor: str | None, limit: int, secret: bytes
) -> DocumentPage:
    """The next documents of a type; fewer than `limit` only where there are no more.

    What the officer no longer holds comes as deleted when its drain is over. Raises as
    `changes_since` does.
    """
    page = changes_since(
        session, actor=actor, cursor=cursor, limit=limit, secret=secret, type_=type_
    )
    return DocumentPage([_from_change(orjson.loads(raw)) for raw in page.changes], page.cursor)


def push_rows(
    session: Session,
    *,
    actor: Actor,
    type_: str,
    rows: Sequence[Row],
    rules: Rules,
    now: datetime,
) -> list[dict[str, Any]]:
    """Push rows; gives the documents that stand otherwise than their writers said."""
    device_id = device_of(actor)
    keys = [(type_, row.new["id"]) for row in rows]
    seen = documents_named(session, actor=actor, keys=keys, among=DRAINABLE)
    statements = [
        _statement(session, type_, row, seen.get((type_, row.new["id"])), device_id) for row in rows
    ]
    push_statements(session, actor=actor, statements=statements, seen=seen, rules=rules, now=now)
    stands = documents_named(session, actor=actor, keys=keys)
    return [
        _from_document(document)
        for row, key in zip(rows, keys, strict=True)
        if (document := stands.get(key)) and _stands_otherwise(row, document)
    ]


def _statement(
    session: Session, type_: str, row: Row, seen: StoredDocument | None, device_id: str
) -> Statement:
    rev = (row.assumed or row.new).get(REV)
    base_rev = rev if isinstance(rev, int) else None
    assumed = row.assumed
    if assumed is None and seen and base_rev:
        # Its notes of what it pulled are gone, but not the document.
        assumed = state_at(session, seen, base_rev)
    return Statement(
        type_, row.new["id"], row.new, changed_fields(row.new, assumed or {}, device_id=device_id),
        base_rev=base_rev, deleted=bool(row.new.get("_deleted")), context=row.assumed,
    )  # fmt: skip


def _stands_otherwise(row: Row, document: StoredDocument) -> bool:
    """Whether a document differs from what its writer said, in fields that both know."""
    if bool(row.new.get("_deleted")) != document.deleted:
        return True
    known = (row.new.keys() | (row.assumed or {}).keys()) - BOOKKEEPING
    return not document.deleted and any(
        not same_value(row.new.get(name), document.data[name])
        for name in known
        if name in document.data
    )


def _from_change(change: Mapping[str, Any]) -> dict[str, Any]:
    data, deleted = change["data"] or {}, change["op"] != "upsert"
    return {**data, "id": change["id"], REV: change["rev"], "_deleted": deleted}


def _from_document(document: StoredDocument) -> dict[str, Any]:
    data = {} if document.deleted else document.data
    return {**data, "id": document.id, REV: document.rev, "_deleted": document.deleted}

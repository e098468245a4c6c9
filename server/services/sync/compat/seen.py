"""What a device holds, as far as the server knows: needed to tell what a foreign client changed."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from server.services.bulk import as_json, rows_from_json, seek_rows
from server.services.scope import Actor
from server.services.sql import run
from server.services.sync.documents import StoredDocument, read_documents

Key = tuple[str, str]


class OwnWrite(NamedTuple):
    """The last write of a device to an entity."""

    rev: int
    op_id: str


#: what the feed shows; what was revoked may still be written, but is told no more
SHOWN = "('upsert', 'delete')"
DRAINABLE = "('upsert', 'delete', 'revoke')"


def seen_documents(
    session: Session, *, actor: Actor, keys: Iterable[Key], among: str = SHOWN
) -> dict[Key, StoredDocument]:
    """Those of the documents that stand in the officer's feed; there are no others for them."""
    wanted = [{"officer_id": actor.officer_id, "type": t, "id": i} for t, i in keys]
    columns = {"officer_id": "text", "type": "text", "id": "text"}
    shown = run(
        session,
        f"SELECT t.type, t.id FROM {seek_rows(session, 'feed_entries', columns)} "
        f"WHERE t.op IN {among}",
        {"rows": as_json(wanted)},
    )
    return read_documents(session, [(row.type, row.id) for row in shown])


def last_own_writes(
    session: Session, *, device_id: str, keys: Iterable[Key]
) -> dict[Key, OwnWrite]:
    """The last write of this device to each of the entities, where it wrote at all."""
    source = rows_from_json(session, {"type": "text", "id": "text"})
    rows = run(
        session,
        f"SELECT h.type, h.entity_id, h.rev, h.op_id FROM {source} "
        "JOIN history h ON h.type = r.type AND h.entity_id = r.id "
        "WHERE h.device_id = :device AND h.op_id IS NOT NULL ORDER BY h.rev",
        {"device": device_id, "rows": as_json([{"type": t, "id": i} for t, i in keys])},
    )
    return {(row.type, row.entity_id): OwnWrite(row.rev, row.op_id) for row in rows}


def state_at(session: Session, document: StoredDocument, rev: int) -> Mapping[str, Any]:
    """The document's fields as they stood at a version: what was written since is taken back."""
    later = run(
        session,
        "SELECT patch, before FROM history "
        "WHERE type = :type AND entity_id = :id AND rev > :rev ORDER BY rev DESC",
        {"type": document.type, "id": document.id, "rev": rev},
    )
    state = dict(document.data)
    for row in later:
        before = orjson.loads(row.before)
        for name in orjson.loads(row.patch):
            state.pop(name, None)
        state |= before
    return state

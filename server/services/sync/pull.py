"""Pull (下行): what changed for an officer since their cursor, one range scan of their feed."""

from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.services.bulk import is_sqlite
from server.services.scope import Actor
from server.services.sql import run
from server.services.sync.epoch import epoch_of
from sync.cursor import Cursor, CursorInvalid, seal, unseal

#: of an account and device in good order: where their feed stands
STANDS = (
    "SELECT e.value, u.scope_version, h.seq FROM users u "
    "JOIN devices d ON d.user_id = u.id AND d.id = :device_id AND d.state = 'active' "
    "JOIN feed_heads h ON h.officer_id = u.officer_id "
    "JOIN settings e ON e.key = 'epoch' WHERE u.id = :user_id AND u.active"
)
RESYNC = {"action": "resync_keep_pending"}


class Page(NamedTuple):
    """A page of changes, each already JSON in UTF-8; `cursor` is where to go on."""

    changes: list[bytes]
    cursor: str
    has_more: bool


def changes_since(
    session: Session, *, actor: Actor, cursor: str | None, limit: int, secret: bytes
) -> Page:
    """The next `limit` changes of the actor's feed. The session must be one snapshot.

    Raises `forbidden` for one who is no officer with a device, `invalid_cursor` for a cursor that
    was tampered with or is another device's, `resync_required` for one of another epoch or scope.
    """
    if actor.officer_id is None or actor.device_id is None:
        raise DomainError("forbidden", details={"needs": ["officer", "device"]})
    epoch = epoch_of(session)
    start = _opened(cursor, actor, epoch, secret) if cursor else 0
    rows = _rows_after(session, actor.officer_id, start, limit)
    page = rows[:limit]
    if not page and start > _head(session, actor.officer_id):
        raise DomainError("resync_required", details=RESYNC)  # it knows more than there is
    last = page[-1][0] if page else start
    sealed = seal(Cursor(epoch, actor.device_id, actor.scope_version, last), secret=secret)
    return Page([change for _, change in page], sealed, has_more=len(rows) > limit)


def is_up_to_date(
    connection: Connection, *, user_id: str, device_id: str, cursor: str, secret: bytes
) -> bool:
    """Whether nothing is new for a device since its cursor: the usual answer to a poll, told from
    the feed's counter alone, by one statement and so from one snapshot.

    False also for whatever is out of the ordinary; `changes_since` then says what it is.
    """
    try:
        opened = unseal(cursor, device_id=device_id, secret=secret)
    except CursorInvalid:
        return False
    found = run(connection, STANDS, {"user_id": user_id, "device_id": device_id})
    return found == [(opened.epoch, opened.scope, opened.seq)]


def _opened(cursor: str, actor: Actor, epoch: str, secret: bytes) -> int:
    try:
        opened = unseal(cursor, device_id=actor.device_id or "", secret=secret)
    except CursorInvalid:
        raise DomainError("invalid_cursor") from None
    if opened.epoch != epoch or opened.scope != actor.scope_version:
        raise DomainError("resync_required", details=RESYNC)
    return opened.seq


#: a change on the wire. Types, ids and ops are plain ASCII by rule: nothing to escape
CHANGE = (
    """'{{"type":"' || f.type || '","id":"' || f.id || '","rev":' || coalesce(d.rev, 0) """
    """|| ',"seq":' || f.seq || ',"op":"' || f.op || '","data":' """
    """|| CASE WHEN f.op = 'upsert' THEN coalesce({data}, 'null') ELSE 'null' END || '}}'"""
)


def _rows_after(session: Session, officer_id: str, seq: int, limit: int) -> list[Any]:
    """`(seq, change)`, one more than asked, to know whether there is more. Changes come written out
    from the database, as bytes: no document is parsed, or even decoded, to be written again."""
    if is_sqlite(session):
        change = f"CAST({CHANGE.format(data='d.data')} AS blob)"
    else:
        change = f"convert_to({CHANGE.format(data='CAST(d.data AS text)')}, 'UTF8')"
    return run(
        session,
        # the page is cut first, so that no plan reads the documents of a whole feed for it
        f"SELECT f.seq, {change} FROM (SELECT seq, type, id, op FROM feed_entries "
        "WHERE officer_id = :officer AND seq > :seq ORDER BY seq LIMIT :limit) AS f "
        "LEFT JOIN documents d ON d.type = f.type AND d.id = f.id ORDER BY f.seq",
        {"officer": officer_id, "seq": seq, "limit": limit + 1},
        binary=True,
    )


def _head(session: Session, officer_id: str) -> int:
    found = run(
        session, "SELECT seq FROM feed_heads WHERE officer_id = :officer", {"officer": officer_id}
    )
    return found[0].seq if found else 0

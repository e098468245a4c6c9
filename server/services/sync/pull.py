"""Pull (下行): what changed for an officer since their cursor, one range scan of their feed."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from server.db import Glance
from server.errors import DomainError
from server.services.bulk import is_sqlite
from server.services.scope import Actor
from server.services.sql import run
from server.services.sync.epoch import epoch_of
from sync.cursor import Cursor, CursorInvalid, seal, unseal

RESYNC = {"action": "resync_keep_pending"}
#: of a cursor that knows more than there is: a backup was restored, and nobody said so
SET_BACK = {**RESYNC, "reason": "server_set_back"}

#: a change on the wire, in UTF-8, written out by the database: no document is parsed, or even
#: decoded, to be written again. Types, ids and ops are plain ASCII by rule: nothing to escape
CHANGE = (
    """'{{"type":"' || f.type || '","id":"' || f.id || '","rev":' || COALESCE(t.rev, 0) """
    """|| ',"seq":' || f.seq || ',"op":"' || f.op || '","data":' """
    """|| CASE WHEN f.op = 'upsert' THEN COALESCE({data}, 'null') ELSE 'null' END || '}}'"""
)
#: where the feed of an account and a device in good order stands, with its next changes. The page
#: is cut before documents are sought, so that no plan reads those of a whole feed
PAGE = (
    "SELECT e.value AS epoch, u.scope_version, COALESCE(h.seq, 0) AS head, "
    "COALESCE(h.floor, 0) AS floor, f.seq, {change} "
    "FROM users u "
    "JOIN devices d ON d.user_id = u.id AND d.id = :device_id AND d.state = 'active' "
    "JOIN settings e ON e.key = 'epoch' "
    "LEFT JOIN feed_heads h ON h.officer_id = u.officer_id "
    "LEFT JOIN (SELECT seq, type, id, op FROM feed_entries WHERE seq > :seq {only}AND officer_id = "
    "(SELECT officer_id FROM users WHERE id = :user_id) ORDER BY seq LIMIT :limit) AS f ON true "
    "LEFT JOIN documents t ON t.type = f.type AND t.id = f.id "
    "WHERE u.id = :user_id AND u.active AND u.officer_id IS NOT NULL ORDER BY f.seq"
)
#: the same without the changes: whether there are any is seen from the head alone
STANDING = (
    "SELECT e.value AS epoch, u.scope_version, COALESCE(h.seq, 0) AS head FROM users u "
    "JOIN devices d ON d.user_id = u.id AND d.id = :device_id AND d.state = 'active' "
    "JOIN settings e ON e.key = 'epoch' "
    "LEFT JOIN feed_heads h ON h.officer_id = u.officer_id "
    "WHERE u.id = :user_id AND u.active AND u.officer_id IS NOT NULL"
)
#: a page of one type for clients that know no `revoke`: left out here, so that no page gets shorter
OF_TYPE = "AND type = :type AND op <> 'revoke' "


class Page(NamedTuple):
    """A page of changes, each already JSON in UTF-8; `cursor` is where to go on."""

    changes: list[bytes]
    cursor: str
    has_more: bool


def is_at_end(glance: Glance, *, user_id: str, device_id: str, cursor: str, secret: bytes) -> bool:
    """Whether all is in order and nothing came after the cursor. The cheapest question of all, and
    the one that is asked most; when in doubt no, and `page_after` looks closer."""
    try:
        opened = unseal(cursor, device_id=device_id, secret=secret)
    except CursorInvalid:
        return False
    rows = run(glance, STANDING, {"user_id": user_id, "device_id": device_id})
    return [tuple(row) for row in rows] == [(opened.epoch, opened.scope, opened.seq)]


def page_after(
    session: Session | Glance,
    *,
    user_id: str,
    device_id: str,
    cursor: str | None,
    limit: int,
    secret: bytes,
    type_: str | None = None,
) -> Page | None:
    """The next `limit` changes of a device's feed, if all is in order. One statement, and therefore
    one snapshot, says whether account and device may read, where the feed stands and what is new.
    With `type_`, only the changes of this type, without `revoke`.

    None for whatever is out of the ordinary; `changes_since` then says what it is.
    """
    try:
        opened = unseal(cursor, device_id=device_id, secret=secret) if cursor else None
    except CursorInvalid:
        return None
    start = opened.seq if opened else 0
    rows = run(
        session,
        page_statement(session, only=OF_TYPE if type_ else ""),
        {"user_id": user_id, "device_id": device_id, "seq": start, "limit": limit + 1}
        | ({"type": type_} if type_ else {}),
        binary=True,
    )
    if not rows:
        return None
    epoch, scope, head, floor = rows[0][:4]
    stands = Cursor(epoch, device_id, scope, start, floor)
    if opened and not _goes_on(opened, stands, head):
        return None
    found = [(seq, change) for *_, seq, change in rows if seq is not None]
    page, has_more = found[:limit], len(found) > limit
    if cursor and start == head:
        return Page([], cursor, has_more=False)
    # the head may lie beyond the last entry: what stood there may have been compacted, or be of
    # another type, and need not be gone through again
    last = page[-1][0] if has_more else head
    sealed = seal(stands._replace(seq=last), secret=secret)
    return Page([change for _, change in page], sealed, has_more)


def _goes_on(opened: Cursor, stands: Cursor, head: int) -> bool:
    """Whether a feed that stands so can be read on from a cursor."""
    same = opened._replace(floor=stands.floor) == stands
    return same and opened.seq <= head and opened.reaches(stands.floor)


def changes_since(
    session: Session,
    *,
    actor: Actor,
    cursor: str | None,
    limit: int,
    secret: bytes,
    type_: str | None = None,
) -> Page:
    """The next `limit` changes of the actor's feed, or of one type of it. The session must be one
    snapshot.

    Raises `forbidden` for one who is no officer with a device, `invalid_cursor` for a cursor that
    was tampered with or is another device's, `resync_required` for one of another epoch or scope,
    one older than the feed's floor, or one that knows more than there is.
    """
    if actor.officer_id is None or actor.device_id is None:
        raise DomainError("forbidden", details={"needs": ["officer", "device"]})
    opened = _check(cursor, actor, epoch_of(session), secret) if cursor else None
    page = page_after(
        session, user_id=actor.user_id, device_id=actor.device_id, cursor=cursor, limit=limit,
        secret=secret, type_=type_,
    )  # fmt: skip
    if page is None:
        ahead = opened is not None and opened.seq > _head_of(session, actor.officer_id)
        raise DomainError("resync_required", details=SET_BACK if ahead else RESYNC)
    return page


def _head_of(session: Session, officer_id: str) -> int:
    heads = run(session, "SELECT seq FROM feed_heads WHERE officer_id = :o", {"o": officer_id})
    return heads[0].seq if heads else 0


def _check(cursor: str, actor: Actor, epoch: str, secret: bytes) -> Cursor:
    try:
        opened = unseal(cursor, device_id=actor.device_id or "", secret=secret)
    except CursorInvalid:
        raise DomainError("invalid_cursor") from None
    if opened.epoch != epoch or opened.scope != actor.scope_version:
        raise DomainError("resync_required", details=RESYNC)
    return opened


def page_statement(session: Session | Glance, only: str = "") -> str:
    """The one statement of a pull, in either database's words."""
    if is_sqlite(session):
        change = f"CAST({CHANGE.format(data='t.data')} AS blob)"
    else:
        change = f"convert_to({CHANGE.format(data='CAST(t.data AS text)')}, 'UTF8')"
    return PAGE.format(change=change, only=only)

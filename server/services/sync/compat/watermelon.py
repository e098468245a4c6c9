"""WatermelonDB's `synchronize()`: all changes down with one number, all local changes up.

WatermelonDB pulls, lays its own edits over what came, and pushes. A row's `rev` column would then
claim that its writer had seen what came just before; so it counts only where the client keeps the
row's own one (docs/adr/0008). A client without that column is taken to have seen only its own
writes: nothing is lost, and more is left for a person to settle.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.services.scope import Actor
from server.services.sync.compat.pushing import (
    Rules,
    device_of,
    documents_named,
    push_statements,
)
from server.services.sync.compat.seen import DRAINABLE
from server.services.sync.compat.translation import REV, Statement, fresh_notes
from server.services.sync.documents import StoredDocument
from server.services.sync.epoch import epoch_of
from server.services.sync.pull import RESYNC, changes_since
from sync.cursor import Cursor, seal, unseal
from sync.entities import FIELDS

#: a timestamp is a number below 2^53: this many low binary digits are the `seq`
SEQ_BITS = 32
MARK_BITS = 21
PAGE = 500
#: parents before children, and handing in at the end
ORDER = ("record", "answer", "finding", "photo", "conflict", "task")
#: a number among answers has a column of its own: columns have one type each
NUMBER = "value_number"

Raw = Mapping[str, Any]


class Pulled(NamedTuple):
    """Raw rows and deleted ids by table, and the number to go on from."""

    changes: dict[str, dict[str, list[Any]]]
    timestamp: int


class LocalChange(NamedTuple):
    """One row that a client created, updated or deleted; of a deleted one only the id is known."""

    table: str
    kind: str
    raw: Raw


def pull_changes(
    session: Session,
    *,
    actor: Actor,
    last_pulled_at: int | None,
    whole_tables: Iterable[str],
    secret: bytes,
) -> Pulled:
    """All that changed since `last_pulled_at`, and all of the tables that the client's schema has
    only now. The session must be one snapshot.

    Rows come as updated (`sendCreatedAsUpdated`); what the officer no longer holds as deleted,
    when its drain is over. Raises `resync_required` for a number of another database, device or
    scope, and as `changes_since` does.
    """
    device_of(actor)
    start = None if last_pulled_at is None else _cursor_at(session, actor, last_pulled_at, secret)
    changes, end = _all_changes(session, actor, start, secret)
    for name in whole_tables:
        changes = {**_all_changes(session, actor, None, secret, type_=name)[0], **changes}
    tables: dict[str, dict[str, list[Any]]] = {}
    told = ((key, change) for key, change in changes.items() if change["op"] != "revoke")
    for (type_, id_), change in told:
        table = tables.setdefault(type_, {"created": [], "updated": [], "deleted": []})
        if change["op"] == "upsert":
            table["updated"].append(_raw_of(change))
        else:
            table["deleted"].append(id_)
    # All was read: what was compacted behind the last entry is behind its reader too.
    seq = max(end.seq, end.floor)
    return Pulled(tables, _mark(end, secret) << SEQ_BITS | seq)


def push_changes(
    session: Session,
    *,
    actor: Actor,
    changes: Sequence[LocalChange],
    last_pulled_at: int | None,
    rules: Rules,
    now: datetime,
) -> dict[str, list[str]]:
    """Push local changes; gives the ids of the rejected rows by table, which stay changed there."""
    device_id = device_of(actor)
    keys = [(change.table, change.raw["id"]) for change in changes]
    seen = documents_named(session, actor=actor, keys=keys, among=DRAINABLE)
    statements = [
        _statement(change, seen.get(key), device_id, last_pulled_at)
        for change, key in zip(changes, keys, strict=True)
    ]
    rejected = push_statements(
        session, actor=actor, statements=statements, seen=seen, rules=rules, now=now
    )
    by_table: dict[str, list[str]] = {}
    for table, id_ in sorted(rejected):
        by_table.setdefault(table, []).append(id_)
    return by_table


def in_order(changes: Iterable[LocalChange]) -> list[LocalChange]:
    """The changes in the order in which they can be done."""
    place = {table: n for n, table in enumerate(ORDER)}
    return sorted(changes, key=lambda change: place.get(change.table, len(ORDER)))


# -- up ---------------------------------------------------------------------------------------


def _statement(
    change: LocalChange, seen: StoredDocument | None, device_id: str, last_pulled_at: int | None
) -> Statement:
    rev = change.raw.get(REV)
    base_rev = rev if isinstance(rev, int) and rev > 0 else None
    whole = _fields_of(change.table, change.raw)
    changed = dict(whole) if change.kind == "created" else _touched(change.raw, whole)
    if "notes" in changed:
        known = seen.data.get("notes") if seen else None
        changed["notes"] = fresh_notes(changed["notes"], known, device_id=device_id)
        changed = changed if changed["notes"] else _without(changed, "notes")
    if change.kind == "created":
        changed = {name: value for name, value in changed.items() if value is not None}
    return Statement(
        change.table, change.raw["id"], whole, changed, base_rev=base_rev,
        deleted=change.kind == "deleted", context=None if base_rev else last_pulled_at,
    )  # fmt: skip


def _touched(raw: Raw, whole: Mapping[str, Any]) -> dict[str, Any]:
    """The fields behind the columns that WatermelonDB says were changed here."""
    columns = str(raw.get("_changed") or "").split(",")
    names = {"value" if column == NUMBER else column for column in columns}
    return {name: value for name, value in whole.items() if name in names}


def _fields_of(table: str, raw: Raw) -> dict[str, Any]:
    """A raw row as fields: lists and the like travel as JSON text."""
    fields = {name: value for name, value in raw.items() if name not in ("_status", "_changed")}
    for name, field in FIELDS.get(table, {}).items():
        if field.holds_many and isinstance(fields.get(name), str):
            fields[name] = _unpacked(fields[name])
    number = fields.pop(NUMBER, None)
    if table == "answer" and number is not None and fields.get("value") is None:
        fields["value"] = number
    return fields


def _unpacked(text: str) -> Any:
    """The list behind a JSON text; a text that is none is one entry as it stands."""
    try:
        plain = orjson.loads(text)
    except orjson.JSONDecodeError:
        return [text] if text else []
    return plain if isinstance(plain, list) else [text]


def _without(fields: Mapping[str, Any], left_out: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != left_out}


# -- down -------------------------------------------------------------------------------------


def _all_changes(
    session: Session, actor: Actor, start: str | None, secret: bytes, *, type_: str | None = None
) -> tuple[dict[tuple[str, str], dict[str, Any]], Cursor]:
    """Every change behind a cursor by type and id, and where the feed then stands."""
    changes, cursor, more = {}, start, True
    while more:
        page = changes_since(
            session, actor=actor, cursor=cursor, limit=PAGE, secret=secret, type_=type_
        )
        for raw in page.changes:
            change = orjson.loads(raw)
            changes[change["type"], change["id"]] = change
        cursor, more = page.cursor, page.has_more
    return changes, unseal(cursor or "", device_id=device_of(actor), secret=secret)


def _raw_of(change: Mapping[str, Any]) -> dict[str, Any]:
    raw = {name: _column(value) for name, value in change["data"].items()}
    if change["type"] == "answer" and isinstance(raw.get("value"), int | float):
        raw |= {"value": None, NUMBER: raw["value"]}
    return {**raw, "id": change["id"], REV: change["rev"]}


def _column(value: Any) -> Any:
    """Columns hold texts, numbers and truth values."""
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


# -- the number -------------------------------------------------------------------------------


def _mark(cursor: Cursor, secret: bytes) -> int:
    """The high digits: whose number it is, of which epoch and scope. Never zero."""
    bound = f"suijian/watermelon/v1\x1f{cursor.epoch}\x1f{cursor.device_id}\x1f{cursor.scope}"
    digest = hmac.new(secret, bound.encode(), hashlib.sha256).digest()
    mark: int = int.from_bytes(digest[:8], "big") % (2**MARK_BITS - 1) + 1
    return mark


def _cursor_at(session: Session, actor: Actor, timestamp: int, secret: bytes) -> str:
    seq = timestamp & 2**SEQ_BITS - 1
    cursor = Cursor(epoch_of(session), device_of(actor), actor.scope_version, seq)
    if timestamp >> SEQ_BITS != _mark(cursor, secret):
        raise DomainError("resync_required", details=RESYNC)
    return seal(cursor, secret=secret)

"""The mirror: the entities of one person, as the server last told them, and as they are shown.

Each row keeps both: `server` with its `rev`, and `shown`, which is `server` with that person's
unsettled ops on top. `refold` computes the second from the first, and is called after every change
to either side.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from client import outbox
from client.accounts import Account
from client.errors import NotOnDevice
from client.folding import fold, task_of
from client.outbox import Op
from client.store import dump, load

Json = dict[str, Any]


@dataclass(frozen=True)
class Entity:
    """One entity, for reading. `data` is what to show; `rev` is the server's version under it."""

    type: str
    id: str
    rev: int | None
    data: Json
    leaving: bool = False
    """The server has taken it back; it stays until our own work on it has been sent."""
    ops: tuple[Op, ...] = ()
    """Our ops that this version does not contain yet, or that were not taken as meant."""

    @property
    def pending(self) -> tuple[Op, ...]:
        """Ops still on their way."""
        return tuple(op for op in self.ops if op.live)

    @property
    def refused(self) -> tuple[Op, ...]:
        """Ops that were rejected or salvaged: shown with their reason, never dropped in silence."""
        return tuple(op for op in self.ops if op.refused)


def find(db: sqlite3.Connection, user_id: str, type_: str, id_: str) -> Entity | None:
    """An entity, unless it is not here or was deleted here."""
    row = _row(db, user_id, type_, id_)
    return None if row is None or row["shown"] is None else _entity(db, user_id, row)


def get(db: sqlite3.Connection, user_id: str, type_: str, id_: str) -> Entity:
    """An entity that must be here."""
    found = find(db, user_id, type_, id_)
    if found is None:
        raise NotOnDevice(f"no {type_} {id_} on this device")
    return found


def of_type(
    db: sqlite3.Connection, user_id: str, type_: str, task_id: str | None = None
) -> list[Entity]:
    """All entities of a type, or those of one task, by id."""
    rows = db.execute(
        """SELECT * FROM mirror WHERE user_id = ? AND type = ? AND shown IS NOT NULL
           AND (? IS NULL OR task_id = ?) ORDER BY id""",
        (user_id, type_, task_id, task_id),
    ).fetchall()
    return [_entity(db, user_id, row) for row in rows]


def rev_of(db: sqlite3.Connection, user_id: str, type_: str, id_: str) -> int | None:
    """The server's version under an entity; None while it has none."""
    row = _row(db, user_id, type_, id_)
    return None if row is None else row["rev"]


def ensure(db: sqlite3.Connection, user_id: str, type_: str, id_: str) -> None:
    """Make a row for something that begins on this device."""
    db.execute(
        "INSERT INTO mirror (user_id, type, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (user_id, type_, id_),
    )


def take_change(db: sqlite3.Connection, account: Account, change: Json) -> None:
    """Apply one entry of `GET /sync/changes`."""
    type_, id_, kind = str(change["type"]), str(change["id"]), change["op"]
    if kind == "upsert":
        _upsert(db, account.user_id, type_, id_, change)
    elif kind == "purge":
        _drop(db, account.user_id, type_, id_)
    else:  # delete, revoke: our own unsent work is drained before the row goes
        _set(db, account.user_id, type_, id_, leaving=1)
    refold(db, account, type_, id_)


def settle(db: sqlite3.Connection, user_id: str, op: Op, rev: int | None) -> None:
    """The server has done `op`, and version `rev` contains it.

    Only the feed ever changes `server`: a receipt may be repeated, and may be older than what was
    pulled meanwhile. So the op stays on top until the feed has brought that version.
    """
    row = _row(db, user_id, op.type, op.id)
    if rev is None or row is None or (row["rev"] or 0) >= rev:
        outbox.keep(db, op.op_id)
    else:
        outbox.settle(db, op.op_id, rev)


def refold(db: sqlite3.Connection, account: Account, type_: str, id_: str) -> None:
    """Compute `shown` anew, and drop the row when nothing is left of it."""
    row = _row(db, account.user_id, type_, id_)
    if row is None:
        return
    ops = outbox.of_entity(db, account.user_id, type_, id_)
    server, rev = load(row["server"]), row["rev"]
    if (row["leaving"] and not any(op.live for op in ops)) or (server is None and not ops):
        _drop(db, account.user_id, type_, id_)
        return
    on_top = [op for op in ops if not op.refused or server is None]
    shown = fold(server, rev, on_top, account.writer)
    text = None if shown is None else dump(shown)
    task_id = task_of(type_, id_, shown if shown is not None else server)
    _set(db, account.user_id, type_, id_, shown=text, task_id=task_id)


def clear(db: sqlite3.Connection, account: Account) -> None:
    """Throw the server's data away, never the outbox: what is ours is shown from it alone."""
    db.execute("DELETE FROM mirror WHERE user_id = ?", (account.user_id,))
    for op in outbox.of_user(db, account.user_id):
        outbox.keep_settled(db, account.user_id, op.type, op.id)
        ensure(db, account.user_id, op.type, op.id)
        refold(db, account, op.type, op.id)


def told(db: sqlite3.Connection, user_id: str) -> Iterator[tuple[str, str, int, str]]:
    """`(type, id, rev, data)` of all that the server gave and has not taken back, in order."""
    yield from db.execute(
        """SELECT type, id, rev, server FROM mirror
           WHERE user_id = ? AND server IS NOT NULL AND leaving = 0 ORDER BY type, id""",
        (user_id,),
    )


def mend(db: sqlite3.Connection, account: Account, type_: str, id_: str, said: Json | None) -> None:
    """Put right what was found to differ: take what the server says, whatever is here; nothing if
    it has no such entity for this person. What is written on top stays."""
    if said is None:
        _set(db, account.user_id, type_, id_, server=None, rev=None, leaving=0)
    else:
        ensure(db, account.user_id, type_, id_)
        text, rev = dump(said["data"]), int(said["rev"])
        _set(db, account.user_id, type_, id_, server=text, rev=rev, leaving=0)
        outbox.keep_settled(db, account.user_id, type_, id_, rev)
    refold(db, account, type_, id_)


def _upsert(db: sqlite3.Connection, user_id: str, type_: str, id_: str, change: Json) -> None:
    """A page may come twice: the newer `rev` stays."""
    ensure(db, user_id, type_, id_)
    db.execute(
        """UPDATE mirror SET server = ?, rev = ?, leaving = 0
           WHERE user_id = ? AND type = ? AND id = ? AND (rev IS NULL OR rev <= ?)""",
        (dump(change["data"]), change["rev"], user_id, type_, id_, change["rev"]),
    )
    outbox.keep_settled(db, user_id, type_, id_, change["rev"])


def _set(db: sqlite3.Connection, user_id: str, type_: str, id_: str, **columns: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in columns)
    db.execute(
        f"UPDATE mirror SET {names} WHERE user_id = ? AND type = ? AND id = ?",
        (*columns.values(), user_id, type_, id_),
    )


def _drop(db: sqlite3.Connection, user_id: str, type_: str, id_: str) -> None:
    outbox.keep_settled(db, user_id, type_, id_)
    db.execute(
        "DELETE FROM mirror WHERE user_id = ? AND type = ? AND id = ?", (user_id, type_, id_)
    )


def _row(db: sqlite3.Connection, user_id: str, type_: str, id_: str) -> Any:
    return db.execute(
        "SELECT * FROM mirror WHERE user_id = ? AND type = ? AND id = ?", (user_id, type_, id_)
    ).fetchone()


def _entity(db: sqlite3.Connection, user_id: str, row: sqlite3.Row) -> Entity:
    return Entity(
        type=row["type"],
        id=row["id"],
        rev=row["rev"],
        data=load(row["shown"]),
        leaving=bool(row["leaving"]),
        ops=tuple(outbox.of_entity(db, user_id, row["type"], row["id"])),
    )

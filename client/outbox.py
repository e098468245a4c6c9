"""The outbox: what a person did on this device and the server has not settled yet.

An op is written once. From the moment it may have been sent its body never changes, because the
server answers a repeated `op_id` with the stored result and refuses another body under it.

States:
- `waiting`: not sent, or the answer was lost;
- `deferred`: the server holds it until what it depends on arrives;
- `settled`: done, but the feed has not yet brought the version that contains it. Until it does,
  the op still lies on top of the mirror; then it is removed;
- `rejected`, `salvaged`: not taken as the writer meant it. Kept here with the reason, until the
  person mends or dismisses it.

What was settled and has come down the feed moves to `kept_ops`: see `kept.py`.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from client.errors import NotOnDevice
from client.store import dump, load

WAITING, DEFERRED, SETTLED = "waiting", "deferred", "settled"
REJECTED, SALVAGED = "rejected", "salvaged"
LIVE_STATES = (WAITING, DEFERRED)
NO_LIMIT = -1
"""As SQLite writes it."""
WRITTEN = "position, user_id, op_id, type, id, action, base_rev, patch, hlc, depends_on, mends"
"""The columns of an op that never change."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Op:
    """One operation (操作), as it stands in the outbox."""

    op_id: str
    user_id: str
    type: str
    id: str
    action: str
    base_rev: int | None
    patch: Json
    hlc: str
    depends_on: tuple[str, ...] = ()
    state: str = WAITING
    attempts: int = 0
    reason: Json | None = None
    settled_rev: int | None = None
    mends: str | None = None
    """The rejected op that this one stands for."""

    @property
    def live(self) -> bool:
        """Whether the server has still to say what becomes of it."""
        return self.state in LIVE_STATES

    @property
    def refused(self) -> bool:
        """Whether a person must look at it."""
        return self.state in (REJECTED, SALVAGED)

    def wire(self) -> Json:
        """The op as `POST /sync/push` takes it."""
        body: Json = {
            "op_id": self.op_id,
            "type": self.type,
            "id": self.id,
            "action": self.action,
            "base_rev": self.base_rev,
            "patch": self.patch,
            "hlc": self.hlc,
        }
        body |= {"depends_on": list(self.depends_on)} if self.depends_on else {}
        return body | ({"mends": self.mends} if self.mends else {})


def new_op_id() -> str:
    """A fresh op id: uuid4 as 32 hex digits."""
    return uuid.uuid4().hex


def append(db: sqlite3.Connection, op: Op) -> None:
    """Put an op at the end of the queue."""
    db.execute(
        """INSERT INTO outbox
             (user_id, op_id, type, id, action, base_rev, patch, hlc, depends_on, mends)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            *(op.user_id, op.op_id, op.type, op.id, op.action, op.base_rev),
            *(dump(op.patch), op.hlc, dump(list(op.depends_on)), op.mends),
        ),
    )


def of_user(db: sqlite3.Connection, user_id: str) -> list[Op]:
    """Everything one person has in the outbox, in the order it was written."""
    return _read(db, "WHERE user_id = ?", user_id)


def of_entity(db: sqlite3.Connection, user_id: str, type_: str, id_: str) -> list[Op]:
    """One person's ops on one entity, in the order they were written."""
    return _read(db, "WHERE user_id = ? AND type = ? AND id = ?", user_id, type_, id_)


def in_state(db: sqlite3.Connection, user_id: str, state: str, limit: int = NO_LIMIT) -> list[Op]:
    """The first `limit` ops of one person in a state."""
    clause = "WHERE user_id = ? AND state = ? ORDER BY position LIMIT ?"
    return _read(db, clause, user_id, state, limit)


def get(db: sqlite3.Connection, user_id: str, op_id: str) -> Op:
    """One op of one person."""
    found = _read(db, "WHERE user_id = ? AND op_id = ?", user_id, op_id)
    if not found:
        raise NotOnDevice(f"no op {op_id} in the outbox")
    return found[0]


def count_of_others(db: sqlite3.Connection, user_id: str) -> int:
    """How many live ops wait here for another person to sign in."""
    clause = "SELECT count(*) FROM outbox WHERE user_id <> ? AND state IN (?, ?)"
    (count,) = db.execute(clause, (user_id, *LIVE_STATES)).fetchone()
    return int(count)


def mark_attempt(db: sqlite3.Connection, ops: Iterable[Op]) -> None:
    """Note, before the bytes leave, that these ops may now be known to the server."""
    db.executemany(
        "UPDATE outbox SET attempts = attempts + 1 WHERE op_id = ?", [(op.op_id,) for op in ops]
    )


def set_state(db: sqlite3.Connection, op_id: str, state: str, reason: Json | None) -> None:
    """Keep an op in another state, with the reason that was given."""
    db.execute(
        "UPDATE outbox SET state = ?, reason = ? WHERE op_id = ?",
        (state, None if reason is None else dump(reason), op_id),
    )


def settle(db: sqlite3.Connection, op_id: str, rev: int) -> None:
    """Note that the server has done it, and which version of the entity contains it."""
    db.execute(
        "UPDATE outbox SET state = ?, reason = NULL, settled_rev = ? WHERE op_id = ?",
        (SETTLED, rev, op_id),
    )


def keep_settled(
    db: sqlite3.Connection, user_id: str, type_: str, id_: str, rev: int | None = None
) -> None:
    """Keep, out of the way, the settled ops on an entity: those that version `rev` contains, or
    all."""
    _keep(
        db,
        "user_id = ? AND type = ? AND id = ? AND state = ? AND (? IS NULL OR settled_rev <= ?)",
        (user_id, type_, id_, SETTLED, rev, rev),
    )


def keep(db: sqlite3.Connection, op_id: str) -> None:
    """Keep an op, out of the way: the server has done it and the mirror shows it."""
    _keep(db, "op_id = ?", (op_id,))


def _keep(db: sqlite3.Connection, clause: str, values: tuple[object, ...]) -> None:
    device_id = "(SELECT device_id FROM accounts a WHERE a.user_id = outbox.user_id)"
    db.execute(
        f"""INSERT OR REPLACE INTO kept_ops ({WRITTEN}, device_id)
            SELECT {WRITTEN}, {device_id} FROM outbox WHERE {clause}""",
        values,
    )
    db.execute(f"DELETE FROM outbox WHERE {clause}", values)


def recall_kept(db: sqlite3.Connection, user_id: str) -> None:
    """Put what is kept back into its old place in the queue; it and all that was answered before
    waits for the server's word again."""
    db.execute(
        f"""INSERT OR IGNORE INTO outbox ({WRITTEN}, attempts)
            SELECT {WRITTEN}, 1 FROM kept_ops WHERE user_id = ?""",
        (user_id,),
    )
    db.execute(
        """UPDATE outbox SET state = ?, settled_rev = NULL WHERE user_id = ? AND (state <> ? OR
           op_id IN (SELECT op_id FROM kept_ops))""",
        (DEFERRED, user_id, WAITING),
    )
    db.execute("DELETE FROM kept_ops WHERE user_id = ?", (user_id,))


def drop_kept(db: sqlite3.Connection, user_id: str, *, present_ms: int, oldest_ms: int) -> None:
    """Forget what was kept for long enough; stamp what was not stamped yet."""
    db.execute(
        """DELETE FROM kept_ops WHERE user_id = ? AND (kept_ms <= ? OR device_id <>
           (SELECT device_id FROM accounts a WHERE a.user_id = kept_ops.user_id))""",
        (user_id, oldest_ms),
    )
    db.execute(
        "UPDATE kept_ops SET kept_ms = ? WHERE user_id = ? AND kept_ms IS NULL",
        (present_ms, user_id),
    )


def remove(db: sqlite3.Connection, op_id: str) -> None:
    """Take an op out of the queue."""
    db.execute("DELETE FROM outbox WHERE op_id = ?", (op_id,))


def point_elsewhere(db: sqlite3.Connection, user_id: str, old: str, new: str) -> None:
    """Let ops depend on `new` instead of `old`: those never sent, and those to be written anew."""
    for op in of_user(db, user_id):
        if old in op.depends_on and (op.attempts == 0 or op.refused):
            turned = [new if parent == old else parent for parent in op.depends_on]
            db.execute("UPDATE outbox SET depends_on = ? WHERE op_id = ?", (dump(turned), op.op_id))


def _read(db: sqlite3.Connection, clause: str, *values: Any) -> list[Op]:
    order = "" if "ORDER BY" in clause else " ORDER BY position"
    return [_op(row) for row in db.execute(f"SELECT * FROM outbox {clause}{order}", values)]


def _op(row: sqlite3.Row) -> Op:
    return Op(
        op_id=row["op_id"],
        user_id=row["user_id"],
        type=row["type"],
        id=row["id"],
        action=row["action"],
        base_rev=row["base_rev"],
        patch=load(row["patch"]),
        hlc=row["hlc"],
        depends_on=tuple(load(row["depends_on"])),
        state=row["state"],
        attempts=row["attempts"],
        reason=load(row["reason"]),
        settled_rev=row["settled_rev"],
        mends=row["mends"],
    )

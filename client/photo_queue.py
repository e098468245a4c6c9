"""Photo bytes that have to reach the server.

States: `waiting`, `sent` (the server has the bytes, its word on them is awaited), `refused` (with
the reason), `kept` (the server called the photo verified; entry and copy go after a while).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from client import mirror, outbox
from client.store import Store, dump, load

WAITING, SENT, REFUSED, KEPT = "waiting", "sent", "refused", "kept"
COLUMNS = "photo_id, user_id, sha256, size_bytes, filename, media_type, state, upload_url, reason"
ARRIVED_STATES = frozenset({"verified", "deleted"})
"""States in which they did; what was deleted since had its term."""
UNUSABLE_STATES = frozenset({"quarantined", "lost"})
"""States of a photo on the server in which its bytes did not become evidence."""

Json = dict[str, Any]


@dataclass(frozen=True)
class QueuedPhoto:
    """The bytes of one photo (照片证据), on their way."""

    photo_id: str
    user_id: str
    sha256: str
    size_bytes: int
    filename: str
    media_type: str
    state: str = WAITING
    upload_url: str | None = None
    reason: Json | None = None


def add(db: sqlite3.Connection, photo: QueuedPhoto) -> None:
    """Queue a photo, in the transaction that declares it."""
    db.execute(
        """INSERT INTO photos (photo_id, user_id, sha256, size_bytes, filename, media_type)
           VALUES (?, ?, ?, ?, ?, ?)""",
        (
            *(photo.photo_id, photo.user_id, photo.sha256),
            *(photo.size_bytes, photo.filename, photo.media_type),
        ),
    )


def of_user(db: sqlite3.Connection, user_id: str, state: str | None = None) -> list[QueuedPhoto]:
    """One person's photos, all that are on their way or those in one state, in the order they were
    taken."""
    rows = db.execute(
        f"""SELECT {COLUMNS} FROM photos WHERE user_id = ? AND state = COALESCE(?, state)
            AND (? IS NOT NULL OR state <> ?) ORDER BY rowid""",
        (user_id, state, state, KEPT),
    ).fetchall()
    return [QueuedPhoto(**dict(row) | {"reason": load(row["reason"])}) for row in rows]


def find(db: sqlite3.Connection, photo_id: str) -> QueuedPhoto | None:
    """A photo whose bytes are on this device, whoever took it."""
    query = f"SELECT {COLUMNS} FROM photos WHERE photo_id = ?"
    row = db.execute(query, (photo_id,)).fetchone()
    return None if row is None else QueuedPhoto(**dict(row) | {"reason": load(row["reason"])})


def set_upload(db: sqlite3.Connection, photo_id: str, upload_url: str | None) -> None:
    """Remember where the upload lives, before its first byte is sent."""
    db.execute("UPDATE photos SET upload_url = ? WHERE photo_id = ?", (upload_url, photo_id))


def set_state(
    db: sqlite3.Connection, photo_ids: Iterable[str], state: str, reason: Json | None = None
) -> None:
    """Move photos to a state. A refused one starts a new upload when it is tried again."""
    text = None if reason is None else dump(reason)
    db.executemany(
        """UPDATE photos SET state = ?, reason = ?,
             upload_url = CASE WHEN ? = 'refused' THEN NULL ELSE upload_url END
           WHERE photo_id = ?""",
        [(state, text, state, photo_id) for photo_id in photo_ids],
    )


def settle(store: Store, user_id: str) -> None:
    """Compare what was sent with what the server now says, after a pull."""
    with store.transaction() as db:
        for photo in of_user(db, user_id, SENT):
            entity = mirror.find(db, user_id, "photo", photo.photo_id)
            said = entity.data.get("state") if entity else _word_on_missing(db, photo)
            if said in UNUSABLE_STATES:
                reason = {"code": f"photo_{said}", "message": "服务器未能采用该照片，请联系主管。"}
                set_state(db, [photo.photo_id], REFUSED, reason)
            elif said in ARRIVED_STATES:
                set_state(db, [photo.photo_id], KEPT)


def recall_kept(db: sqlite3.Connection, user_id: str) -> None:
    """Let photos that were verified wait again: what the server still has is not sent twice."""
    db.execute(
        """UPDATE photos SET state = ?, upload_url = NULL, kept_ms = NULL
           WHERE user_id = ? AND state IN (?, ?)""",
        (WAITING, user_id, SENT, KEPT),
    )


def drop_kept(
    db: sqlite3.Connection, user_id: str, *, present_ms: int, oldest_ms: int
) -> list[str]:
    """Forget what was kept for long enough, and stamp what was not stamped yet. Gives the digests
    that no entry needs any more.

    The copies go last: after a crash in between a file is left over, never an entry without its
    file.
    """
    gone = db.execute(
        "DELETE FROM photos WHERE user_id = ? AND state = ? AND kept_ms <= ? RETURNING sha256",
        (user_id, KEPT, oldest_ms),
    ).fetchall()
    db.execute(
        "UPDATE photos SET kept_ms = ? WHERE user_id = ? AND state = ? AND kept_ms IS NULL",
        (present_ms, user_id, KEPT),
    )
    return [row["sha256"] for row in gone if not _is_needed(db, row["sha256"])]


def _word_on_missing(db: sqlite3.Connection, photo: QueuedPhoto) -> str | None:
    """A sent photo that left our scope is the server's business, once its declaration is too."""
    unsettled = outbox.of_entity(db, photo.user_id, "photo", photo.photo_id)
    return None if unsettled else "verified"


def _is_needed(db: sqlite3.Connection, sha256: str) -> bool:
    return db.execute("SELECT 1 FROM photos WHERE sha256 = ?", (sha256,)).fetchone() is not None

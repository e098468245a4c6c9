"""What was sent and answered, kept for a while: a server may be restored from a backup.

A restored server has forgotten what came after its backup was made, answers included. The device
then asks about what it sent lately, and sends again what is unknown there: byte for byte, each op
in its old place, before whatever was written since. Photo bytes are kept in the same way.

Rows have no time of their own to be dropped by: each run stamps what it finds unstamped, and drops
what was stamped long enough ago.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from client import outbox, photo_queue
from client.clock import milliseconds
from client.store import Store


def recall(db: sqlite3.Connection, user_id: str) -> None:
    """The server's past has changed: nothing that was answered is certain any more. Whatever is
    here waits for the server's word again, as a deferred op does; photos wait to be sent."""
    outbox.recall_kept(db, user_id)
    photo_queue.recall_kept(db, user_id)


def drop_old(store: Store, user_id: str, *, now: datetime, days: int) -> None:
    """Drop what has been kept for so long, and what was answered under another device id: while
    the epoch lasts the server has it, though not under our present name."""
    present, oldest = milliseconds(now), milliseconds(now - timedelta(days=days))
    with store.transaction() as db:
        outbox.drop_kept(db, user_id, present_ms=present, oldest_ms=oldest)
        free = photo_queue.drop_kept(db, user_id, present_ms=present, oldest_ms=oldest)
    for sha256 in free:
        store.photos.drop(sha256)

"""The epoch (纪元) of a database: which of its possible pasts this one has.

A restored backup has forgotten what came after it was made. Devices remember: they hold versions
and cursors that never were, as far as the server knows. A new epoch makes each of them fetch all
anew, keep what it has yet to send, and send again what the server has forgotten.
"""

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from server.services.audit.acts import record_act
from server.services.bulk import is_sqlite
from server.services.scope import Actor
from server.services.sql import run

#: how far all versions jump with an epoch. A `base_rev` of a forgotten past must never name a
#: version that was made since; no entity has so many versions between a backup and its loss
REV_GAP = 1_000_000
SET_BACK = "set_back"


def epoch_of(session: Session) -> str:
    """The epoch that the database is in."""
    [row] = run(session, "SELECT value FROM settings WHERE key = 'epoch'", {})
    epoch: str = row.value
    return epoch


def begin_epoch(session: Session, *, actor: Actor | None, reason: str, now: datetime) -> str:
    """Begin a new epoch; gives its name. Every cursor given out before is 410 from now on.

    All versions move up by `REV_GAP`, and those who write wait meanwhile: what an op of the
    forgotten past had seen is then never mistaken for what was written since.
    """
    before, epoch = epoch_of(session), uuid.uuid4().hex
    if not is_sqlite(session):  # there the transaction holds the one write lock
        # whoever writes documents of a task holds its row first, and has not read them before
        run(session, "LOCK TABLE tasks IN EXCLUSIVE MODE", {})
    run(session, "UPDATE documents SET rev = rev + :gap", {"gap": REV_GAP})
    run(session, "UPDATE settings SET value = :epoch WHERE key = 'epoch'", {"epoch": epoch})
    run(session, "DELETE FROM settings WHERE key = :key", {"key": SET_BACK})
    record_act(
        session, actor=actor, action="epoch.begun", target_type="epoch", target_id=epoch,
        before={"epoch": before}, after={"epoch": epoch, "reason": reason}, now=now,
    )  # fmt: skip
    return epoch


def note_set_back(session: Session, *, epoch: str) -> None:
    """Note that a device proved that this database forgot something: its cursor, signed by this
    server in this very epoch, knows more than there is."""
    run(
        session,
        "INSERT INTO settings (key, value) VALUES (:key, :epoch) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        {"key": SET_BACK, "epoch": epoch},
    )


def is_set_back(session: Session) -> bool:
    """Whether such a proof is noted of the present epoch."""
    rows = run(session, "SELECT value FROM settings WHERE key = :key", {"key": SET_BACK})
    return bool(rows) and rows[0].value == epoch_of(session)

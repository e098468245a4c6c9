"""Facts about this database that outlive a process."""

from sqlalchemy.orm import Session

from server.services.sql import run


def epoch_of(session: Session) -> str:
    """The epoch (纪元) of this database. A restored backup gets a new one, so that devices which
    saw what the backup never had resync without losing what they have yet to send."""
    [row] = run(session, "SELECT value FROM settings WHERE key = 'epoch'", {})
    epoch: str = row.value
    return epoch

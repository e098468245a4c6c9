"""The ledger of a photo (保管记录): what happened to it, by whom, when; only ever added.

An event is written in the transaction of the act that it tells of, and chained after that commits
(`server/services/custody/sealing.py`). docs/evidence/custody.md says what each kind means.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from custody.kinds import KINDS
from server.ids import new_id
from server.models import Photo
from server.services.bulk import WORD, Insert, insert_rows
from server.services.sql import as_stored

COLUMNS = {
    "id": WORD, "photo_id": WORD, "kind": WORD, "at": "timestamptz", "user_id": WORD,
    "device_id": WORD, "details": "jsonb",
}  # fmt: skip


class Custody(NamedTuple):
    """One event; `kind` is one of `KINDS`. In `details`, `sha256` names the bytes that it is about;
    fractions are texts, so that every language writes them alike."""

    photo_id: str
    kind: str
    user_id: str | None
    device_id: str | None
    details: dict[str, Any]


def record_custody(session: Session, events: Sequence[Custody], *, now: datetime) -> None:
    """Add the events in the caller's transaction. Raises ValueError for a kind unheard of."""
    insert_rows(session, custody_rows(session, events, now=now))


def custody_rows(session: Session, events: Sequence[Custody], *, now: datetime) -> Insert:
    """The events as `record_custody` adds them, to be inserted in one statement with what else
    happened."""
    unheard = {event.kind for event in events}.difference(KINDS)
    if unheard:
        raise ValueError(f"no kinds of custody: {sorted(unheard)}")
    at = as_stored(session, now)
    rows = [{"id": new_id(), "at": at, **event._asdict()} for event in events]
    return Insert("custody_events", COLUMNS, rows)


def record_derived(
    session: Session, *, original_sha256: str, kind: str, sha256: str, now: datetime
) -> None:
    """Tell the ledger of every photo that shows these bytes that a derivative was made of them:
    which `kind` (for instance `thumbnail`), and what it hashes to."""
    shown = select(Photo.id).where(Photo.received_sha256 == original_sha256).order_by(Photo.id)
    details = {"sha256": original_sha256, "derivative": kind, "derivative_sha256": sha256}
    record_custody(
        session,
        [Custody(photo_id, "derived", None, None, details) for photo_id in session.scalars(shown)],
        now=now,
    )

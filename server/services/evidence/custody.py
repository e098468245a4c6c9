"""The ledger of a photo (保管记录): what happened to it, by whom, when; only ever added.

An event is written in the transaction of the act that it tells of, and chained after that commits
(`server/services/custody/sealing.py`). docs/evidence/custody.md says what each kind means.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from server.ids import new_id
from server.models import CustodyEvent, Photo

#: every kind, in the order in which those of one moment are chained
KINDS = (
    "captured",  # the device's own word: when, where, which bytes
    "declared",
    "received",  # bytes
    "refused",  # bytes that are no photo, or not the declared one; kept aside
    "verified",  # bytes with the declared digest are stored
    "quarantined",
    "derived",  # a smaller picture was made of it
    "settled",  # somebody found out about what was kept aside
    "viewed",  # the original was handed out to be looked at
    "published",
    "exported",  # the original left in a package
    "lost",  # declared never to come
    "hold",  # must not be deleted (冻结)
    "release",  # may be deleted again when its term is over
    "deleted",
)


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
    unheard = {event.kind for event in events}.difference(KINDS)
    if unheard:
        raise ValueError(f"no kinds of custody: {sorted(unheard)}")
    if events:
        session.execute(
            insert(CustodyEvent), [{"id": new_id(), "at": now, **e._asdict()} for e in events]
        )


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

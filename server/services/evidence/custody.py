"""The chain of custody (保管记录): what happened to a photo, by whom, when; only ever added."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert
from sqlalchemy.orm import Session

from server.ids import new_id
from server.models import CustodyEvent


class Custody(NamedTuple):
    """One event; `kind` is declared, received (bytes), refused (bytes that are no photo and are
    kept aside), verified, quarantined, viewed, settled (what was kept aside) or lost."""

    photo_id: str
    kind: str
    user_id: str | None
    device_id: str | None
    details: dict[str, Any]


def record_custody(session: Session, events: Sequence[Custody], *, now: datetime) -> None:
    """Add the events in the caller's transaction."""
    if events:
        session.execute(
            insert(CustodyEvent), [{"id": new_id(), "at": now, **e._asdict()} for e in events]
        )

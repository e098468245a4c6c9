"""Flags are raised, found again and cleared (疑点登记), many at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.ids import new_id
from server.models import PhotoFlag
from server.services.bulk import Insert, insert_rows
from server.services.evidence.doubts import Doubt
from server.services.sql import as_stored

#: another photo is the same file: `same_bytes`, or looks like this one: `near_duplicate`
OF_ANOTHER = ("same_bytes", "near_duplicate")
FLAG_COLUMNS = {
    "id": "text", "photo_id": "text", "task_id": "text", "code": "text", "subject": "text",
    "details": "jsonb", "flagged_at": "timestamptz",
}  # fmt: skip
#: found again it is the same flag; what was said to other numbers does not explain these
FOUND_AGAIN = (
    "ON CONFLICT (photo_id, code, subject) DO UPDATE SET details = excluded.details, "
    "explained_at = CASE WHEN photo_flags.details = excluded.details "
    "THEN photo_flags.explained_at END, flagged_at = CASE WHEN photo_flags.cleared_at IS NULL "
    "THEN photo_flags.flagged_at ELSE excluded.flagged_at END, cleared_at = NULL"
)


class Flag(NamedTuple):
    """A doubt about a photo."""

    photo_id: str
    task_id: str
    doubt: Doubt

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same flag when it is found again."""
        return self.photo_id, self.doubt.code, self.doubt.subject


def clear_flags(
    session: Session, photo_ids: Sequence[str], doubted: Iterable[Flag], *, now: datetime
) -> None:
    """Clear what no longer holds. That two pictures are alike holds for good."""
    standing = {flag.key for flag in doubted}
    known = session.execute(
        select(PhotoFlag.id, PhotoFlag.photo_id, PhotoFlag.code, PhotoFlag.subject)
        .where(PhotoFlag.photo_id.in_(photo_ids), PhotoFlag.code.not_in(OF_ANOTHER))
        .where(PhotoFlag.cleared_at.is_(None))
    )
    gone = [id_ for id_, *key in known if tuple(key) not in standing]
    session.execute(
        update(PhotoFlag)
        .where(PhotoFlag.id.in_(gone))
        .values(cleared_at=now)
        .execution_options(synchronize_session=False)
    )


def raise_flags(session: Session, flags: Iterable[Flag], *, now: datetime) -> None:
    """Write the flags; one that is there already keeps its id, and what was said to it while its
    numbers stay the same."""
    rows = [
        {
            "id": new_id(), "photo_id": flag.photo_id, "task_id": flag.task_id,
            **flag.doubt._asdict(), "flagged_at": as_stored(session, now),
        }
        for flag in flags
    ]  # fmt: skip
    insert_rows(session, Insert("photo_flags", FLAG_COLUMNS, rows, FOUND_AGAIN))

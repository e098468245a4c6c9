"""Declared photos become verified (照片核验), and their documents say what they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from server.clock import to_ms
from server.models import Photo
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.declared import is_there
from server.services.scope import Actor
from server.services.sync.locks import lock_tasks
from server.services.sync.merging import Merge
from server.services.sync.office import write_as_office

SETTLE_BATCH = 500
VERIFIED = {"state": "verified"}


class Waiting(NamedTuple):
    """A declared photo whose bytes came."""

    id: str
    task_id: str


def find_waiting(session: Session, *, user_id: str | None = None) -> list[Waiting]:
    """Declared photos whose bytes came another way than by an upload of their own, of one user or
    of all; at most `SETTLE_BATCH`."""
    whose = "AND p.user_id = :user" if user_id else ""
    rows = session.execute(
        text(
            "SELECT p.id, p.task_id FROM photos p "
            f"WHERE p.state = 'declared' {whose} "
            f"AND {is_there('p.id', 'p.sha256', 'p.user_id')} ORDER BY p.id LIMIT :most"
        ),
        {"most": SETTLE_BATCH, **({"user": user_id} if user_id else {})},
    )
    return [Waiting(row.id, row.task_id) for row in rows]


def verify_photos(
    session: Session, waiting: Sequence[Waiting], *, actor: Actor | None, now: datetime
) -> None:
    """Call the photos verified, and tell their holders; one that is verified already stays."""
    if waiting:
        lock_tasks(session, [photo.task_id for photo in waiting])
        verified = call_verified(session, waiting, actor=actor, now=now)
        show_photos(session, dict.fromkeys(verified, VERIFIED), actor=actor, now=now)


def call_verified(
    session: Session, waiting: Sequence[Waiting], *, actor: Actor | None, now: datetime
) -> list[Waiting]:
    """Call the photos verified; gives those that were not before. The caller has locked their
    tasks, and shows them."""
    verified = session.execute(
        update(Photo)
        .where(Photo.id.in_([photo.id for photo in waiting]), Photo.state != "verified")
        .values(state="verified", received_sha256=Photo.sha256, received_at=now, verified_at=now)
        .returning(Photo.id, Photo.task_id, Photo.sha256)
        .execution_options(synchronize_session=False)
    ).all()
    by = (actor.user_id if actor else None, actor.device_id if actor else None)
    record_custody(
        session,
        [Custody(row.id, "verified", *by, {"sha256": row.sha256}) for row in verified],
        now=now,
    )
    return [Waiting(row.id, row.task_id) for row in verified]


def show_photos(
    session: Session,
    patches: Mapping[Waiting, Mapping[str, Any]],
    *,
    actor: Actor | None,
    now: datetime,
) -> None:
    """Write each photo's patch into its document as an act of the office, and announce them all at
    once: a transaction raises the feeds one time only. The caller has locked the tasks."""
    if not patches:
        return
    merge = Merge(session, now_ms=to_ms(now))
    merge.read([("photo", photo.id) for photo in patches])
    for photo, patch in patches.items():
        write_as_office(merge, ("photo", photo.id), photo.task_id, actor=actor, patch=patch)
    merge.save()

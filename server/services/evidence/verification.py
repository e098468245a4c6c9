"""Declared photos become verified (照片核验), and their documents say what they are."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from server.clock import to_ms, wire_time
from server.models import Photo, PhotoLoss
from server.services.bulk import as_json, ids_from_json
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.declared import is_there
from server.services.evidence.files import count_on_files
from server.services.scope import Actor
from server.services.sync.locks import lock_tasks
from server.services.sync.merging import Key, Merge
from server.services.sync.office import write_as_office

SETTLE_BATCH = 500
VERIFIED = {"state": "verified"}
#: bytes that come for a photo whose own were deleted make no evidence of it again
PAST = ("verified", "deleting", "deleted")


class Waiting(NamedTuple):
    """A declared photo whose bytes came."""

    id: str
    task_id: str


def find_waiting(session: Session, *, user_id: str | None = None) -> list[Waiting]:
    """Declared photos whose bytes came another way than by an upload of their own, of one user or
    of all; at most `SETTLE_BATCH`."""
    whose = "AND p.user_id = :user" if user_id else ""
    return _find(session, whose, **({"user": user_id} if user_id else {}))


def _find(session: Session, which: str, **parameters: str) -> list[Waiting]:
    rows = session.execute(
        text(
            "SELECT p.id, p.task_id FROM photos p "
            f"WHERE p.state = 'declared' {which} "
            f"AND {is_there('p.id', 'p.sha256', 'p.user_id')} ORDER BY p.id LIMIT :most"
        ),
        {"most": SETTLE_BATCH, **parameters},
    )
    return [Waiting(row.id, row.task_id) for row in rows]


def verify_photos(
    session: Session, waiting: Sequence[Waiting], *, actor: Actor | None, now: datetime
) -> None:
    """Call the photos verified, and tell their holders; one that is verified already stays, and so
    does one whose bytes are being deleted since they were found."""
    if waiting:
        lock_tasks(session, [photo.task_id for photo in waiting])
        ids = [photo.id for photo in waiting]
        count_on_files(session, set(session.scalars(select(Photo.sha256).where(Photo.id.in_(ids)))))
        still = _find(session, f"AND p.id IN {ids_from_json(session)}", ids=as_json(ids))
        verified = call_verified(session, still, actor=actor, now=now)
        show_photos(session, dict.fromkeys(verified, VERIFIED), actor=actor, now=now)


def call_verified(
    session: Session, waiting: Sequence[Waiting], *, actor: Actor | None, now: datetime
) -> list[Waiting]:
    """Call the photos verified; gives those that were not before. The caller has locked their
    tasks, and shows them."""
    if not waiting:
        return []
    verified = session.execute(
        update(Photo)
        .where(Photo.id.in_([photo.id for photo in waiting]), Photo.state.not_in(PAST))
        .values(state="verified", received_sha256=Photo.sha256, received_at=now, verified_at=now)
        .returning(Photo.id, Photo.task_id, Photo.sha256)
        .execution_options(synchronize_session=False)
    ).all()
    _end_requests(session, [row.id for row in verified], now=now)
    by = (actor.user_id if actor else None, actor.device_id if actor else None)
    record_custody(
        session,
        [Custody(row.id, "verified", *by, {"sha256": row.sha256}) for row in verified],
        now=now,
    )
    return [Waiting(row.id, row.task_id) for row in verified]


def _end_requests(session: Session, photo_ids: Sequence[str], *, now: datetime) -> None:
    """Nothing is left to decide about a photo that was thought lost."""
    session.execute(
        update(PhotoLoss)
        .where(PhotoLoss.photo_id.in_(photo_ids), PhotoLoss.state == "open")
        .values(state="found", decided_at=now)
        .execution_options(synchronize_session=False)
    )


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
        key = ("photo", photo.id)
        found = _found(merge, key, now) if patch == VERIFIED else {}
        write_as_office(merge, key, photo.task_id, actor=actor, patch={**patch, **found})
    merge.save()


def _found(merge: Merge, key: Key, now: datetime) -> dict[str, Any]:
    """What becomes of the request to call a photo lost that is verified now: an approved one stays
    beside it, an open one is answered."""
    request = merge.held[key].entity.data.get("lost_request")
    if not request or request["state"] not in ("open", "approved"):
        return {}
    if request["state"] == "open":
        return {"lost_request": {**request, "state": "found", "decided_at": wire_time(now)}}
    return {"lost_request": {**request, "found_at": wire_time(now)}}

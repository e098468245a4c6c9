"""Photos that will never come (照片遗失): asked for with a reason, approved by somebody else.

Whoever is on the task asks from their device (a patch of the photo's `lost`, offline too) or at a
console; so does a supervisor. A person in charge who is neither on the task nor the one who asked
approves or refuses (docs/adr/0014). Each request stays in `photo_losses`, what became of the last
one stands in the photo's document as `lost_request`. Bytes that turn up after all are verified
beside an approved loss, and end an open request.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import to_ms
from server.errors import DomainError
from server.models import Photo, PhotoLoss, Task
from server.services.audit.acts import record_act
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.lost_requests import (
    LOSABLE,
    Request,
    follow_lost,
    names_of,
    requests_of,
    shown,
)
from server.services.evidence.photos import find_photo
from server.services.evidence.verification import Waiting, show_photos
from server.services.review.inspections import require_reviewer
from server.services.scope import Actor
from server.services.sync.locks import lock_tasks
from server.services.sync.merging import Merge
from server.services.sync.office import write_as_office
from sync.tasks import SETTLED


def ask_lost(
    session: Session, *, actor: Actor, photo_id: str, reason: str, now: datetime
) -> Request:
    """Ask to declare a photo lost (申报遗失), for the record; gives the photo.

    Raises `not_found`, and `state_invalid` for one that came, was declared lost or is asked for
    already; for an officer also once the record is approved.
    """
    photo = _locked(session, find_photo(session, actor=actor, photo_id=photo_id))
    status = session.scalars(select(Task.status).where(Task.id == photo.task_id)).one()
    known = requests_of(session, [photo_id])
    still_open = any(request.state == "open" for request in known)
    if photo.state not in LOSABLE or still_open:
        raise DomainError("state_invalid", details={"state": photo.state, "asked": still_open})
    if actor.role == "officer" and status in SETTLED:
        raise DomainError("state_invalid", details={"step": "ask_lost", "status": status})
    record_act(
        session, actor=actor, action="photo.lost_asked", target_type="photo", target_id=photo_id,
        before={"state": photo.state}, after={"reason": reason}, now=now,
    )  # fmt: skip
    merge, key = Merge(session, now_ms=to_ms(now)), ("photo", photo_id)
    merge.read([key])
    write_as_office(merge, key, photo.task_id, actor=actor, patch={"lost": reason})
    follow_lost(merge, [photo_id], actor=actor, now=now)
    merge.save()
    return read_photo(session, photo)


def approve_lost(
    session: Session, *, actor: Actor, photo_id: str, note: str | None, now: datetime
) -> Request:
    """Declare a photo lost, as somebody else asked; it stands in the record for ever.

    Raises `not_found`, `reviewer_on_task`, `approver_is_requester`, and `state_invalid` where
    nothing is asked, or its bytes came meanwhile.
    """
    photo, loss = _to_decide(session, actor, photo_id)
    before = photo.state
    _decide(loss, "approved", actor=actor, said=note, now=now)
    photo.state, photo.lost_reason = "lost", loss.reason
    facts = {"reason": loss.reason, "asked_by": loss.asked_by, "note": note}
    record_act(
        session, actor=actor, action="photo.lost", target_type="photo", target_id=photo_id,
        before={"state": before}, after={"state": "lost", "lost_reason": loss.reason, **facts},
        now=now,
    )  # fmt: skip
    _note_in_custody(session, actor, photo_id, "lost", facts, now=now)
    patch = {"state": "lost", "lost_reason": loss.reason}
    return _tell(session, photo, loss, patch, actor=actor, now=now)


def refuse_lost(
    session: Session, *, actor: Actor, photo_id: str, reason: str, now: datetime
) -> Request:
    """Refuse to call a photo lost: it is waited for as before. Raises as `approve_lost`."""
    photo, loss = _to_decide(session, actor, photo_id)
    _decide(loss, "refused", actor=actor, said=reason, now=now)
    facts = {"reason": reason, "asked_by": loss.asked_by}
    record_act(
        session, actor=actor, action="photo.lost_refused", target_type="photo",
        target_id=photo_id, after=facts, now=now,
    )  # fmt: skip
    _note_in_custody(session, actor, photo_id, "lost_refused", facts, now=now)
    return _tell(session, photo, loss, {}, actor=actor, now=now)


def read_photo(session: Session, photo: Photo) -> Request:
    """A photo as those in charge see it, with the last request to call it lost."""
    session.flush()
    requests = requests_of(session, [photo.id])
    names = names_of(session, requests)
    columns = {column.key: getattr(photo, column.key) for column in Photo.__table__.columns}
    return {**columns, "lost_request": shown(requests[-1], names) if requests else None}


def _locked(session: Session, photo: Photo) -> Photo:
    """The photo as it is now that nobody else changes it."""
    lock_tasks(session, [photo.task_id])
    return session.get_one(Photo, photo.id, with_for_update=True, populate_existing=True)


def _to_decide(session: Session, actor: Actor, photo_id: str) -> tuple[Photo, PhotoLoss]:
    found = find_photo(session, actor=actor, photo_id=photo_id)
    require_reviewer(session, actor=actor, task_id=found.task_id)
    photo = _locked(session, found)
    waiting = [request for request in requests_of(session, [photo_id]) if request.state == "open"]
    if not waiting or photo.state not in LOSABLE:
        raise DomainError("state_invalid", details={"state": photo.state, "asked": bool(waiting)})
    if waiting[0].asked_by == actor.user_id:
        raise DomainError("approver_is_requester")
    return photo, waiting[0]


def _decide(loss: PhotoLoss, state: str, *, actor: Actor, said: str | None, now: datetime) -> None:
    loss.state, loss.decision = state, said
    loss.decided_by, loss.decided_at = actor.user_id, now


def _note_in_custody(
    session: Session, actor: Actor, photo_id: str, kind: str, facts: Request, *, now: datetime
) -> None:
    event = Custody(photo_id, kind, actor.user_id, actor.device_id, facts)
    record_custody(session, [event], now=now)


def _tell(
    session: Session, photo: Photo, loss: PhotoLoss, patch: Request, *, actor: Actor, now: datetime
) -> Request:
    request = shown(loss, names_of(session, [loss]))
    waiting = Waiting(photo.id, photo.task_id)
    show_photos(session, {waiting: {**patch, "lost_request": request}}, actor=actor, now=now)
    return read_photo(session, photo)

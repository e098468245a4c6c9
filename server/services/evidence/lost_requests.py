"""Requests to call a photo lost (申报遗失): they follow what was written into its `lost`.

Each stays in `photo_losses`; what became of the last one stands in the photo's document as
`lost_request`. What is told depends on the claim that stands, not on the order in which ops came:
the request of that claim, unless an earlier one was approved.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import from_ms, wire_moment
from server.models import Device, Photo, PhotoLoss, User
from server.services.evidence.custody import Custody, record_custody
from server.services.scope import Actor
from server.services.sync.merging import Key, Merge
from server.services.sync.office import write_as_office
from server.services.upsert import insert_missing
from sync.entities import FIELDS
from sync.policies import OFFICE, Claim, standing

LOSABLE = ("declared", "quarantined")
LOST = FIELDS["photo"]["lost"]

Request = dict[str, Any]


class Asked(NamedTuple):
    """What stands in a photo's `lost`: the write that said it, and the reason; none: taken back."""

    key: str
    reason: str | None
    device_id: str | None
    at: datetime


def follow_lost(
    merge: Merge, photo_ids: Collection[str], *, actor: Actor | None, now: datetime
) -> None:
    """Let the requests follow what was merged into the photos' `lost`, and the documents tell of
    them. The caller holds the tasks, and saves.
    """
    if not photo_ids:
        return
    session = merge.session
    asked = {photo_id: _standing(merge, photo_id) for photo_id in sorted(photo_ids)}
    session.flush()
    _withdraw_others(session, asked, now=now)
    _insert(session, asked, actor=actor, now=now)
    told = dict.fromkeys(asked) | _told(session, asked)
    for photo_id, request in told.items():
        key: Key = ("photo", photo_id)
        held = merge.held[key]
        data = held.entity.data
        if "lost_request" not in data or data["lost_request"] != request:
            patch = {"lost_request": request}
            write_as_office(merge, key, held.task_id or "", actor=actor, patch=patch)


def _standing(merge: Merge, photo_id: str) -> Asked:
    claim: Claim = standing(LOST, merge.held["photo", photo_id].entity.claims("lost"))
    stamp = claim.stamp
    device_id = None if stamp.device == OFFICE else stamp.device
    return Asked(stamp.key, claim.value or None, device_id, from_ms(stamp.at))


def _withdraw_others(session: Session, asked: Mapping[str, Asked], *, now: datetime) -> None:
    """What no longer stands was taken back, or asked for anew with another reason."""
    for request in requests_of(session, asked):
        if request.state == "open" and request.key != asked[request.photo_id].key:
            request.state, request.decided_at = "withdrawn", now
    session.flush()


def _insert(
    session: Session, asked: Mapping[str, Asked], *, actor: Actor | None, now: datetime
) -> None:
    """Note what is asked for the first time; with its bytes here it is answered already."""
    noted = {(request.photo_id, request.key) for request in requests_of(session, asked)}
    settled = {r.photo_id for r in requests_of(session, asked) if r.state == "approved"}
    states = dict(session.execute(select(Photo.id, Photo.state).where(Photo.id.in_(asked))).all())
    users = _users_of(session, {each.device_id for each in asked.values() if each.device_id})
    rows: list[dict[str, Any]] = [
        {
            "photo_id": photo_id, "key": each.key, "reason": each.reason,
            "state": "open" if states[photo_id] in LOSABLE else "found",
            "asked_by": users[each.device_id] if each.device_id else actor and actor.user_id,
            "asked_on": each.device_id, "asked_at": each.at,
        }
        for photo_id, each in asked.items()
        if each.reason and (photo_id, each.key) not in noted and photo_id not in settled
    ]  # fmt: skip
    if rows:
        insert_missing(session, PhotoLoss, rows)
    events = [
        Custody(r["photo_id"], "lost_asked", r["asked_by"], r["asked_on"], {"reason": r["reason"]})
        for r in rows
    ]
    record_custody(session, events, now=now)


def _told(session: Session, asked: Mapping[str, Asked]) -> dict[str, Request]:
    requests = requests_of(session, asked)
    names = names_of(session, requests)
    stands = {r.photo_id: r for r in requests if r.key == asked[r.photo_id].key}
    stands |= {r.photo_id: r for r in requests if r.state == "approved"}
    return {photo_id: shown(request, names) for photo_id, request in stands.items()}


def shown(request: PhotoLoss, names: Mapping[str, str]) -> Request:
    """A request as the photo's document tells it."""
    return {
        "state": request.state,
        "reason": request.reason,
        "asked_by": request.asked_by,
        "asked_by_name": names.get(request.asked_by),
        "asked_on": request.asked_on,
        "asked_at": wire_moment(request.asked_at),
        "decided_by": request.decided_by,
        "decided_by_name": names.get(request.decided_by or ""),
        "decided_at": wire_moment(request.decided_at),
        "decision": request.decision,
    }


def requests_of(session: Session, photo_ids: Iterable[str]) -> list[PhotoLoss]:
    """All requests about these photos, oldest first."""
    query = select(PhotoLoss).where(PhotoLoss.photo_id.in_(list(photo_ids)))
    return list(session.scalars(query.order_by(PhotoLoss.asked_at, PhotoLoss.key)))


def names_of(session: Session, requests: Iterable[PhotoLoss]) -> dict[str, str]:
    """The names of all who asked and decided, by account."""
    ids = {user for r in requests for user in (r.asked_by, r.decided_by) if user}
    return dict(session.execute(select(User.id, User.name).where(User.id.in_(ids))).all())


def _users_of(session: Session, device_ids: Collection[str]) -> dict[str, str]:
    query = select(Device.id, Device.user_id).where(Device.id.in_(device_ids))
    return dict(session.execute(query).all())

"""The ledger of a photo, read by a person (保管记录查看)."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.clock import from_ms
from server.models import CustodyAnchor, CustodyEvent, CustodySeal, Device, User
from server.services.evidence.photos import find_photo
from server.services.scope import Actor


def read_custody(
    session: Session, *, actor: Actor, photo_id: str, after: int, limit: int
) -> dict[str, Any]:
    """A page of what happened to a photo, in the order of its chain; `after` is the position that
    was seen last. What is not sealed yet comes after everything that is. Raises `not_found`."""
    find_photo(session, actor=actor, photo_id=photo_id)
    sealed = _sealed(session, photo_id, after=after, limit=limit)
    items = [_shown(*row) for row in sealed[:limit]]
    if len(sealed) <= limit:
        items += [_shown(*row) for row in _unsealed(session, photo_id)]
        return {"photo_id": photo_id, "items": items, "next": None}
    return {"photo_id": photo_id, "items": items, "next": items[-1]["position"]}


def _sealed(session: Session, photo_id: str, *, after: int, limit: int) -> Any:
    anchored_on = (
        select(func.min(CustodyAnchor.day))
        .where(CustodyAnchor.seals >= CustodySeal.number)
        .scalar_subquery()
    )
    return session.execute(
        select(CustodyEvent, User.name, Device.name, CustodySeal, anchored_on)
        .join(CustodySeal, CustodySeal.event_id == CustodyEvent.id)
        .outerjoin(User, User.id == CustodyEvent.user_id)
        .outerjoin(Device, Device.id == CustodyEvent.device_id)
        .where(CustodySeal.photo_id == photo_id, CustodySeal.position > after)
        .order_by(CustodySeal.position)
        .limit(limit + 1)
    ).all()


def _unsealed(session: Session, photo_id: str) -> Any:
    sealed = select(CustodySeal.number).where(CustodySeal.event_id == CustodyEvent.id)
    rows = session.execute(
        select(CustodyEvent, User.name, Device.name)
        .outerjoin(User, User.id == CustodyEvent.user_id)
        .outerjoin(Device, Device.id == CustodyEvent.device_id)
        .where(CustodyEvent.photo_id == photo_id, ~sealed.exists())
        .order_by(CustodyEvent.at)
    )
    return [(*row, None, None) for row in rows]


def _shown(
    event: CustodyEvent, user: str | None, device: str | None, seal: CustodySeal | None, day: Any
) -> dict[str, Any]:
    return {
        "id": event.id,
        "kind": event.kind,
        "at": event.at,
        "user_id": event.user_id,
        "user_name": user,
        "device_id": event.device_id,
        "device_name": device,
        "details": event.details,
        "position": seal and seal.position,
        "digest": seal and seal.digest,
        "sealed_at": seal and from_ms(seal.sealed_at_ms),
        "anchored_on": day,
    }

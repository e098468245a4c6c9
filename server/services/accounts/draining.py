"""Draining (停用前清空): a device that is being stopped first sends what it still holds (rule 7).

It may push, upload photos and ask what became of its ops; it gets nothing new. It is revoked by a
push that carries nothing and says that nothing waits, or when its time is over. A push that still
brings ops does not end it: its answer may be lost, and must be asked for again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.models import Device
from server.services.accounts.devices import lock_device, stop_device
from server.services.scope import Actor


def ends_drain(
    actor: Actor, *, ops: Sequence[object], pending: Sequence[Mapping[str, Any]] | None
) -> bool:
    """Whether a draining device has just said that it is empty."""
    if not actor.draining or ops or pending is None:
        return False
    return not any(each["ops"] or each["photos"] for each in pending)


def end_drain(session: Session, *, actor: Actor, now: datetime) -> None:
    """Revoke the actor's own device, which has nothing left to send."""
    device = lock_device(session, actor.device_id or "")
    if device is not None and device.state == "draining":
        stop_device(session, device=device, state="revoked", actor=actor, now=now)


def end_overdue_drains(session: Session, *, now: datetime) -> int:
    """Revoke the devices whose time to drain is over; gives how many. Safe to repeat."""
    overdue = session.scalars(
        select(Device)
        .where(Device.state == "draining", Device.drain_until <= now)
        .order_by(Device.id)
        .with_for_update(key_share=True)
    ).all()
    for device in overdue:
        stop_device(session, device=device, state="revoked", actor=None, now=now)
    return len(overdue)

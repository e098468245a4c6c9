"""Devices (终端): who has which, when it was last heard of, and how one is stopped.

`revoked`: the installation may no longer log in or sync; its person may, on another one.
`draining`: it may still send what it holds, and is revoked then; see `draining`.
`wipe`: it was lost; at its next contact, whatever that is, it is told to drop what it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.ids import new_id
from server.models import Device, Organisation, User
from server.services.accounts.refresh_tokens import revoke_families
from server.services.audit.acts import record_act
from server.services.scope import Actor, in_scope
from server.services.sync.feed import poke


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What an installation says of itself at login; `id` only when the server gave it one."""

    id: str | None
    name: str
    platform: str


def device_for_login(
    session: Session, *, user: User, installation: Installation, now: datetime
) -> Device | DomainError:
    """The device of this login, locked: the one that is known, or a new one.

    An id counts only where it is a device of this very account. On a shared tablet the other
    person's id is treated like an unknown one, and a new device is issued: each person's queue
    stays under a device of their own. A device of theirs that was revoked or lost is refused
    (returned, not raised, because that it was told is recorded).
    """
    known = lock_device(session, installation.id) if installation.id else None
    if known is None or known.user_id != user.id:
        known = Device(id=new_id(), user_id=user.id, ops_count=0, info={}, created_at=now)
        known.state = "active"
        session.add(known)
    elif (refusal := refusal_of(known, now=now)) is not None:
        return refusal
    known.name = installation.name
    known.platform = installation.platform
    known.last_seen_at = now
    session.flush()
    return known


def lock_device(session: Session, device_id: str) -> Device | None:
    """The device, its row locked until commit, as it stands now."""
    return session.get(
        Device, device_id, with_for_update={"key_share": True}, populate_existing=True
    )


def refusal_of(device: Device, *, now: datetime) -> DomainError | None:
    """Why a device may not go on, or None; notes that a lost one has been told."""
    if device.state == "wipe":
        device.wiped_at = device.wiped_at or now
        return DomainError("device_wipe", details={"action": "wipe"})
    return DomainError("device_revoked") if device.state == "revoked" else None


def note_told_to_wipe(session: Session, *, device_id: str, now: datetime) -> None:
    """Record that a lost device made contact and was told to drop what it holds."""
    device = lock_device(session, device_id)
    if device is not None:
        refusal_of(device, now=now)


def list_devices(
    session: Session, *, actor: Actor, user_id: str | None, after: str | None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The devices of people in the actor's part of the tree, by id; one more than `limit`."""
    query = (
        select(
            Device.id, Device.name, Device.platform, Device.state, Device.user_id,
            User.name.label("user_name"), User.organisation_id, Device.created_at,
            Device.last_seen_at, Device.last_push_at, Device.wiped_at, Device.drain_until,
            Device.pending, Device.pending_told_at,
        )
        .join(User, User.id == Device.user_id)
        .join(Organisation, Organisation.id == User.organisation_id)
        .where(in_scope(actor))
        .order_by(Device.id)
        .limit(limit + 1)
    )  # fmt: skip
    if user_id is not None:
        query = query.where(Device.user_id == user_id)
    if after is not None:
        query = query.where(Device.id > after)
    return session.execute(query).all()


def revoke_device(
    session: Session,
    *,
    actor: Actor,
    device_id: str,
    drain_days: int | None = None,
    now: datetime,
) -> None:
    """Stop a device, at once or, with `drain_days`, once it has sent what it still holds, at the
    latest after so many days. Safe to repeat; one that is to be wiped stays so, and one that is
    revoked has nothing to drain any more (`state_invalid`)."""
    device = _device_to_stop(session, actor=actor, device_id=device_id)
    if device.state == "wipe" or (drain_days is not None and device.state == "revoked"):
        raise DomainError("state_invalid", details={"state": device.state})
    if drain_days is None:
        stop_device(session, device=device, state="revoked", actor=actor, now=now)
    elif device.state == "active":
        device.drain_until = now + timedelta(days=drain_days)
        stop_device(session, device=device, state="draining", actor=actor, now=now)


def wipe_device(session: Session, *, actor: Actor, device_id: str, now: datetime) -> None:
    """Declare a device lost: at its next contact it drops what it holds. Safe to repeat."""
    device = _device_to_stop(session, actor=actor, device_id=device_id)
    stop_device(session, device=device, state="wipe", actor=actor, now=now)


def stop_device(
    session: Session, *, device: Device, state: str, actor: Actor | None, now: datetime
) -> None:
    """Put a device, whose row is locked, into a state in which it is stopped; one that drains keeps
    its session."""
    before = device.state
    if before == state:
        return
    device.state = state
    if state != "draining":
        device.drain_until = None
        revoke_families(session, device_id=device.id, now=now)
    if officer_id := session.get_one(User, device.user_id).officer_id:
        poke(session, officer_id)
    record_act(
        session,
        actor=actor,
        action=f"device_{state}",
        target_type="device",
        target_id=device.id,
        before={"state": before},
        after={"state": state},
        now=now,
    )


def _device_to_stop(session: Session, *, actor: Actor, device_id: str) -> Device:
    """The device, locked. Raises `not_found` outside the actor's part of the tree, and `forbidden`
    where a supervisor would stop an administrator."""
    owner = session.execute(
        select(User.role, Organisation.path)
        .join(Organisation, Organisation.id == User.organisation_id)
        .join(Device, Device.user_id == User.id)
        .where(Device.id == device_id)
    ).one_or_none()
    if owner is None or not actor.holds(owner.path):
        raise DomainError("not_found")
    if owner.role == "admin" and actor.role != "admin":
        raise DomainError("forbidden", details={"needs": ["admin"]})
    device = lock_device(session, device_id)
    if device is None:
        raise DomainError("not_found")
    return device

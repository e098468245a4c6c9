"""Refresh tokens (刷新令牌): opaque, of one device, rotating within a family.

Only SHA-256 digests are stored. A token is found by its digest, so no secret is ever compared sign
by sign, and a copy of the table logs nobody in.

A token is spent when it is used. It may be repeated until its successor was used once, because
the answer that brought the successor may have been lost: the repetition gives a fresh successor
and drops the unused one. Two parties who both go on are told apart from that: once a successor
was used, presenting the spent token, or a dropped one, revokes the family.

Every function that follows or ends a chain expects the device's row to be locked by its caller.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from server.ids import new_id
from server.models import Device, RefreshToken

TOKEN_BYTES = 32
KEEP_EXPIRED = timedelta(days=90)  # so that a device long away still hears that it is to be wiped


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def start_family(session: Session, *, device_id: str, now: datetime, days: int) -> str:
    """A device's first token after a login; the families it had before end."""
    revoke_families(session, device_id=device_id, now=now)
    return _add_link(session, family=new_id(), device_id=device_id, parent=None, now=now, days=days)


def follow(session: Session, *, link: RefreshToken, now: datetime, days: int) -> str | None:
    """Spend a token, or repeat a spent one; gives the successor, or None when it was reused."""
    if link.revoked_at is not None or _successor_was_used(session, link.digest):
        return None
    link.used_at = link.used_at or now
    session.execute(
        update(RefreshToken)
        .where(RefreshToken.parent_digest == link.digest, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return _add_link(
        session,
        family=link.family,
        device_id=link.device_id,
        parent=link.digest,
        now=now,
        days=days,
    )


def was_overtaken(session: Session, link: RefreshToken) -> bool:
    """Whether a dropped token's place was taken by one that has been used since, in a family that
    still lives: then two parties hold this chain."""
    return link.parent_digest is not None and _successor_was_used(session, link.parent_digest)


def revoke_families(session: Session, *, device_id: str, now: datetime) -> None:
    """End every family of a device."""
    session.execute(
        update(RefreshToken)
        .where(RefreshToken.device_id == device_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def revoke_families_of_user(session: Session, *, user_id: str, now: datetime) -> None:
    """End every family of an account; locks its devices, so that no refresh slips through."""
    devices = session.scalars(
        select(Device.id)
        .where(Device.user_id == user_id)
        .order_by(Device.id)
        .with_for_update(key_share=True)
    ).all()
    session.execute(
        update(RefreshToken)
        .where(RefreshToken.device_id.in_(devices), RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def forget_old_tokens(session: Session, *, now: datetime) -> None:
    """Drop tokens that ran out long ago."""
    session.execute(delete(RefreshToken).where(RefreshToken.expires_at < now - KEEP_EXPIRED))


def _successor_was_used(session: Session, digest: str) -> bool:
    used = (
        select(RefreshToken.digest)
        .where(
            RefreshToken.parent_digest == digest,
            RefreshToken.used_at.is_not(None),
            RefreshToken.revoked_at.is_(None),
        )
        .limit(1)
    )
    return session.scalar(used) is not None


def _add_link(
    session: Session, *, family: str, device_id: str, parent: str | None, now: datetime, days: int
) -> str:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        RefreshToken(
            digest=digest_of(token),
            family=family,
            device_id=device_id,
            parent_digest=parent,
            issued_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    return token

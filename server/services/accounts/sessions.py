"""Accounts (账号): log in, refresh, log out.

A login has three steps, because checking a password is slow on purpose and must hold no lock:
`begin_login` (reads), `check_password` (no database), `finish_login` (writes). Refusals that leave
a trace are returned rather than raised, so that the caller commits the trace and then raises.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import Device, Organisation, RefreshToken, User
from server.services.accounts import throttle
from server.services.accounts.devices import Installation, device_for_login, lock_device, refusal_of
from server.services.accounts.passwords import Verdict
from server.services.accounts.refresh_tokens import (
    digest_of,
    follow,
    revoke_families,
    start_family,
    was_overtaken,
)
from server.services.accounts.throttle import Origin
from server.services.audit.acts import record_act
from server.services.scope import Actor, Role


@dataclass(frozen=True, kw_only=True)
class LoginAttempt:
    """A login on its way: whose, from where. `password_hash` is None where no such active account
    exists, and nothing else tells the two apart."""

    user_id: str | None
    password_hash: str | None
    password_set_at: datetime | None
    origin: Origin
    address: str


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A person on a device, and the refresh token that continues the session."""

    user: User
    device: Device
    refresh_token: str


def normal_username(username: str) -> str:
    """The one way a username is written: NFKC, small letters, no blanks around it."""
    return unicodedata.normalize("NFKC", username).casefold().strip()


def begin_login(
    session: Session, *, username: str, device_id: str | None, address: str, now: datetime
) -> LoginAttempt:
    """Find the account. Raises `login_throttled` while this origin has to wait."""
    name = normal_username(username)
    user = session.scalars(select(User).where(User.username == name, User.active)).one_or_none()
    user_id = user.id if user else None
    origin = throttle.origin_of(
        session, username=name, user_id=user_id, device_id=device_id, address=address, now=now
    )
    throttle.require_no_wait(session, origin=origin, now=now)
    return LoginAttempt(
        user_id=user_id,
        password_hash=user.password_hash if user else None,
        password_set_at=user.password_set_at if user else None,
        origin=origin,
        address=address,
    )


def finish_login(
    session: Session,
    *,
    attempt: LoginAttempt,
    verdict: Verdict,
    installation: Installation,
    refresh_days: int,
    request_id: str,
    now: datetime,
) -> SignedIn | DomainError:
    """Open a session, or count the failure. Returns `credentials_wrong`, `device_revoked` or
    `device_wipe`, to be raised after the commit."""
    user = lock_user(session, attempt.user_id) if attempt.user_id else None
    if not verdict.right:
        throttle.count_failure(session, origin=attempt.origin, now=now)
        _record_refusal(session, user=user, attempt=attempt, request_id=request_id, now=now)
        return DomainError("credentials_wrong")
    if user is None or not user.active or user.password_set_at != attempt.password_set_at:
        return DomainError("credentials_wrong")  # changed while the password was being checked
    device = device_for_login(session, user=user, installation=installation, now=now)
    if isinstance(device, DomainError):
        return device
    if verdict.fresh_hash is not None:
        user.password_hash = verdict.fresh_hash
    throttle.note_success(
        session, origin=attempt.origin, user_id=user.id, address=attempt.address, now=now
    )
    token = start_family(session, device_id=device.id, now=now, days=refresh_days)
    actor = _actor(session, user=user, device=device, request_id=request_id)
    record_act(
        session, actor=actor, action="login", target_type="device", target_id=device.id,
        after={"address": attempt.address}, now=now,
    )  # fmt: skip
    return SignedIn(user=user, device=device, refresh_token=token)


def refresh(
    session: Session, *, token: str, refresh_days: int, request_id: str, now: datetime
) -> SignedIn | DomainError:
    """Rotate a refresh token.

    Raises `token_invalid` for one that is unknown, expired or ended. Returns `device_wipe`,
    `device_revoked` or, after ending the family of a token used twice, `token_reused`.
    """
    digest = digest_of(token)
    device_id = session.scalar(select(RefreshToken.device_id).where(RefreshToken.digest == digest))
    device = lock_device(session, device_id) if device_id else None
    link = session.get(RefreshToken, digest)
    user = session.get(User, device.user_id) if device else None
    if device is None or link is None or user is None:
        raise DomainError("token_invalid")
    if (refusal := refusal_of(device, now=now)) is not None:
        return refusal
    if not user.active or link.expires_at <= now:
        raise DomainError("token_invalid")
    if link.revoked_at is not None and not was_overtaken(session, link):
        raise DomainError("token_invalid")
    successor = follow(session, link=link, now=now, days=refresh_days)
    if successor is None:
        return _end_reused(session, user=user, device=device, request_id=request_id, now=now)
    device.last_seen_at = now
    return SignedIn(user=user, device=device, refresh_token=successor)


def lock_user(session: Session, user_id: str) -> User | None:
    """The account, its row locked until commit, as it stands now; before any of its devices."""
    return session.get(User, user_id, with_for_update={"key_share": True}, populate_existing=True)


def logout(session: Session, *, actor: Actor, now: datetime) -> None:
    """End the session of the actor's device; its access token dies within minutes by itself."""
    if actor.device_id is None:
        return
    lock_device(session, actor.device_id)
    revoke_families(session, device_id=actor.device_id, now=now)
    record_act(
        session, actor=actor, action="logout", target_type="device",
        target_id=actor.device_id, now=now,
    )  # fmt: skip


def _end_reused(
    session: Session, *, user: User, device: Device, request_id: str, now: datetime
) -> DomainError:
    revoke_families(session, device_id=device.id, now=now)
    record_act(
        session,
        actor=_actor(session, user=user, device=device, request_id=request_id),
        action="refresh_token_reused",
        target_type="device",
        target_id=device.id,
        now=now,
    )
    return DomainError("token_reused")


def _record_refusal(
    session: Session, *, user: User | None, attempt: LoginAttempt, request_id: str, now: datetime
) -> None:
    """A wrong password for an account that exists is on the record; a name that nobody has is
    counted only: what was typed there may be a password."""
    if user is not None:
        record_act(
            session,
            actor=_actor(session, user=user, device=None, request_id=request_id),
            action="login_refused",
            target_type="user",
            target_id=user.id,
            after={"address": attempt.address},
            now=now,
        )


def _actor(session: Session, *, user: User, device: Device | None, request_id: str) -> Actor:
    organisation = session.get_one(Organisation, user.organisation_id)
    return Actor(
        user_id=user.id,
        name=user.name,
        role=cast(Role, user.role),
        organisation_id=organisation.id,
        path=organisation.path,
        officer_id=user.officer_id,
        device_id=device.id if device else None,
        request_id=request_id,
    )

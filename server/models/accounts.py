"""Accounts (账号), devices (终端) and the tokens that bind them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class User(Base):
    """Someone who logs in. An officer's account names the officer of the register."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))  # argon2id
    password_set_at: Mapped[datetime | None]  # by a person; a hash made anew leaves it as it is
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))  # officer | supervisor | admin | auditor | helper
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    officer_id: Mapped[str | None] = mapped_column(ForeignKey("officers.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    #: raised when what the account may see changes as a whole: its devices then resync
    scope_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class Device(Base):
    """One installation on a phone or tablet, of one account. Its row is also its queue's lock:
    pushes of one device follow one another, and `ops_count` numbers its ops in that order."""

    __tablename__ = "devices"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    platform: Mapped[str] = mapped_column(String(100))
    #: active | draining (may still send what it holds) | revoked | wipe
    state: Mapped[str] = mapped_column(String(20), default="active")
    ops_count: Mapped[int] = mapped_column(BigInteger, default=0)
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)  # server minus device
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    last_push_at: Mapped[datetime | None]
    wiped_at: Mapped[datetime | None]
    drain_until: Mapped[datetime | None]  # of a draining one: when it is revoked at the latest
    #: what it last said still waits on it: `[{task_id, ops, photos}]`; null until it says so
    pending: Mapped[list[Any] | None]
    pending_told_at: Mapped[datetime | None]
    info: Mapped[dict[str, Any]] = mapped_column(default=dict)


class RefreshToken(Base):
    """One link of a device's chain of refresh tokens; only its SHA-256 is kept.

    A spent token may be repeated until its successor was used once, because the answer that
    brought the successor may have been lost.
    """

    __tablename__ = "refresh_tokens"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    family: Mapped[str] = mapped_column(String(64), index=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"), index=True)
    parent_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginFailure(Base):
    """Failed logins by account, by address or by a known origin of an account: they make the next
    try wait, never lock anyone. See `server.services.accounts.throttle` for the keys."""

    __tablename__ = "login_failures"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    next_at: Mapped[datetime]


class KnownAddress(Base):
    """An address from which an account has logged in well: others' failures do not delay it."""

    __tablename__ = "known_addresses"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_at: Mapped[datetime]

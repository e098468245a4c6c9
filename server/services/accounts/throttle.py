"""Login throttling (登录限速): growing delays instead of locks, so that nobody locks out another.

Failures are counted under keys. A login consults the keys of its origin and waits while one of
them says so; the wait doubles with each further failure up to a ceiling and is forgotten after a
quiet day. A login refused for waiting is neither checked nor counted: knocking costs nothing.

* An origin is *known* when it names an active device of that account, or comes from an address
  from which the account logged in within `KNOWN_DAYS`. It has a key of its own and consults no
  other: whatever strangers try elsewhere, its owner is not delayed. Naming a device counts before
  the address does, so that not even a colleague behind the same address can delay its owner.
* Every other origin consults the account's key (many addresses guess one account) and the
  address's (one address tries many accounts).

What a login may reset: success under a known origin clears that origin's key alone, so an owner's
mornings do not give a guesser new tries; success from a new place clears the account's key, which
only who knows the password can do. The address's key is cleared by nobody: someone with an account
of their own could otherwise guess others' without end.

What remains: while an attack lasts, the very first login from a place never used before may wait,
at most `MAX_DELAY_SECONDS` per knock. An administrator's password reset clears the account's key.
The password is checked outside a transaction, so tries that run at the same moment may all be
checked: at most as many as the server has threads, once per delay.
"""

import hashlib
import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import Device, KnownAddress, LoginFailure
from server.services.upsert import insert_missing, put_row

FREE_FAILURES_OF_ACCOUNT = 5
FREE_FAILURES_OF_ADDRESS = 50  # a whole brigade may sit behind one address
FIRST_DELAY_SECONDS = 1
MAX_DELAY_SECONDS = 300
FORGET_AFTER = timedelta(days=1)
KNOWN_DAYS = 90
IPV6_NETWORK_BITS = 64  # one subscriber holds a /64: its addresses are one origin


@dataclass(frozen=True)
class Key:
    """Something failures are counted under, and how many of them are free."""

    name: str
    free_failures: int


@dataclass(frozen=True)
class Origin:
    """Where a login comes from: the keys it consults, and those a success clears."""

    consulted: tuple[Key, ...]
    cleared_by_success: tuple[Key, ...]


def origin_of(
    session: Session,
    *,
    username: str,
    user_id: str | None,
    device_id: str | None,
    address: str,
    now: datetime,
) -> Origin:
    """The origin of a login; `user_id` is None where no such account exists."""
    known_by = _known_by(session, user_id=user_id, device_id=device_id, address=address, now=now)
    if known_by is not None:
        key = Key(f"known:{_digest(username, known_by)}", FREE_FAILURES_OF_ACCOUNT)
        return Origin((key,), (key,))
    account = _account_key(username)
    from_address = Key(f"address:{network_of(address)}", FREE_FAILURES_OF_ADDRESS)
    return Origin((account, from_address), (account,))


def require_no_wait(session: Session, *, origin: Origin, now: datetime) -> None:
    """Raise `login_throttled` with Retry-After while one of the origin's keys says to wait."""
    names = [key.name for key in origin.consulted]
    next_at = session.scalars(
        select(LoginFailure.next_at).where(LoginFailure.key.in_(names), LoginFailure.next_at > now)
    ).all()
    if next_at:
        seconds = math.ceil((max(next_at) - now).total_seconds())
        raise DomainError(
            "login_throttled",
            details={"retry_after_seconds": seconds},
            headers={"Retry-After": str(seconds)},
        )


def count_failure(session: Session, *, origin: Origin, now: datetime) -> None:
    """Count a wrong password under the origin's keys and set when the next try may come."""
    free = {key.name: key.free_failures for key in origin.consulted}
    # both steps in sorted order, so that two logins that share keys cannot block each other
    insert_missing(
        session,
        LoginFailure,
        [{"key": name, "failures": 0, "last_at": now, "next_at": now} for name in sorted(free)],
    )
    rows = session.scalars(
        select(LoginFailure)
        .where(LoginFailure.key.in_(free))
        .order_by(LoginFailure.key)
        .with_for_update()
    ).all()
    for row in rows:
        row.failures = 1 if row.last_at < now - FORGET_AFTER else row.failures + 1
        row.last_at = now
        row.next_at = now + delay_after(row.failures - free[row.key])


def note_success(
    session: Session, *, origin: Origin, user_id: str, address: str, now: datetime
) -> None:
    """Clear what a right password clears, and know the address from now on."""
    _clear(session, origin.cleared_by_success)
    known = {"user_id": user_id, "address": network_of(address), "last_at": now}
    put_row(session, KnownAddress, known)


def clear_account(session: Session, *, username: str) -> None:
    """Let the next login of an account come at once: after an administrator's reset."""
    _clear(session, [_account_key(username)])


def forget_old_failures(session: Session, *, now: datetime) -> None:
    """Drop what no longer delays anyone and the addresses that are known no more."""
    session.execute(delete(LoginFailure).where(LoginFailure.last_at < now - FORGET_AFTER))
    session.execute(
        delete(KnownAddress).where(KnownAddress.last_at < now - timedelta(days=KNOWN_DAYS))
    )


def delay_after(failures_beyond_free: int) -> timedelta:
    """The wait after so many failures beyond the free ones: 0, then 1, 2, 4, … seconds."""
    if failures_beyond_free <= 0:
        return timedelta()
    doublings = min(failures_beyond_free - 1, 30)
    return timedelta(seconds=min(FIRST_DELAY_SECONDS * 2**doublings, MAX_DELAY_SECONDS))


def network_of(address: str) -> str:
    """What stands for an address: itself in IPv4, its /64 in IPv6; a text that is none, as it is.

    (Over a Unix socket there is no address.)
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64] or "none"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_NETWORK_BITS), strict=False))


def _known_by(
    session: Session, *, user_id: str | None, device_id: str | None, address: str, now: datetime
) -> str | None:
    """By what an origin is known to the account: `device …`, `address …`, or None."""
    if user_id is None:
        return None
    device = session.get(Device, device_id) if device_id else None
    if device is not None and device.user_id == user_id and device.state == "active":
        return f"device {device.id}"
    found = session.get(KnownAddress, (user_id, network_of(address)))
    if found is not None and found.last_at >= now - timedelta(days=KNOWN_DAYS):
        return f"address {found.address}"
    return None


def _account_key(username: str) -> Key:
    return Key(f"account:{_digest(username)}", FREE_FAILURES_OF_ACCOUNT)


def _digest(*parts: str) -> str:
    """Hides what was typed: a password in the wrong field must not end up in a table."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _clear(session: Session, keys: Sequence[Key]) -> None:
    session.execute(delete(LoginFailure).where(LoginFailure.key.in_([key.name for key in keys])))

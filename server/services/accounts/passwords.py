"""Passwords (口令): argon2id hashes with the library's parameters (RFC 9106).

Checking one takes some fifty milliseconds and 64 MiB on purpose: do it outside a transaction.
"""

import secrets
import unicodedata
from functools import cache
from typing import NamedTuple

import argon2

from server.errors import DomainError

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 200
HASHER = argon2.PasswordHasher()


class Verdict(NamedTuple):
    """Whether a password was right; `fresh_hash` replaces a hash made with older parameters."""

    right: bool
    fresh_hash: str | None = None


def hash_password(password: str) -> str:
    """The hash to keep of a password."""
    return HASHER.hash(_normal(password))


def check_password(stored_hash: str | None, password: str) -> Verdict:
    """Compare a password with its hash; None (no such account) costs as much and is wrong."""
    try:
        HASHER.verify(stored_hash or _nobodys_hash(), _normal(password))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return Verdict(False)
    if stored_hash is None:
        return Verdict(False)
    outdated = HASHER.check_needs_rehash(stored_hash)
    return Verdict(True, hash_password(password) if outdated else None)


def require_acceptable(password: str) -> None:
    """Raise `password_weak` for one too short or too long to keep.

    Length counts, not a mixture of signs (NIST SP 800-63B §3.1.1.2).
    """
    if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
        raise DomainError("password_weak", details={"min_chars": MIN_PASSWORD_CHARS})


def _normal(password: str) -> str:
    """The same signs whichever keyboard typed them: full-width letters are letters."""
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys_hash() -> str:
    return HASHER.hash(secrets.token_urlsafe(32))

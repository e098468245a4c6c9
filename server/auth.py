"""Access tokens: short-lived, signed, naming user and device (RFC 7519). Nothing else in them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import jwt

from server.clock import now
from server.errors import DomainError
from server.ids import new_id

ALGORITHM = "HS256"
AUDIENCE = "suijian"
#: tokens whose signature is remembered: one for each device that asks within a token's life
REMEMBERED_TOKENS = 4096


@dataclass(frozen=True)
class Claims:
    """What a valid access token says."""

    user_id: str
    device_id: str | None
    expires_at: datetime


def issue_access_token(
    *, secret: str, user_id: str, device_id: str | None, now: datetime, minutes: int
) -> str:
    """A signed token for `minutes` from `now`."""
    payload = {
        "sub": user_id,
        "dev": device_id,
        "aud": AUDIENCE,
        "jti": new_id(),
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=minutes)).timestamp()),
    }
    return jwt.encode(payload, secret, algorithm=ALGORITHM)


def bearer_token(header: str) -> str:
    """The token in an `Authorization` header. Raises `unauthenticated`."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise DomainError("unauthenticated", headers={"WWW-Authenticate": "Bearer"})
    return token.strip()


def read_access_token(token: str, *, secret: str) -> Claims:
    """The claims of a token. Raises `token_expired` or `token_invalid`.

    A signature is checked once and remembered; whether the token has run out is looked at anew each
    time. That its account or device was blocked meanwhile is for the database to say.
    """
    try:
        claims = _verified(token, secret)
    except jwt.ExpiredSignatureError:
        raise DomainError("token_expired") from None
    except jwt.InvalidTokenError:
        raise DomainError("token_invalid") from None
    if claims.expires_at <= now():
        raise DomainError("token_expired")
    return claims


@lru_cache(maxsize=REMEMBERED_TOKENS)
def _verified(token: str, secret: str) -> Claims:
    """What a token with a valid signature says. A refusal is not kept."""
    payload = jwt.decode(
        token,
        secret,
        algorithms=[ALGORITHM],
        audience=AUDIENCE,
        options={"require": ["sub", "exp", "iat", "aud"]},
    )
    device_id = payload.get("dev")
    if device_id is not None and not isinstance(device_id, str):
        raise jwt.InvalidTokenError("the device is no text")
    expires_at = datetime.fromtimestamp(int(payload["exp"]), UTC)
    return Claims(user_id=payload["sub"], device_id=device_id, expires_at=expires_at)

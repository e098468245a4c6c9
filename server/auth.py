"""Access tokens: short-lived, signed, naming user and device (RFC 7519). Nothing else in them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from server.errors import DomainError
from server.ids import new_id

ALGORITHM = "HS256"
AUDIENCE = "suijian"


@dataclass(frozen=True)
class Claims:
    """What a valid access token says."""

    user_id: str
    device_id: str | None


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


def read_access_token(token: str, *, secret: str) -> Claims:
    """The claims of a token. Raises `token_expired` or `token_invalid`."""
    try:
        payload = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            options={"require": ["sub", "exp", "iat", "aud"]},
        )
    except jwt.ExpiredSignatureError:
        raise DomainError("token_expired") from None
    except jwt.InvalidTokenError:
        raise DomainError("token_invalid") from None
    device_id = payload.get("dev")
    if device_id is not None and not isinstance(device_id, str):
        raise DomainError("token_invalid")
    return Claims(user_id=payload["sub"], device_id=device_id)

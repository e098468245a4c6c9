"""The cursor (游标): how far a device has read its feed. Opaque, signed, bound to its device.

A cursor that was changed, or that was made for another device, is not one; it never means "from
the start".
"""

import base64
import hmac
import json
from typing import NamedTuple

_MAC_BYTES = 16
_CONTEXT = b"suijian/cursor/v1"


class Cursor(NamedTuple):
    """Epoch of the database, device, version of its scope, last `seq` read, and the feed's floor
    when it was read: what was compacted before then, its reader never held."""

    epoch: str
    device_id: str
    scope: int
    seq: int
    floor: int = 0

    def reaches(self, floor: int) -> bool:
        """Whether no tombstone was removed that its reader has not seen, now that the feed's floor
        is here. One who is still on the way from the start may be below a floor that stood already
        when they began."""
        return self.seq >= floor or self.floor >= floor


class CursorInvalid(ValueError):
    """Not a cursor that this server made for this device."""


def _mac(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, _CONTEXT + body, "sha256")[:_MAC_BYTES]


def seal(cursor: Cursor, *, secret: bytes) -> str:
    """The cursor as text for the device."""
    body = json.dumps(list(cursor), separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(secret, body) + body).decode().rstrip("=")


def unseal(text: str, *, device_id: str, secret: bytes) -> Cursor:
    """The cursor behind a text. Raises CursorInvalid when it was tampered with or is another
    device's."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise CursorInvalid("not base64url") from None
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, body)):
        raise CursorInvalid("the seal does not fit")
    cursor = Cursor(*json.loads(body))
    if cursor.device_id != device_id:
        raise CursorInvalid("made for another device")
    return cursor

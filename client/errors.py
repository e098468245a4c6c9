"""What can go wrong between a device and the server, as a small tree of exceptions.

`Offline` says that nothing is known: the request may have been carried out or not. Every other
error is an answer of the server, or a mistake found on the device itself.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import requests


class ClientError(Exception):
    """Base of everything this package raises on purpose."""


class Offline(ClientError):
    """No answer came. The server may have acted all the same, so the request is repeated as is."""


class ProtocolError(ClientError):
    """The server answered something that the protocol does not allow."""


class NotOnDevice(ClientError):
    """The device holds no such entity, op or photo."""


class ApiError(ClientError):
    """An answer in the one error envelope `{code,message,details,request_id}`."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str = "",
        *,
        details: Any = None,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.request_id = request_id
        self.retry_after_seconds = retry_after_seconds

    def reason(self) -> dict[str, Any]:
        """The error as it is kept beside an op or a photo: `{code,message,details}`."""
        return {"code": self.code, "message": self.message, "details": self.details}


class SignInNeeded(ApiError):
    """401 that a refresh could not mend: the person must give the password again."""


class UpgradeRequired(ApiError):
    """426: this program is too old. What waits stays on the device until it was updated."""


class Moved(ApiError):
    """412: somebody changed it meanwhile. Pull, look again, decide again."""


class DeviceWiped(ApiError):
    """The office declared the device lost: everything on it has been erased."""


WIPE_CODE = "device_wipe"
_BY_STATUS: dict[int, type[ApiError]] = {401: SignInNeeded, 412: Moved, 426: UpgradeRequired}


def error_from(answer: requests.Response) -> ApiError:
    """The exception for an answer of 400 and above, also when its body is not our envelope."""
    envelope = _envelope(answer)
    code = str(envelope.get("code") or f"http_{answer.status_code}")
    kind = DeviceWiped if code == WIPE_CODE else _BY_STATUS.get(answer.status_code, ApiError)
    return kind(
        answer.status_code,
        code,
        str(envelope.get("message") or answer.reason or ""),
        details=envelope.get("details"),
        request_id=envelope.get("request_id"),
        retry_after_seconds=retry_after(answer),
    )


def retry_after(answer: requests.Response) -> float | None:
    """Seconds asked by `Retry-After` (RFC 9110, 10.2.3), or None.

    The date form is read against the answer's own `Date`: the device's clock may be wrong.
    """
    asked = answer.headers.get("Retry-After")
    if asked is None:
        return None
    try:
        return max(0.0, float(asked))
    except ValueError:
        return _seconds_between(answer.headers.get("Date"), asked)


def _seconds_between(start: str | None, end: str) -> float | None:
    try:
        span = parsedate_to_datetime(end) - parsedate_to_datetime(start or "")
    except (TypeError, ValueError):
        return None
    return max(0.0, span.total_seconds())


def _envelope(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}

"""What goes over the wire, and the two things the HTTP layer is given: a transport and tokens."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from client.errors import ApiError, Offline, ProtocolError, error_from

PASSING_STATUS = frozenset({429, 500, 502, 503, 504, 507})
"""Answers after which the same request may be repeated."""

PACK_FROM_BYTES = 1024
"""Smaller bodies fit into one packet as they are."""
PACK_LEVEL = 6

Json = dict[str, Any]


class Transport(Protocol):
    """The part of `requests.Session` that is used. A simulator wraps one to lose or repeat; only
    one that is watched needs `stream`."""

    def request(
        self,
        method: str,
        url: str,
        *,
        params: list[tuple[str, str]] | None = ...,
        data: bytes | None = ...,
        headers: Mapping[str, str | bytes | None] | None = ...,
        timeout: float | None = ...,
        allow_redirects: bool = ...,
        stream: bool = ...,
    ) -> requests.Response:
        """One exchange over HTTP; `requests.RequestException` when no answer came."""


@dataclass(frozen=True)
class Tokens:
    """An access token of minutes and the refresh token that renews it."""

    access: str
    refresh: str


class TokenKeeper(Protocol):
    """Where one person's tokens live between two requests, and two runs."""

    def tokens(self) -> Tokens | None:
        """The present pair, or None when the person must sign in."""

    def keep(self, tokens: Tokens) -> None:
        """Store a new pair, durably, before it is used."""

    def forget(self) -> None:
        """Put the pair away: it is no longer good."""


def encoded(body: Json) -> bytes:
    """JSON as it goes on the wire: UTF-8, no blanks, so that its bytes can be counted."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def packed(data: bytes) -> tuple[bytes, dict[str, str]]:
    """A body as it travels, and the header that says how. The server's `max_request_bytes` counts
    what comes out again. Answers need nothing of the kind: `requests` asks for gzip, and for zstd
    where it can, and unpacks them itself."""
    if len(data) < PACK_FROM_BYTES:
        return data, {}
    return gzip.compress(data, PACK_LEVEL, mtime=0), {"Content-Encoding": "gzip"}


def checked(answer: requests.Response) -> requests.Response:
    """The answer itself, unless it is an error."""
    if answer.status_code >= 400:
        raise error_from(answer)
    return answer


def json_object(answer: requests.Response) -> Json:
    """The JSON object in an answer; anything else breaks the protocol."""
    try:
        body = answer.json()
    except ValueError as error:
        raise ProtocolError("the answer is not JSON") from error
    if not isinstance(body, dict):
        raise ProtocolError("the answer is not a JSON object")
    return body


def tokens_in(body: Json) -> Tokens:
    """The pair of tokens in the answer of login and refresh."""
    try:
        return Tokens(access=str(body["access_token"]), refresh=str(body["refresh_token"]))
    except KeyError as error:
        raise ProtocolError("the answer carries no tokens") from error


def is_passing(error: Exception) -> bool:
    """Whether the same request may succeed later without anybody changing it."""
    return isinstance(error, Offline) or (
        isinstance(error, ApiError) and error.status in PASSING_STATUS
    )

"""Resumable upload: the client side of tus 1.0.0 (https://tus.io/protocols/resumable-upload).

The server alone knows how much it has. So after every doubt (a lost answer, 409, 423, 460, 5xx)
the client asks with HEAD and goes on from there; it never counts on its own memory.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import BinaryIO

import requests

from client.api import Api
from client.errors import ApiError, Offline, ProtocolError
from client.wire import PASSING_STATUS, checked

TUS_VERSION = "1.0.0"
CHUNK_BYTES = 1 << 20
LOOK_AGAIN_STATUS = PASSING_STATUS | {409, 423, 460}
"""Wrong offset, upload locked, chunk damaged on the way: ask for the offset, then go on."""
GONE_STATUS = frozenset({404, 410})
"""The upload expired or was never there: begin a new one."""


class TusClient:
    """Uploads under `/files`."""

    def __init__(self, api: Api, *, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._api = api
        self._chunk_bytes = chunk_bytes

    def create(self, size_bytes: int, metadata: Mapping[str, str]) -> str:
        """Begin an upload; answers its address. An answer lost here costs an empty upload only."""
        head = {
            "Tus-Resumable": TUS_VERSION,
            "Upload-Length": str(size_bytes),
            "Upload-Metadata": encoded_metadata(metadata),
        }
        answer = self._api.call("POST", "/files", headers=head)
        location = answer.headers.get("Location")
        if location is None:
            raise ProtocolError("an upload was created without a Location")
        return self._api.absolute(location, base=self._api.root + "/files")

    def send(self, url: str, source: BinaryIO, size_bytes: int) -> None:
        """Bring an upload to its end, from wherever it stands.

        Patience is counted anew with every byte of progress, so that a long upload over a bad
        line gets through. An error that would not pass by itself is raised as it came.
        """
        tries, furthest = self._api.patience.tries(), 0
        offset: int | None = None
        while offset is None or offset < size_bytes:
            try:
                offset = self._offset(url) if offset is None else self._patch(url, source, offset)
            except (Offline, ApiError) as error:
                if not _look_again(error) or not tries.wait(_asked_wait(error)):
                    raise
                offset = None
                continue
            if offset > furthest:
                tries, furthest = self._api.patience.tries(), offset

    def _offset(self, url: str) -> int:
        answer = self._api.send("HEAD", url, headers={"Tus-Resumable": TUS_VERSION})
        return _offset_in(checked(answer))

    def _patch(self, url: str, source: BinaryIO, offset: int) -> int:
        source.seek(offset)
        chunk = source.read(self._chunk_bytes)
        head = {
            "Tus-Resumable": TUS_VERSION,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Upload-Checksum": checksum(chunk),
        }
        reached = _offset_in(checked(self._api.send("PATCH", url, data=chunk, headers=head)))
        if reached <= offset:  # or an upload that never moves would be sent for ever
            raise ProtocolError(f"a chunk was accepted, but the offset stays at {reached}")
        return reached


def encoded_metadata(metadata: Mapping[str, str]) -> str:
    """`Upload-Metadata`: `key base64(value)`, by commas."""
    return ",".join(f"{key} {_base64(value.encode())}" for key, value in metadata.items())


def checksum(chunk: bytes) -> str:
    """`Upload-Checksum` of one request body."""
    return f"sha256 {_base64(hashlib.sha256(chunk).digest())}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _offset_in(answer: requests.Response) -> int:
    try:
        return int(answer.headers["Upload-Offset"])
    except (KeyError, ValueError) as error:
        raise ProtocolError("the answer carries no Upload-Offset") from error


def _look_again(error: Offline | ApiError) -> bool:
    return isinstance(error, Offline) or error.status in LOOK_AGAIN_STATUS


def _asked_wait(error: Offline | ApiError) -> float | None:
    return error.retry_after_seconds if isinstance(error, ApiError) else None

"""Content codings (内容编码, RFC 9110 §8.4): gzip and zstd, both ways, for every JSON route.

What comes in is decoded while it is read, so that a small body that unfolds into a huge one costs
no more memory than any other; `MAX_REQUEST_BYTES` counts what came out. What goes out is encoded
where the client asks for it. Photos are never touched: their bytes are evidence.
"""

import gzip
import io
import sys
import zlib
from collections.abc import Callable
from typing import IO, Any, cast

from flask import Flask, Request, Response, request
from werkzeug.datastructures import Accept
from werkzeug.utils import cached_property

from server.api.device.tus import is_about_files
from server.errors import DomainError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: smaller answers fit into one packet as they are
MIN_BYTES = 1024
#: the largest window that a sender may ask us to keep (RFC 9659 §3: 8 MB)
WINDOW_LOG_MAX = 23
# Chosen with `bench/wire.py` on pages of 500 findings, as shares of gzip -6 of the bare documents:
# gzip 6 comes to 1.11 of it (4.4 µs a document), 8 to 1.04 (7.5 µs), 9 to 1.04 (8.6 µs);
# zstd 3 to 1.30 (0.6 µs), 6 to 1.06 (2.8 µs), 10 to 0.97 (4.6 µs), 13 to 0.94 (8.0 µs).
GZIP_LEVEL = 8
ZSTD_LEVEL = 10

#: what is spoken, the better first
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstd.compress(body, level=ZSTD_LEVEL),
    "gzip": lambda body: zlib.compress(body, GZIP_LEVEL, wbits=31),
}
OPENERS: dict[str, Callable[[IO[bytes]], IO[bytes]]] = {
    "zstd": lambda source: cast(
        IO[bytes],
        zstd.ZstdFile(source, options={zstd.DecompressionParameter.window_log_max: WINDOW_LOG_MAX}),
    ),
    "gzip": lambda source: cast(IO[bytes], gzip.GzipFile(fileobj=source)),
}
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError)


class DecodingRequest(Request):
    """A request whose `stream`, and all that is read from it, is the body as it was meant."""

    @cached_property
    def stream(self) -> IO[bytes]:
        """The decoded body. Raises `content_encoding_unsupported`; reading it raises
        `request_too_large` and `content_encoding_broken`."""
        source = super().stream
        coding = self.headers.get("Content-Encoding", "").strip().lower()
        if coding in {"", "identity"} or is_about_files(self.path):
            return source
        if coding not in OPENERS:
            raise DomainError(
                "content_encoding_unsupported",
                details={"content_encoding": coding, "supported": list(OPENERS)},
                headers={"Accept-Encoding": ", ".join(OPENERS)},  # RFC 7694 §3
            )
        return cast(IO[bytes], DecodedBody(OPENERS[coding](source), self.max_content_length))


class DecodedBody(io.RawIOBase):
    """A body decoded piece by piece, of at most `limit_bytes`."""

    def __init__(self, source: IO[bytes], limit_bytes: int | None) -> None:
        self._source, self._limit_bytes, self._read_bytes = source, limit_bytes, 0

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Decode as much as fits. Raises `request_too_large`, `content_encoding_broken`."""
        try:
            piece = self._source.read(len(buffer))
        except BROKEN as error:
            raise DomainError("content_encoding_broken", details={"reason": str(error)}) from None
        self._read_bytes += len(piece)
        if self._limit_bytes is not None and self._read_bytes > self._limit_bytes:
            raise DomainError("request_too_large", details={"limit_bytes": self._limit_bytes})
        buffer[: len(piece)] = piece
        return len(piece)


def install_codings(app: Flask) -> None:
    """Decode what comes, encode what goes."""
    app.request_class = DecodingRequest
    app.after_request(encode)


def encode(response: Response) -> Response:
    """The answer in the coding that the client likes best, if it is JSON and worth it."""
    if response.mimetype != "application/json":
        return response
    response.vary.add("Accept-Encoding")
    if response.is_streamed or request.method == "HEAD" or response.content_encoding:
        return response
    if (response.content_length or 0) < MIN_BYTES:
        return response
    coding = preferred(request.accept_encodings)
    if coding is not None:
        response.set_data(ENCODERS[coding](response.get_data()))
        response.content_encoding = coding
        _weaken_tag(response)
    return response


def preferred(accepted: Accept) -> str | None:
    """The coding that the client likes best, or None to leave the answer as it is. Among equals
    the smaller wins; codings that are not named are not sent, except to `*` (RFC 9110 §12.5.3)."""
    best = max(ENCODERS, key=accepted.quality)
    liked = accepted.quality(best)
    return best if liked > 0 and liked >= _quality_named(accepted, "identity") else None


def _quality_named(accepted: Accept, coding: str) -> float:
    return next((quality for name, quality in accepted if name.lower() == coding), 0)


def _weaken_tag(response: Response) -> None:
    """Two codings of one answer are not the same bytes, so a strong tag would lie (RFC 9110
    §8.8.1); as a weak one it still says that nothing changed."""
    tag, is_weak = response.get_etag()
    if tag is not None and not is_weak:
        response.set_etag(tag, weak=True)

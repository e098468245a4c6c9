"""tus 1.0.0 in headers: what a request asks, what every answer says (https://tus.io/protocols).

Core and every extension; what a creation announces is read in `announcing`.
"""

import re
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Response, request

from media.digests import CHECKSUM_ALGORITHMS, Checksum, parse_checksum
from server.errors import DomainError

FILES = "/api/v1/files"
VERSION = "1.0.0"
EXTENSIONS = (
    "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,"
    "concatenation"
)
CONTENT_TYPE = "application/offset+octet-stream"
REQUEST_HEADERS = (
    "Authorization, Content-Type, Tus-Resumable, Upload-Length, Upload-Defer-Length, "
    "Upload-Offset, Upload-Metadata, Upload-Concat, Upload-Checksum, X-HTTP-Method-Override, "
    "X-Request-ID"
)
EXPOSED_HEADERS = (
    "Upload-Offset, Location, Upload-Length, Tus-Version, Tus-Resumable, Tus-Max-Size, "
    "Tus-Extension, Upload-Metadata, Upload-Defer-Length, Upload-Concat, Upload-Expires, "
    "Tus-Checksum-Algorithm, X-Request-ID"
)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_METHODS = frozenset({"HEAD", "PATCH", "DELETE", "POST", "OPTIONS"})


def with_method_override(app: WSGIApplication) -> WSGIApplication:
    """`X-HTTP-Method-Override` for uploads: for clients behind a proxy that knows no PATCH."""

    def overriding(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        if method in _METHODS and is_about_files(environ.get("PATH_INFO", "")):
            environ["REQUEST_METHOD"] = method
        return app(environ, start)

    return overriding


def is_about_files(path: str) -> bool:
    """Whether a path lies under the uploads."""
    return path == FILES or path.startswith(f"{FILES}/")


def require_version() -> None:
    """Raise `tus_version_unsupported` before anything is done for a client of another version."""
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
        raise DomainError("tus_version_unsupported", headers={"Tus-Version": VERSION})


def stamp(response: Response) -> Response:
    """What every answer about uploads carries, errors too."""
    if not is_about_files(request.path):
        return response
    response.headers["Tus-Resumable"] = VERSION
    # A bearer token is never sent by a browser on its own, so any page may be let in.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    response.headers.setdefault("Cache-Control", "no-store")
    if request.method == "HEAD":
        response.set_data(b"")  # for a HEAD that came as a POST
    if response.status_code >= 400 and request.method in {"PATCH", "POST"}:
        # What was not read of the body stands between this answer and the next request.
        response.headers["Connection"] = "close"
    return response


def capabilities(max_bytes: int) -> Response:
    """The answer to OPTIONS."""
    return Response(
        status=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(max_bytes),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
            "Access-Control-Allow-Methods": "OPTIONS, POST, HEAD, PATCH, DELETE",
            "Access-Control-Allow-Headers": REQUEST_HEADERS,
            "Access-Control-Max-Age": "86400",
        },
    )


def number_in(header: str) -> int:
    """A header that must be a whole number. Raises `upload_header_invalid`."""
    text = request.headers.get(header, "")
    if not _NUMBER.fullmatch(text):
        raise DomainError("upload_header_invalid", details={"header": header})
    return int(text)


def length_in(*, max_bytes: int) -> int:
    """`Upload-Length`. Raises `upload_header_invalid`, `file_too_large`."""
    length_bytes = number_in("Upload-Length")
    if length_bytes > max_bytes:
        details = {"size_bytes": length_bytes, "limit_bytes": max_bytes}
        raise DomainError("file_too_large", details=details)
    return length_bytes


def late_length(known_bytes: int | None, *, max_bytes: int) -> int | None:
    """The length of an upload that goes on: known, or told now, or still open (None).

    Raises as `length_in`, `upload_length_fixed` when another was told before.
    """
    if "Upload-Length" not in request.headers:
        return known_bytes
    length_bytes = length_in(max_bytes=max_bytes)
    if known_bytes not in (None, length_bytes):
        raise DomainError("upload_length_fixed", details={"length_bytes": known_bytes})
    return length_bytes


def checksum() -> Checksum | None:
    """What the sender says of this piece, if anything."""
    header = request.headers.get("Upload-Checksum")
    return None if header is None else parse_checksum(header)


def has_body() -> bool:
    """Whether bytes come with the request."""
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def require_piece(*, room_bytes: int) -> None:
    """Raise before anything is read unless the body is a piece of an upload that may fit.

    `unsupported_media_type`, `upload_too_large`.
    """
    if request.mimetype != CONTENT_TYPE:
        raise DomainError("unsupported_media_type", details={"expected": CONTENT_TYPE})
    if (request.content_length or 0) > room_bytes:
        raise DomainError("upload_too_large", details={"room_bytes": room_bytes})


def header(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    """A request header in the API's description."""
    return {
        "in": "header", "name": name, "required": required, "description": description,
        "schema": {"type": "string", **schema},
    }  # fmt: skip

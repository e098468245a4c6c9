"""Every error leaves in the one envelope, whatever raised it."""

import secrets
from typing import Any

from flask import Flask, Response, g, jsonify
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as WaitedTooLong
from werkzeug.exceptions import HTTPException

from media.errors import MediaError, StoreFault, StoreRefused
from media.folders import is_full
from server.errors import CATALOGUE, DomainError

BY_STATUS = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "precondition_failed",
    413: "request_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    428: "precondition_required",
    429: "login_throttled",
}


#: devices are asked to wait between this and twice this
PAUSE_SECONDS = 5

#: SQLite's and PostgreSQL's words for a full disk (https://www.sqlite.org/rescode.html,
#: https://www.postgresql.org/docs/current/errcodes-appendix.html)
FULL_DATABASE = frozenset({"SQLITE_FULL", "53100"})

#: what the HTTP library has no words for
REASONS = {460: "460 Checksum Mismatch"}  # tus 1.0.0, checksum extension


def envelope(error: DomainError) -> Response:
    """The answer to a domain error."""
    response = jsonify(
        code=error.code, message=error.message, details=error.details, request_id=g.request_id
    )
    response.status = REASONS.get(error.status, error.status)
    response.headers.update(error.headers)
    return response


def from_http(error: HTTPException) -> Response:
    """The answer to an error that Flask, webargs or flask-smorest raised."""
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]  # a redirect is no error
    code = BY_STATUS.get(status, "bad_request" if status < 500 else "internal_error")
    details: dict[str, Any] = {}
    data = getattr(error, "data", None)
    if isinstance(data, dict):
        details = {"fields": _as_json(data.get("messages") or data.get("errors") or {})}
    response = envelope(DomainError(code, details=details))
    response.status_code = status if status in BY_STATUS else CATALOGUE[code].status
    if status == 405 and getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
    return response


def _as_json(messages: Any) -> Any:
    """marshmallow names the items of a list by number; JSON has texts as keys."""
    if isinstance(messages, dict):
        return {str(key): _as_json(value) for key, value in messages.items()}
    return messages


def pause_seconds() -> str:
    """How long a device is asked to wait: spread, or those told alike would come back alike."""
    return str(PAUSE_SECONDS + secrets.randbelow(PAUSE_SECONDS + 1))


def _come_later(code: str = "unavailable") -> Response:
    """The answer where it passes by itself, or once somebody has made room."""
    return envelope(DomainError(code, headers={"Retry-After": pause_seconds()}))


def _has_no_room(error: OperationalError) -> bool:
    """Whether the database found its disk full."""
    name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return name in FULL_DATABASE


def install_error_handlers(app: Flask) -> None:
    """Let no error out except in the envelope, and no word of a database's."""

    def from_database(error: OperationalError) -> Response:
        app.logger.exception("database out of reach", exc_info=error)
        return _come_later("storage_full" if _has_no_room(error) else "unavailable")

    def from_queue(error: WaitedTooLong) -> Response:
        app.logger.warning("a request waited too long for the database: %s", error)
        return _come_later()

    def from_disk(error: OSError) -> Response:
        if not is_full(error):
            return unforeseen(error)
        app.logger.exception("disk full", exc_info=error)
        return _come_later("storage_full")

    def from_store(error: StoreFault) -> Response:
        app.logger.error("store of photos: %s", error)
        if isinstance(error, StoreRefused):  # coming again changes nothing
            return envelope(DomainError("store_refused"))
        return _come_later("store_unavailable")

    def from_media(error: MediaError) -> Response:
        return envelope(DomainError(error.code, message=error.message, details=error.details))

    def unforeseen(error: Exception) -> Response:
        app.logger.exception("unforeseen error", exc_info=error)
        return envelope(DomainError("internal_error"))

    app.register_error_handler(DomainError, envelope)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(MediaError, from_media)
    app.register_error_handler(OperationalError, from_database)
    app.register_error_handler(WaitedTooLong, from_queue)
    app.register_error_handler(OSError, from_disk)
    app.register_error_handler(StoreFault, from_store)
    app.register_error_handler(Exception, unforeseen)

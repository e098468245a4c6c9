"""Around each request: its id, one JSON line in the log, and headers that every answer carries."""

import json
import logging
import re
import sys
import time

from flask import Flask, Response, g, request

from server.auth import Claims
from server.ids import new_id

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
#: refused before the body was read whole; beyond this size the connection is not used again
REFUSED_UNREAD = frozenset({400, 401, 413, 415})
UNREAD_BYTES = 64 * 1024
log = logging.getLogger("suijian.request")


def install_request_log(app: Flask, level: str) -> None:
    """Give each request an id (or keep the caller's) and write one event per request."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    logging.getLogger("suijian").setLevel(level)  # what others log stays at its warnings

    @app.before_request
    def begin() -> None:
        g.request_id = request_id_of(request.headers.get("X-Request-ID", ""))
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = g.request_id
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if response.status_code in REFUSED_UNREAD and (request.content_length or 0) > UNREAD_BYTES:
            # A body that nobody read would be taken for the next request on this connection.
            response.headers["Connection"] = "close"
        log_request(
            request_id=g.request_id, method=request.method, path=request.path,
            status=response.status_code, began=g.began, claims=getattr(g, "claims", None),
        )  # fmt: skip
        return response


def request_id_of(given: str) -> str:
    """The caller's id for the request, if it is one, or a new one."""
    return given if _REQUEST_ID.fullmatch(given) else new_id()


def log_request(
    *, request_id: str, method: str, path: str, status: int, began: float, claims: Claims | None
) -> None:
    """Write the event of a request; `began` by the performance counter."""
    if log.isEnabledFor(logging.INFO):
        event = {
            "event": "request",
            "request_id": request_id,
            "method": method,
            "path": path,
            "status": status,
            "duration_ms": round((time.perf_counter() - began) * 1000, 1),
            "user_id": claims.user_id if claims else None,
            "device_id": claims.device_id if claims else None,
        }
        log.info(json.dumps(event, ensure_ascii=False))

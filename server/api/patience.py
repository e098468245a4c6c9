"""Backlog (积压): asking devices for patience before answers become slow.

When nearly all threads of this process are at work, others already wait in front of them. From
then on every answer, a success too, says `Backoff: <seconds>`, and a device leaves that long a
pause before its next request. (Who waits too long for the database itself gets 503 with
`Retry-After`, see `server/api/errors.py`.)
"""

import threading
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response

from server.api.errors import pause_seconds

#: the share of the threads at work beyond which devices are asked for a pause
HIGH_WATER = 3 / 4


class UnderWay:
    """How many requests this process works on at the moment."""

    def __init__(self, threads: int) -> None:
        self._high_water = threads * HIGH_WATER
        self._lock, self._count = threading.Lock(), 0

    def counting(self, app: WSGIApplication) -> WSGIApplication:
        """The app, with each call of it counted while it lasts."""

        def counted(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            with self._lock:
                self._count += 1
            try:
                return app(environ, start)
            finally:
                with self._lock:
                    self._count -= 1

        return counted

    def pause(self) -> str | None:
        """The seconds to ask for, when there are too many."""
        return pause_seconds() if self._count > self._high_water else None

    def ask_for_pause(self, response: Response) -> Response:
        """Let the answer say so."""
        if pause := self.pause():
            response.headers["Backoff"] = pause
        return response


def install_patience(app: Flask, under_way: UnderWay) -> None:
    """Count the requests, and ask for a pause above the high-water mark."""
    app.wsgi_app = under_way.counting(app.wsgi_app)  # type: ignore[method-assign, assignment]
    app.after_request(under_way.ask_for_pause)

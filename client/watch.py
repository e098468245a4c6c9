"""When to sync again: at a poke of `/sync/events`, or every so often where there is no stream.

A poke says only that there is something, so one that was lost costs time and nothing else. The
server sends a first one with each stream, for what happened while there was none.
"""

from __future__ import annotations

from collections.abc import Iterator

import requests

from client.api import Api
from client.errors import ApiError, Offline
from client.wire import checked

POLL_SECONDS = 60.0
"""Without a stream; spread by chance, so that devices do not come all at once."""
REOPEN_SECONDS = 1.0
"""At least so long between two streams, whatever ends them."""


def pokes(api: Api) -> Iterator[None]:
    """One for each event of a stream, to its end. Raises `ApiError` where there is none to be had
    (503: all seats taken), `Offline` when it breaks."""
    accept = {"Accept": "text/event-stream"}
    with checked(api.send("GET", "/sync/events", headers=accept, stream=True)) as answer:
        try:
            for line in answer.iter_lines(chunk_size=1):
                if line.startswith(b"data:"):
                    yield
        except requests.RequestException as error:
            raise Offline(f"/sync/events: {error}") from error


def moments(api: Api) -> Iterator[None]:
    """The moments to sync at, without end; the first is now."""
    yield
    while True:
        pause = REOPEN_SECONDS
        try:
            yield from pokes(api)
        except Offline:
            pause = POLL_SECONDS * (0.5 + api.patience.spread() / 2)
        except ApiError as error:
            if error.status < 500:
                raise
            pause = error.retry_after_seconds or POLL_SECONDS
        api.patience.sleep(pause)
        yield

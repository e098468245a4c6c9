"""Server-sent events: a poke whenever the feed moved, never data (docs/adr/0007).

A stream holds a thread while it is open, so there are only so many; who gets none polls.
"""

from collections.abc import Callable, Iterator

from flask import Response, g

from server import clock
from server.api.device import device
from server.api.glue import error_responses, reading
from server.errors import DomainError
from server.parts import parts
from server.pokes import Over, Stream
from server.services.sync.standing_feeds import feeds_of_devices

EVENT_STREAM = "text/event-stream"
#: how long a client waits before it comes back after a stream ended
RETRY_MS = 5000


@device.route("/sync/events")
@error_responses(401, 403, 503)
@device.response(200, content_type=EVENT_STREAM, description='`{"seq":…}` whenever there is more')
def events() -> Response:
    """A stream that says when to pull; it ends with its token, and 503 means: poll instead"""
    return stream_of(lambda seq: f'{{"seq":{seq}}}')


def stream_of(said: Callable[[int], str]) -> Response:
    """A stream of pokes, the first at once: what moved before it was open is thereby told.

    Raises `forbidden` for one who is no officer with a device, `events_full`.
    """
    with reading() as (session, actor):
        feed = feeds_of_devices(session, [actor.device_id or ""]).get(actor.device_id or "")
    if feed is None:
        raise DomainError("forbidden", details={"needs": ["officer", "device"]})
    left = (g.claims.expires_at - clock.now()).total_seconds()
    pokes = parts().pokes
    stream = pokes.open(feed, seconds=left)
    response = Response(_events(stream, said), mimetype=EVENT_STREAM)
    response.headers |= {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response.call_on_close(lambda: pokes.close(stream))
    return response


def _events(stream: Stream, said: Callable[[int], str]) -> Iterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    try:
        while True:
            seq = stream.wait()
            # a comment shows that the stream is alive, and finds out whether anyone still reads
            yield ":\n\n" if seq is None else f"id: {seq}\ndata: {said(seq)}\n\n"
    except Over:
        return

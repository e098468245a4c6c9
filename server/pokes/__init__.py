"""Pokes (提醒): a device with an open stream is told that its feed moved, never what is in it.

One thread and one connection of each server process hear for all of its streams; they begin with
the first stream and end after the last. What is heard may be lost with that connection, so its
streams then end: their clients come back, are told where the feed stands, and pull.
"""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from server.db import Database
from server.errors import DomainError
from server.pokes.hearing import LostHearing, ear_of
from server.services.sync.standing_feeds import FeedStanding, feeds_of_devices

#: how often streams are shown to be alive, and that they may still be open is looked at
HEARTBEAT_SECONDS = 15.0
RETRY_AFTER_SECONDS = 60
log = logging.getLogger("suijian.pokes")


class Over(Exception):
    """The stream ended: its token ran out, its device was stopped, or nothing is heard any more."""


@dataclass(eq=False)
class Stream:
    """One open stream of a device; waited on by the request's own thread."""

    device_id: str
    officer_id: str
    ends_at: float
    _seq: int = -1
    _told: int = -1
    _over: bool = False
    _moved: threading.Condition = field(default_factory=threading.Condition)

    def wait(self) -> int | None:
        """The feed's `seq` when it moved since the last time; None after a while without.

        Raises Over at the stream's end.
        """
        patience = min(HEARTBEAT_SECONDS, self.ends_at - time.monotonic())
        with self._moved:
            self._moved.wait_for(lambda: self._over or self._seq > self._told, max(0.0, patience))
            if self._over or time.monotonic() >= self.ends_at:
                raise Over
            if self._seq == self._told:
                return None
            self._told = self._seq
            return self._told

    def tell(self, seq: int) -> None:
        """Have the stream know where the feed stands."""
        with self._moved:
            self._seq = max(self._seq, seq)
            self._moved.notify()

    def end(self) -> None:
        """End it, whatever it waits for."""
        with self._moved:
            self._over = True
            self._moved.notify()


class Pokes:
    """The streams of this process."""

    def __init__(self, database: Database, *, seats: int) -> None:
        self._database, self._seats = database, seats
        self._lock = threading.Lock()
        self._streams: set[Stream] = set()
        self._listening = False

    def open(self, feed: FeedStanding, *, seconds: float) -> Stream:
        """A stream for at most `seconds`. Raises `events_full` where all seats are taken."""
        stream = Stream(feed.device_id, feed.officer_id, time.monotonic() + seconds)
        with self._lock:
            if len(self._streams) >= self._seats:
                headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
                raise DomainError("events_full", headers=headers)
            self._streams.add(stream)
            begins, self._listening = not self._listening, True
        stream.tell(feed.seq)
        if begins:
            threading.Thread(target=self._listen, name="pokes", daemon=True).start()
        return stream

    def close(self, stream: Stream) -> None:
        """Give the stream's seat to others."""
        with self._lock:
            self._streams.discard(stream)

    def end_all(self) -> None:
        """End every stream: nothing is heard any more, or the process stops."""
        with self._lock:
            streams, self._streams = self._streams, set()
        for stream in streams:
            stream.end()

    # -- the listening thread -----------------------------------------------------------------

    def _listen(self) -> None:
        try:
            with ear_of(self._database) as ear:
                heard: frozenset[str] | None = None  # what moved before it listened is looked up
                while streams := self._open_streams():
                    self._tell([s for s in streams if heard is None or s.officer_id in heard])
                    heard = ear.wait(HEARTBEAT_SECONDS)
        except (LostHearing, SQLAlchemyError) as error:
            log.warning("the streams end, their connection is lost: %s", error)
            with self._lock:
                self._listening = False
            self.end_all()

    def _open_streams(self) -> list[Stream]:
        """The streams; with the last one gone the thread is, too."""
        with self._lock:
            if not self._streams:
                self._listening = False
            return list(self._streams)

    def _tell(self, streams: Iterable[Stream]) -> None:
        concerned = list(streams)
        if not concerned:
            return
        with self._database.glance() as connection:
            feeds = feeds_of_devices(connection, {stream.device_id for stream in concerned})
        for stream in concerned:
            feed = feeds.get(stream.device_id)
            if feed is None:
                stream.end()
            else:
                stream.tell(feed.seq)

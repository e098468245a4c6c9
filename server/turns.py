"""Turns (轮流): the queue in front of SQLite's one writer, for the threads of all processes.

SQLite lets who finds the file locked sleep, ever longer, and try again: with several writers some
wait a second while others overtake them. Here nobody overtakes: threads are served in the order in
which they came, and processes one after the other.
"""

import fcntl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import TimeoutError


class Line:
    """A lock that is handed on to whoever has waited longest. One of `threading` goes to whoever
    grabs it first, which is rarely the one that has to be woken."""

    def __init__(self) -> None:
        self._guard, self._taken = threading.Lock(), False
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self, timeout: float = -1) -> bool:
        """Take it, waiting for at most so many seconds (-1: for as long as it takes)."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            called = threading.Lock()
            called.acquire()
            self._waiting.append(called)
        if called.acquire(timeout=timeout):
            return True
        with self._guard:
            if called not in self._waiting:  # handed over at the last moment
                return True
            self._waiting.remove(called)
            return False

    def release(self) -> None:
        """Hand it on."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class WriterTurn:
    """The one turn to write. The kernel forgets the locks of a process that dies."""

    def __init__(self, path: str) -> None:
        self._threads, self._path = Line(), path

    @contextmanager
    def taken(self, wait_seconds: float | None = None) -> Iterator[None]:
        """The turn, until the block ends. Raises TimeoutError when it does not come in time; of
        each process only the first in the queue waits for as long as another process takes."""
        if not self._threads.acquire(-1 if wait_seconds is None else wait_seconds):
            raise TimeoutError(f"no turn to write within {wait_seconds} s")
        try:
            with open(self._path, "ab") as turn:
                self._wait_in_front_of(turn.fileno())
                yield  # let go when the file is closed
        finally:
            self._threads.release()

    def _wait_in_front_of(self, turn: int) -> None:
        """Take the lock of the turn as the only one who waits for it: whoever lets go of it and
        comes back at once finds the place in front of it taken."""
        with open(f"{self._path}-next", "ab") as place:
            fcntl.flock(place, fcntl.LOCK_EX)
            fcntl.flock(turn, fcntl.LOCK_EX)

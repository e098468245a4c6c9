"""The devices of the soak, each on one connection that stays open."""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from bench.load import RECEIVE_BYTES, WrongAnswer, http_request, is_whole

POLL_SECONDS = 10.0
PAGE = 500
PUSHED_OPS = 10
_END = re.compile(rb'"cursor":"([^"]*)","has_more":(true|false)')


@dataclass
class Device:
    """One connection; `ask` gives the next request, `heard` says how long to wait after an answer.

    Raises WrongAnswer for one that is not what a device must be answered.
    """

    kind: str
    ask: Callable[[], bytes]
    heard: Callable[[bytes], float]
    link: socket.socket = field(default_factory=socket.socket)
    due: float = 0.0
    sent_at: float | None = None
    received: bytearray = field(default_factory=bytearray)

    def send(self, now: float) -> None:
        """Send the next request."""
        self.sent_at = now
        self.link.sendall(self.ask())

    def receive(self) -> bytes | None:
        """Take what came; the answer when it is whole."""
        piece = self.link.recv(RECEIVE_BYTES)
        if not piece:
            raise WrongAnswer(f"hung up after {bytes(self.received[:200])!r}")
        self.received += piece
        if not is_whole(self.received):
            return None
        answer = bytes(self.received)
        self.received.clear()
        return answer


class Feed:
    """What a device asks every ten seconds, and at once when there is more."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._headers, self._cursor = headers, ""

    def ask(self) -> bytes:
        """The next pull."""
        query, headers = {"limit": str(PAGE)}, dict(self._headers)
        if self._cursor:
            query["cursor"] = self._cursor
            headers["If-None-Match"] = f'"{self._cursor}"'
        return http_request("GET", f"/api/v1/sync/changes?{urlencode(query)}", headers=headers)

    def heard(self, answer: bytes) -> float:
        """Remember the cursor; seconds until the next pull."""
        status = status_of(answer)
        if status == 304:
            return POLL_SECONDS
        found = _END.search(answer, max(0, len(answer) - 1000))
        if status != 200 or found is None:
            raise WrongAnswer(f"a pull was answered {answer[:300]!r}")
        self._cursor = found[1].decode()
        return 0.0 if found[2] == b"true" else POLL_SECONDS


class Outbox:
    """What an officer pushes, batch after batch."""

    def __init__(self, batches: Iterator[bytes]) -> None:
        self._batches = batches

    def ask(self) -> bytes:
        """The next push."""
        return next(self._batches)

    def heard(self, answer: bytes) -> float:
        """Every op must have been applied; the next push goes at once."""
        if status_of(answer) != 200 or answer.count(b'"status":"applied"') != PUSHED_OPS:
            raise WrongAnswer(f"a push was answered {answer[:300]!r}")
        return 0.0


def status_of(answer: bytes) -> int:
    """The status of an answer."""
    return int(answer[9:12])

"""Readers of server-sent events, as a test needs them: each waits for the next, and only that."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import requests

from tests.world import Caller

PATIENCE_SECONDS = 60
EVENTS = "/sync/events"


class Listener:
    """An open stream."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._lines = (line for piece in pieces for line in piece.decode().splitlines())

    def next(self, name: str = "data") -> str | None:
        """The value of the next line of this name; None at the end of the stream."""
        for line in self._lines:
            found, _, value = line.partition(":")
            if found == name and line:
                return value.strip()
        return None


@contextmanager
def listening(caller: Caller, path: str = EVENTS, **headers: str) -> Iterator[Listener]:
    """A stream of the app in this process; its first poke is not yet read."""
    answer = caller.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    with answer:
        yield Listener(answer.iter_encoded())


@contextmanager
def listening_at(api: str, caller: Caller, path: str = EVENTS) -> Iterator[Listener]:
    """A stream of a server that runs elsewhere; its first poke is not yet read."""
    head = {"Authorization": f"Bearer {caller.token}"}
    with requests.get(f"{api}{path}", headers=head, stream=True, timeout=PATIENCE_SECONDS) as got:
        assert got.status_code == 200, got.text
        yield Listener(got.iter_content(chunk_size=None))

"""What is to happen at a fail point, written into a folder that both sides see.

The driver gives an order; whichever process comes to the point first takes it, by renaming its
file, and does it. Every visit to a point is one appended line. Both survive a kill at any moment.
"""

import json
import os
import uuid
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINE_BYTES = 16
KILL, KILL_DATABASE, FAIL, HOLD, CUT = "kill", "kill database", "fail", "hold", "cut"


@dataclass(frozen=True)
class Order:
    """One order, as the driver knows it."""

    name: str
    point: str
    action: str
    request: str = ""

    @property
    def place(self) -> str:
        """The file that waits for whoever comes by; or for one request alone."""
        return f"{self.point}@{self.request}" if self.request else self.point


class Orders:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.waiting, self.taken, self.held = (
            folder / name for name in ("waiting", "taken", "held")
        )
        self.visits = folder / "visits"
        self.postmaster = folder / "postmaster"
        self.control = folder / "network"

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.waiting, self.taken, self.held):
            folder.mkdir(parents=True)
        self.visits.touch()

    # -- the driver's side ----------------------------------------------------------------------

    def give(self, point: str, action: str, *, request: str = "") -> Order:
        """Have the next process that comes to `point`, or that does so with the request of this id,
        do `action`."""
        order = Order(uuid.uuid4().hex, point, action, request)
        if action == HOLD:
            (self.held / order.name).touch()
        draft = self.folder / order.name
        draft.write_text(json.dumps(vars(order)))
        draft.rename(self.waiting / order.place)
        return order

    def is_taken(self, order: Order) -> bool:
        """Whether a process has come by and begun to do it."""
        return (self.taken / order.name).exists()

    def release(self, order: Order) -> None:
        """Let a process that is held go on."""
        (self.held / order.name).unlink(missing_ok=True)

    def withdraw(self, order: Order) -> bool:
        """Take an order back; whether nobody had taken it."""
        self.release(order)
        with suppress(FileNotFoundError):
            (self.waiting / order.place).unlink()
            return True
        return False

    def count_visits(self) -> Counter[str]:
        """How often each point was reached, by all processes."""
        return Counter(self.visits.read_text().split())

    def number_of_visits(self) -> int:
        """The same, all together and roughly: a line is about as long as another."""
        return self.visits.stat().st_size // LINE_BYTES

    # -- the server's side ----------------------------------------------------------------------

    def take(self, point: str, request: str) -> Order | None:
        """The order that waits at a point, for the one process that gets it."""
        return (self._take(f"{point}@{request}") if request else None) or self._take(point)

    def _take(self, place: str) -> Order | None:
        own = self.taken / f"{os.getpid()}-{uuid.uuid4().hex}"
        try:
            (self.waiting / place).rename(own)
        except FileNotFoundError:
            return None
        said: dict[str, Any] = json.loads(own.read_text())
        order = Order(**said)
        own.rename(self.taken / order.name)
        return order

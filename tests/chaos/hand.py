"""What happens at an armed fail point, inside the process that came to it."""

import os
import signal
import socket
import time
from pathlib import Path

from flask import g, has_request_context

from server.failpoints import arm
from tests.chaos.database import kill_database
from tests.chaos.orders import CUT, FAIL, HOLD, KILL, KILL_DATABASE, Orders

LONGEST_HOLD_SECONDS = 5


class Struck(Exception):
    """What a point raises on the order `fail`."""


class Hand:
    """Does what the orders say, inside the server."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self._visits = os.open(orders.visits, os.O_WRONLY | os.O_APPEND)
        self._acts = {
            KILL: self._kill, KILL_DATABASE: self._kill_database, FAIL: self._fail,
            HOLD: self._hold, CUT: self._cut,
        }  # fmt: skip

    def reach(self, point: str) -> None:
        """Note the visit, then do what is ordered here, once."""
        os.write(self._visits, f"{point}\n".encode())
        order = self.orders.take(point, g.request_id if has_request_context() else "")
        if order is not None:
            self._acts[order.action](order.name)

    def _kill(self, _: str) -> None:
        os.killpg(0, signal.SIGKILL)
        time.sleep(LONGEST_HOLD_SECONDS)  # the signal is on its way; do not go on meanwhile

    def _kill_database(self, _: str) -> None:
        kill_database(int(self.orders.postmaster.read_text()))

    def _fail(self, name: str) -> None:
        raise Struck(name)

    def _hold(self, name: str) -> None:
        deadline = time.monotonic() + LONGEST_HOLD_SECONDS
        while (self.orders.held / name).exists() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _cut(self, _: str) -> None:
        if not has_request_context():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(f"cut {g.request_id}".encode(), str(self.orders.control))


def arm_points() -> None:
    """Do from now on what the folder CHAOS_ORDERS says. Before anything of the app is made."""
    arm(Hand(Orders(Path(os.environ["CHAOS_ORDERS"]))).reach)

"""Hearing that the process shall stop, beside the HTTP server, whose own handlers stay."""

import signal
import socket
import threading
from collections.abc import Callable

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})


def when_told_to_stop(act: Callable[[], object]) -> None:
    """Have `act` run, in a thread of its own, when the process is told to stop.

    An orderly stop waits for the answers under way, and a stream is one that would not end. To be
    called in the main thread, whatever handlers are set before or after.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def hear() -> None:
        with reader, writer:
            while number := reader.recv(1):
                if number[0] in STOPS:
                    act()

    threading.Thread(target=hear, name="stopping", daemon=True).start()

"""A server that dies at the fail point named by `DIES_AT`, as if it were killed there."""

import os
import signal

from server import create_app, failpoints


def _die(point: str) -> None:
    if point == os.environ["DIES_AT"]:
        os.kill(os.getpid(), signal.SIGKILL)


failpoints.arm(_die)
app = create_app()

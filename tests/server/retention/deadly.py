"""The job that carries deletions out, in a process that dies at the fail point `DIES_AT`."""

import os
import signal

from server import failpoints, put_together
from server.config import Settings


def _die(point: str) -> None:
    if point == os.environ["DIES_AT"]:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    failpoints.arm(_die)
    put_together(Settings.from_environment()).jobs.run_now("carry_out_deletions")

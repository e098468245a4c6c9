"""The background jobs with their fail points armed: `python -m tests.chaos.jobs`.

As `flask jobs run`, but every job comes round after round instead of by the minute or hour.
"""

import sys
import threading
import time

from server import create_app
from server.jobs import Jobs
from server.parts import parts_of
from tests.chaos.hand import arm_points

PAUSE_SECONDS = 0.5


def round_after_round(jobs: Jobs) -> None:
    """Run all, for ever; like the consumer, outlive the failure of any."""
    while True:
        for name in jobs.names:
            try:
                jobs.run_now(name)
            except Exception as error:
                print(f"job {name}: {error!r}", file=sys.stderr, flush=True)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    arm_points()
    own = parts_of(create_app()).jobs
    threading.Thread(target=round_after_round, args=(own,), daemon=True).start()
    own.consume(workers=1, periodic=False)

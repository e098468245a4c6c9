"""Background work (后台作业) on huey; see docs/adr/0002-background-work-runs-on-huey.md.

A queued task is a nudge and carries no data: the truth is in the tables. Each job also runs by
the clock, as a sweep, and finds whatever a lost nudge missed. Any job may therefore be killed at
any moment, and be run again.

`table.py` says what there is to do; `engine.py` is huey on either database; `runner.py` runs one
job; `alone.py` sees to it that it runs once at a time, on however many machines.
"""

from server.jobs.engine import make_huey
from server.jobs.runner import Jobs
from server.jobs.table import Workshop

__all__ = ["Jobs", "Workshop", "make_huey"]

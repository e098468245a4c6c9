"""Runs jobs: from nudges, with retries, and by the clock; keeps how each fared."""

import json
import logging
import sqlite3
import threading
import traceback
from functools import cached_property
from typing import Any

import psycopg
from huey import Huey
from huey.exceptions import CancelExecution
from sqlalchemy.orm import Session

from server import clock
from server.failpoints import reach
from server.jobs.alone import alone
from server.jobs.engine import JobsConsumer, make_huey
from server.jobs.table import JOBS, Job, Workshop
from server.models import JobState

RETRIES = 5
FIRST_RETRY_SECONDS = 5
RETRY_BACKOFF = 2  # after 5, 10, 20, 40 and 80 seconds; then the sweeps go on trying
NUDGE_EXPIRES_SECONDS = 3600  # an older one is pointless: the sweep has been there
MAX_ERROR_CHARS = 2_000
log = logging.getLogger("suijian.jobs")


class Jobs:
    """The background jobs of one app. The queue is opened when first needed."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._table = {job.name: job for job in JOBS}
        self._opening = threading.Lock()
        self._tasks: dict[str, Any] = {}

    def nudge(self, name: str) -> None:
        """Have a job run soon. Give it to `after_commit`: a nudge that cannot be queued is logged
        and no failure, because the sweep makes it good."""
        try:
            self.huey.enqueue(self._tasks[name].s())
        except (sqlite3.Error, psycopg.Error, OSError) as error:
            _log("nudge_lost", job=name, error=repr(error))

    def run_now(self, name: str) -> None:
        """Run a job in this process; raises what it raises."""
        self._run(self._table[name])

    def consume(self, *, workers: int, periodic: bool) -> None:
        """Work off nudges and, when `periodic`, sweep by the clock; until a signal ends it."""
        JobsConsumer(self.huey, workers=workers, periodic=periodic).run()

    @property
    def names(self) -> list[str]:
        """The jobs there are."""
        return list(self._table)

    @property
    def huey(self) -> Huey:
        """The queue with every job registered."""
        with self._opening:
            return self._opened

    @cached_property
    def _opened(self) -> Huey:
        huey = make_huey(self._shop.settings)
        for job in self._table.values():
            self._register(huey, job)
        return huey

    def _register(self, huey: Huey, job: Job) -> None:
        def run() -> None:
            self._run_for_huey(job)

        nudged = huey.task(
            name=job.name,
            retries=RETRIES,
            retry_delay=FIRST_RETRY_SECONDS,
            retry_backoff=RETRY_BACKOFF,
            expires=NUDGE_EXPIRES_SECONDS,
        )
        self._tasks[job.name] = nudged(run)
        huey.periodic_task(job.due, name=f"{job.name}_sweep")(run)  # its retry is the next sweep

    def _run_for_huey(self, job: Job) -> None:
        """Run a job; a failure is kept and logged here, and huey told to retry where that is due
        (which is what its CancelExecution means for a task that has retries left)."""
        try:
            self._run(job)
        except Exception as error:  # whatever a job raises must neither end the worker nor be lost
            self._keep_failure(job, error)
            raise CancelExecution(str(error)) from None

    def _run(self, job: Job) -> None:
        with alone(self._shop.settings, self._shop.database, job.name) as only:
            if not only:
                return  # the run under way, or the next sweep, does it
            started_at = clock.now()
            reach("job.alone")
            _log("job_started", job=job.name)
            job.work(self._shop)
            reach("job.worked")
            with self._shop.database.write() as session:
                state = _state(session, job)
                state.started_at = started_at
                state.succeeded_at = clock.now()
                state.failures = 0
                state.error = None
            _log("job_done", job=job.name)

    def _keep_failure(self, job: Job, error: Exception) -> None:
        lines = "".join(traceback.format_exception(error))
        with self._shop.database.write() as session:
            state = _state(session, job)
            state.failed_at = clock.now()
            state.failures += 1
            state.error = f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS]
        _log("job_failed", job=job.name, failures=state.failures, traceback=lines)


def _state(session: Session, job: Job) -> JobState:
    state = session.get(JobState, job.name, with_for_update=True)
    if state is None:
        state = JobState(name=job.name, started_at=clock.now(), failures=0)
        session.add(state)
    return state


def _log(event: str, **facts: Any) -> None:
    level = logging.INFO if event in {"job_started", "job_done"} else logging.ERROR
    log.log(level, json.dumps({"event": event, **facts}, ensure_ascii=False))

"""One at a time: whoever dies lets go by dying, so no lock is ever left behind."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from server.config import Settings
from server.db import Database

JOB_LOCKS = 0x5EA3  # class of our PostgreSQL advisory locks, one per job name


@contextmanager
def alone(settings: Settings, database: Database, name: str) -> Iterator[bool]:
    """Whether this is the only run of job `name` now, on all machines of the deployment."""
    take = _alone_on_this_machine if settings.is_sqlite else _alone_in_postgres
    with take(settings, database, name) as only:
        yield only


@contextmanager
def _alone_on_this_machine(settings: Settings, _: Database, name: str) -> Iterator[bool]:
    """The embedded database serves one machine: a file's lock will do."""
    path = settings.data_dir / f"job-{name}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@contextmanager
def _alone_in_postgres(_: Settings, database: Database, name: str) -> Iterator[bool]:
    key = {"kind": JOB_LOCKS, "name": name}
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        taken = connection.scalar(text("SELECT pg_try_advisory_lock(:kind, hashtext(:name))"), key)
        try:
            yield bool(taken)
        finally:
            if taken:
                connection.execute(text("SELECT pg_advisory_unlock(:kind, hashtext(:name))"), key)

"""How a process hears that feeds moved, whichever process moved them.

PostgreSQL tells it at commit (`NOTIFY`, given in the statement that raises the feed). SQLite tells
nobody, but counts: `data_version` changes when another connection has committed, and asking for it
costs a few microseconds and touches no table.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import psycopg

from server.db import Database
from server.services.sync.feed import POKES

#: how long a commit on SQLite may stay unheard
LOOK_SECONDS = 0.2


class LostHearing(Exception):
    """The connection that heard is gone; what was said since is unknown."""


class Ear(Protocol):
    """Hears what moved."""

    def wait(self, seconds: float) -> frozenset[str] | None:
        """The officers whose feeds moved, or None where any may have: after `seconds` too."""


def ear_of(database: Database) -> AbstractContextManager[Ear]:
    """An ear on a connection of its own, apart from those of the requests."""
    return _on_sqlite(database) if database.is_sqlite else _on_postgresql(database)


@contextmanager
def _connection_apart(database: Database) -> Iterator[Any]:
    """The driver's own connection, which the pool forgets."""
    with database.engine.connect() as connection:
        connection.detach()
        yield connection.connection.dbapi_connection


@contextmanager
def _on_postgresql(database: Database) -> Iterator[Ear]:
    try:
        with _connection_apart(database) as driver:
            driver.autocommit = True
            driver.execute(f"LISTEN {POKES}")
            yield _Notified(driver)
    except psycopg.Error as error:
        raise LostHearing from error


class _Notified:
    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver

    def wait(self, seconds: float) -> frozenset[str] | None:
        heard = self._driver.notifies(timeout=seconds, stop_after=1)
        return frozenset(notify.payload for notify in heard) or None


@contextmanager
def _on_sqlite(database: Database) -> Iterator[Ear]:
    with _connection_apart(database) as driver:
        yield _Counted(driver)


class _Counted:
    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._version = self._look()
        self._never = threading.Event()

    def wait(self, seconds: float) -> frozenset[str] | None:
        for _ in range(round(seconds / LOOK_SECONDS)):
            version = self._look()
            if version != self._version:
                self._version = version
                break
            self._never.wait(LOOK_SECONDS)
        return None

    def _look(self) -> int:
        [version] = self._driver.execute("PRAGMA data_version").fetchone()
        return int(version)

"""One writer per upload on all app servers (上传锁), where the bytes lie in no file to be locked.

Whoever dies lets go by dying: on PostgreSQL the lock ends with its connection, on SQLite, which
serves one machine, with its process.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from media.errors import UploadLocked
from server.config import Settings
from server.db import Database

#: PostgreSQL looks for the other end of a silent lock connection: a machine that lost its power
#: holds its locks for half a minute instead of two hours
KEEPALIVE = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 4",
)


def upload_lock(
    settings: Settings, database: Database
) -> Callable[[str], AbstractContextManager[None]]:
    """What holds an upload's name alone, or raises `UploadLocked` at once."""
    if settings.is_sqlite:
        return FileLocks(settings.data_dir / "locks").taken
    return PostgresLocks(database).taken


class FileLocks:
    """A locked file per upload, as long as somebody writes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def taken(self, name: str) -> Iterator[None]:
        """Hold the name until the block ends."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / name
        descriptor = _locked_file(path)
        try:
            yield
        finally:
            path.unlink()
            os.close(descriptor)


def _locked_file(path: Path) -> int:
    """The locked file that has the name: between open and lock its last holder may remove it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise UploadLocked from None
        os.close(descriptor)


class PostgresLocks:
    """Advisory locks of one connection per process: a slow phone holds a lock for minutes, and
    must not hold one of the pool's connections as long.

    When the connection breaks, all its locks are gone; whoever still writes is then kept out by
    the storage's `If-Match`, or by the sha256 of the whole file.
    """

    def __init__(self, database: Database) -> None:
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._guard = threading.Lock()
        self._held: set[str] = set()
        self._connection: Connection | None = None

    @contextmanager
    def taken(self, name: str) -> Iterator[None]:
        """Hold the name until the block ends. Raises OperationalError without a database."""
        with self._guard:
            # PostgreSQL would give the same connection the same lock again
            if name in self._held or not self._try(name):
                raise UploadLocked
            self._held.add(name)
            connection = self._connection
        try:
            yield
        finally:
            with self._guard:
                self._held.discard(name)
                if connection is self._connection:
                    self._let_go(name)

    def _try(self, name: str) -> bool:
        try:
            return self._ask("SELECT pg_try_advisory_lock(:key)", name)
        except DBAPIError:  # broken since it was last used: another, once
            self._drop()
            return self._ask("SELECT pg_try_advisory_lock(:key)", name)

    def _let_go(self, name: str) -> None:
        try:
            self._ask("SELECT pg_advisory_unlock(:key)", name)
        except DBAPIError:
            self._drop()

    def _ask(self, statement: str, name: str) -> bool:
        if self._connection is None:
            self._connection = self._engine.connect()
            for order in KEEPALIVE:
                self._connection.execute(text(order))
        return bool(self._connection.scalar(text(statement), {"key": _number(name)}))

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
        self._connection = None


def _number(name: str) -> int:
    """An upload's id as the signed 64 bits that PostgreSQL locks by."""
    return int.from_bytes(bytes.fromhex(name)[:8], "big", signed=True)

"""Statements of the hot path, handed to the driver as they are.

SQLAlchemy opens the connection, begins and ends the transaction and keeps the pool. Between that,
compiling a statement and describing its rows takes it longer than the database needs to answer most
of what a push or a pull asks; so those go past it. Errors are raised as SQLAlchemy raises them.
"""

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from psycopg.rows import namedtuple_row
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from server.db import Glance


def run(
    session: Session | Glance, sql: str, parameters: Mapping[str, Any], *, binary: bool = False
) -> list[Any]:
    """Run a statement, with `:name` for each parameter as in `text()`; gives its rows, as named
    tuples of what the driver makes of the values, or nothing where it has none. `binary` has
    PostgreSQL send values in their binary form, which is less work where they are bytes."""
    with _driver_of(session, sql) as driver:
        if isinstance(driver, sqlite3.Connection):
            return _run_on_sqlite(driver, sql, parameters)
        cursor = driver.cursor(row_factory=namedtuple_row)
        cursor.execute(_with_percents(sql), parameters, binary=binary)
        return [] if cursor.rownumber is None else cursor.fetchall()


def as_stored(session: Session, moment: datetime) -> datetime | str:
    """An aware moment as the driver is given it, to be kept as `UtcDateTime` keeps it."""
    if session.get_bind().dialect.name != "sqlite":
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", timespec="microseconds")


def as_read(value: Any) -> datetime:
    """A moment that `run` gave, aware: SQLite's driver knows them as text only."""
    moment: datetime = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def run_for_each(session: Session, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement once for each row, on SQLite, where that costs no round trips."""
    with _driver_of(session, sql) as driver:
        driver.executemany(sql, rows)


@contextmanager
def _driver_of(session: Session | Glance, sql: str) -> Iterator[Any]:
    if isinstance(session, Session):
        session.flush()  # what waits in the session is part of what stands, as with `execute`
    connection = session.info["connection"] if isinstance(session, Session) else session
    try:
        yield connection.connection.driver_connection
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy_says(connection, sql, error) from error


def _run_on_sqlite(
    driver: sqlite3.Connection, sql: str, parameters: Mapping[str, Any]
) -> list[Any]:
    cursor = driver.execute(sql, parameters)
    make = _row_of(tuple(column[0] for column in cursor.description or ()))
    return [make(row) for row in cursor]


@cache
def _row_of(names: tuple[str, ...]) -> Callable[[tuple[Any, ...]], Any]:
    row = cast(Any, namedtuple)("Row", names, rename=True)
    make: Callable[[tuple[Any, ...]], Any] = row._make
    return make


@cache
def _with_percents(sql: str) -> str:
    """The statement in psycopg's style; SQLite's driver takes `:name` as it is."""
    return re.sub(r"(?<!:):([a-z][a-z0-9_]*)", r"%(\1)s", sql.replace("%", "%%"))


def _as_sqlalchemy_says(connection: Connection | Glance, sql: str, error: Any) -> BaseException:
    """The error as everyone else knows it; after a lost connection the pool forgets the others,
    which were lost with it."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    if lost:
        connection.invalidate(error)
        connection.engine.dispose()
    known: BaseException = DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, connection_invalidated=lost, dialect=dialect
    )
    return known

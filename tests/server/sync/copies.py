"""One database, prepared once, and as many copies of it as a test needs, under the same app."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import sqlalchemy as sa
from flask import Flask

from server.db import Database
from server.parts import parts_of
from tests.engines import share_what_is_compiled


@contextmanager
def on_a_copy(app: Flask, prepared: str) -> Iterator[None]:
    """Within the block the app works on a fresh copy of the prepared database. Whoever prepared it
    is disconnected from it: PostgreSQL copies only what nobody uses."""
    original = parts_of(app)
    original.database.engine.dispose()
    with _copied(prepared) as url:
        database = Database(url)
        share_what_is_compiled(database.engine)
        app.extensions["suijian"] = replace(original, database=database)
        try:
            yield
        finally:
            database.engine.dispose()
            app.extensions["suijian"] = original


@contextmanager
def backed_up(app: Flask) -> Iterator[str]:
    """A backup of the app's database as it stands now, for as long as the block lasts."""
    database = parts_of(app).database
    database.engine.dispose()
    with _copied(database.engine.url.render_as_string(hide_password=False)) as url:
        yield url


def _copied(prepared: str) -> AbstractContextManager[str]:
    copy: Callable[[sa.URL], AbstractContextManager[str]]
    url = sa.make_url(prepared)
    copy = _copied_file if url.drivername.startswith("sqlite") else _copied_database
    return copy(url)


@contextmanager
def _copied_file(url: sa.URL) -> Iterator[str]:
    source = Path(url.database or "")
    copy = source.with_name(f"{source.stem}-{uuid.uuid4().hex[:12]}.sqlite")
    shutil.copy(source, copy)
    yield f"sqlite:///{copy}"
    for leftover in copy.parent.glob(f"{copy.name}*"):
        leftover.unlink()


@contextmanager
def _copied_database(url: sa.URL) -> Iterator[str]:
    name = f"c{uuid.uuid4().hex[:12]}"
    server = url.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {url.database} STRATEGY FILE_COPY")
        yield url.set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

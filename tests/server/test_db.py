"""The database: SQLite's one writer, and what follows a commit."""

import fcntl
from contextlib import suppress
from pathlib import Path

import pytest

from server.db import Database
from tests.databases import fresh_database


@pytest.fixture
def database():
    with fresh_database("sqlite") as url:
        database = Database(url)
        yield database
        database.engine.dispose()


def turn_is_free(database: Database) -> bool:
    """Whether another process could write now."""
    with Path(f"{database.engine.url.database}-turn").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_who_writes_to_sqlite_keeps_other_processes_in_a_queue(database):
    with database.write():
        assert not turn_is_free(database)
    assert turn_is_free(database)


def test_a_failed_write_gives_the_turn_back(database):
    with pytest.raises(ZeroDivisionError), database.write():
        _ = 1 / 0
    assert turn_is_free(database)


def test_readers_need_no_turn(database):
    with database.read(), database.glance():
        assert turn_is_free(database)


def test_what_follows_a_commit_runs_after_it_and_only_then(database):
    from server.db import after_commit

    said = []
    with suppress(ZeroDivisionError), database.write() as session:
        after_commit(session, lambda: said.append("failed"))
        _ = 1 / 0
    with database.write() as session:
        after_commit(session, lambda: said.append(turn_is_free(database)))
    assert said == [True]

"""One writer per upload, on one machine and on many; who dies lets go."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from media.errors import UploadLocked
from server.config import Settings
from server.db import Database
from server.upload_locks import upload_lock
from tests.server_process import PROJECT, environment_of

ID, OTHER_ID = "0123456789abcdef" * 2, "f" * 32
HOLDER = """
import sys
from server.config import Settings
from server.db import Database
from server.upload_locks import upload_lock
settings = Settings.from_environment()
with upload_lock(settings, Database(settings.database_url))(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.engine.dispose()


@contextmanager
def held_elsewhere(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Another process has the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, ID], env=environment_of(settings), cwd=PROJECT,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_another_thread_is_told_so_at_once_and_another_name_is_free(
    settings: Settings, database: Database
):
    lock = upload_lock(settings, database)
    with lock(ID):
        with pytest.raises(UploadLocked), lock(ID):
            pass
        with lock(OTHER_ID):
            pass
    with lock(ID):  # and it is free again
        pass


def test_another_process_is_told_so_until_its_holder_was_killed(
    settings: Settings, database: Database
):
    lock = upload_lock(settings, database)
    with held_elsewhere(settings) as process:
        with pytest.raises(UploadLocked), lock(ID):
            pass
        process.kill()
        process.wait()
        if not database.is_sqlite:
            _wait_until_no_lock_is_held(database)
        with lock(ID):
            pass


def test_nothing_of_a_lock_stays(settings: Settings, database: Database):
    with upload_lock(settings, database)(ID):
        pass
    if database.is_sqlite:
        assert list((settings.data_dir / "locks").iterdir()) == []
    else:
        assert _locks(database) == 0


def test_locks_go_on_after_their_connection_broke(settings: Settings, database: Database):
    if database.is_sqlite:
        pytest.skip("a file has no connection")
    lock = upload_lock(settings, database)
    with lock(ID):
        with database.engine.connect() as connection:
            killed = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            connection.execute(text(killed))
        _wait_until_no_lock_is_held(database)
        with lock(OTHER_ID):
            assert _locks(database) == 1
    with lock(ID):
        assert _locks(database) == 1


def _locks(database: Database) -> int:
    with database.engine.connect() as connection:
        held = """SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database =
            (SELECT oid FROM pg_database WHERE datname = current_database())"""
        return connection.scalar(text(held)) or 0


def _wait_until_no_lock_is_held(database: Database) -> None:
    while _locks(database):
        pass

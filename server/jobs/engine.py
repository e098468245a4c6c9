"""huey, on the embedded database's side file or in PostgreSQL itself."""

import signal
from datetime import datetime
from typing import Any

import orjson
import psycopg
import sqlalchemy as sa
from huey import Huey, PostgresHuey, SqliteHuey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer

from server.config import Settings

QUEUE = "suijian"
JOBS_FILE = "jobs.sqlite"
TABLE_PREFIX = "jobs"  # PostgreSQL: jobs_task, jobs_schedule, jobs_kv, jobs_counter
FILE_BUSY_SECONDS = 30
MAX_POLL_SECONDS = 1  # SQLite is asked this often; PostgreSQL tells by itself
STOP_SECONDS = 15  # for jobs under way when the consumer is told to stop
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PREPARE_LOCK = 0x5EA2  # PostgreSQL advisory lock of the process that makes huey's tables


class JsonSerializer(Serializer):
    """Messages as JSON instead of pickle: who can write to the queue must not thereby be able to
    run code on the server."""

    def _serialize(self, data: Any) -> bytes:
        if not isinstance(data, Message):
            return orjson.dumps(data)
        # our tasks have no successors, so what a chain of tasks would need stays empty
        return orjson.dumps({k: v for k, v in data._asdict().items() if v is not None})

    def _deserialize(self, data: bytes) -> Any:
        value = orjson.loads(data)
        if not isinstance(value, dict):
            return value
        for name in ("eta", "expires_resolved"):
            if name in value:
                value[name] = datetime.fromisoformat(value[name])
        return Message(**value)


class JobsConsumer(Consumer):
    """huey's consumer as one process with threads."""

    def __init__(self, huey: Huey, *, workers: int, periodic: bool) -> None:
        super().__init__(
            huey,
            workers=workers,
            periodic=periodic,
            max_delay=MAX_POLL_SECONDS,
            shutdown_timeout=STOP_SECONDS,
            graceful_signal="TERM",
        )

    def start(self) -> None:
        """Start the threads. A signal that comes before huey listens for it waits until then.

        huey would start itself anew on SIGHUP; here a closed terminal ends the process.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        super().start()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def make_huey(settings: Settings) -> Huey:
    """The queue of a deployment, its tables made; no two processes trip over making them."""
    if settings.is_sqlite:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        return SqliteHuey(
            QUEUE,
            filename=str(settings.data_dir / JOBS_FILE),
            timeout=FILE_BUSY_SECONDS,
            results=False,
            serializer=JsonSerializer(),
        )
    address = postgres_address(settings.database_url)
    huey = PostgresHuey(
        QUEUE,
        dsn=address,
        table_prefix=TABLE_PREFIX,
        create_tables=False,
        results=False,
        serializer=JsonSerializer(),
    )
    _prepare_postgres(huey, address)
    return huey


def postgres_address(database_url: str) -> str:
    """The address in libpq's words: without SQLAlchemy's driver name."""
    plain = sa.make_url(database_url).set(drivername="postgresql")
    return plain.render_as_string(hide_password=False)


def _prepare_postgres(huey: Huey, address: str) -> None:
    """Make huey's tables once. (`CREATE TABLE IF NOT EXISTS` of two sessions at once fails in one
    of them, and needs the right to create even where nothing is to be created.)"""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (PREPARE_LOCK,))
        found = connection.execute("SELECT to_regclass(%s)", (f"{TABLE_PREFIX}_counter",))
        if found.fetchone() == (None,):
            huey.storage.initialize_schema()

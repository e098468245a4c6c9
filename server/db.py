"""The database: one engine per app, one transaction per request.

Write transactions are opened at the route, never inside a service. On SQLite a write begins
IMMEDIATE and waits its turn behind one lock, so that threads and processes do not fight for the
file; on PostgreSQL row locks do that work.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Dialect, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from media.likeness import distance_bits
from server.failpoints import reach
from server.turns import WriterTurn

SQLITE_BUSY_SECONDS = 30
POOL_SIZE = 16
#: how long a request waits for a connection or for its turn to write; devices hang up after 30 s
WAIT_SECONDS = 10


def make_engine(url: str, *, wait_seconds: float = WAIT_SECONDS) -> Engine:
    """An engine for `sqlite:` or `postgresql:` with the pragmas that Suijian relies on."""
    as_json: dict[str, Any] = {
        "json_serializer": lambda value: orjson.dumps(value).decode(),
        "json_deserializer": orjson.loads,
    }
    if not url.startswith("sqlite"):
        return create_engine(
            url, pool_size=POOL_SIZE, max_overflow=POOL_SIZE, pool_timeout=wait_seconds, **as_json
        )
    engine = create_engine(url, connect_args={"timeout": SQLITE_BUSY_SECONDS}, **as_json)
    event.listen(engine, "connect", _prepare_sqlite_connection)
    event.listen(engine, "begin", _begin_on_sqlite)
    return engine


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin on its own; we say how
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")  # an answered push survives a power cut
    cursor.close()
    connection.create_function("distance_bits", 2, distance_bits, deterministic=True)


def _begin_on_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@dataclass(frozen=True)
class Glance:
    """A pooled connection outside any transaction, for `run`: a quarter of the work of making
    SQLAlchemy's own `Connection`, of which a statement handed to the driver needs nothing."""

    engine: Engine
    connection: PoolProxiedConnection

    @property
    def dialect(self) -> Dialect:
        """Which database it is."""
        return self.engine.dialect

    def invalidate(self, error: BaseException) -> None:
        """Keep a connection that broke out of the pool."""
        self.connection.invalidate(error)


class Database:
    """Opens transactions: `write()` to change, `read()` to look at one snapshot."""

    def __init__(self, url: str, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.wait_seconds = wait_seconds
        self.engine = make_engine(url, wait_seconds=wait_seconds)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        path = self.engine.url.database if self.is_sqlite else None
        self._turn = WriterTurn(f"{path}-turn") if path else None

    @contextmanager
    def write(self, *, in_a_hurry: bool = False) -> Iterator[Session]:
        """A transaction that commits when the block ends well and leaves nothing when it fails.

        What `after_commit` was given runs once the commit is durable. Raises TimeoutError when the
        wait for a connection lasts too long; who is in a hurry, because somebody waits for the
        answer, does not wait longer for the turn to write on SQLite either.
        """
        wait_seconds = self.wait_seconds if in_a_hurry else None
        turn = self._turn.taken(wait_seconds) if self._turn else nullcontext()
        with turn, Session(self.engine, expire_on_commit=False) as session:
            connection = session.connection(execution_options={"writes": True})
            session.info["connection"] = connection
            yield session
            reach("write.ready")
            session.commit()
            reach("write.committed")
        for act in session.info.get("after_commit", ()):
            act()

    @contextmanager
    def glance(self) -> Iterator[Glance]:
        """A connection for one statement that reads: by itself it is one snapshot, and saves the
        two round trips that begin and end a transaction. Raises OperationalError."""
        with closing(self._pooled()) as pooled:
            if not self.is_sqlite:  # its driver begins nothing by itself, and is left as prepared
                pooled.driver_connection.autocommit = True
            try:
                yield Glance(self.engine, pooled)
            finally:
                if not self.is_sqlite and pooled.is_valid:
                    pooled.driver_connection.autocommit = False

    def _pooled(self) -> Any:
        driver = self.engine.dialect.loaded_dbapi
        try:
            return self.engine.raw_connection()
        except driver.Error as error:
            raise OperationalError("connect", None, error) from error

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One snapshot: all that is read inside belongs to the same moment."""
        with Session(self.engine, expire_on_commit=False) as session:
            level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
            session.info["connection"] = session.connection(execution_options=level)
            yield session


def after_commit(session: Session, act: Callable[[], object]) -> None:
    """Have `act` run after the commit; for nudges whose loss a sweep makes good."""
    session.info.setdefault("after_commit", []).append(act)

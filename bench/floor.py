"""The floor (基准): the least that a server can do with a batch of documents, and nothing more.

Parse, one statement through a pool, answer: no auth, no history, no receipts, no feed. The floor
that Suijian is held against is the one on PostgreSQL, with psycopg's pool as it comes; the one on
SQLite only shows what that file allows.
Run by granian as `bench.floor:create_app`; `FLOOR_DATABASE` says where.
"""

import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import orjson
import psycopg
from flask import Flask, Response, request
from psycopg_pool import ConnectionPool

POOL_SIZE = 8
TABLES = (
    "CREATE TABLE pushed (id text PRIMARY KEY, data {json} NOT NULL)",
    "CREATE TABLE held (id text PRIMARY KEY, data {json} NOT NULL)",
)


class PostgresFloor:
    """One `INSERT … SELECT … FROM jsonb_array_elements … ON CONFLICT DO UPDATE`."""

    PUT = (
        "INSERT INTO {table} (id, data) SELECT d->>'id', d->'data' "
        "FROM jsonb_array_elements(%s::jsonb) AS d "
        "ON CONFLICT (id) DO UPDATE SET data = excluded.data"
    )
    PAGE = "SELECT id, data::text FROM held WHERE id > %s ORDER BY id LIMIT %s"

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool(url, min_size=POOL_SIZE, max_size=POOL_SIZE, open=True)

    @staticmethod
    def prepare(url: str) -> None:
        """Make the tables."""
        with psycopg.connect(url, autocommit=True) as connection:
            for table in TABLES:
                connection.execute(table.format(json="jsonb"))

    def put(self, table: str, documents: bytes) -> None:
        with self._pool.connection() as connection:
            connection.execute(self.PUT.format(table=table), [documents.decode()])

    def page(self, after: str, limit: int) -> Sequence[tuple[str, str]]:
        with self._pool.connection() as connection:
            return connection.execute(self.PAGE, [after, limit]).fetchall()


class SqliteFloor:
    """The same with `json_each`; commits are as durable (WAL, synchronous = FULL)."""

    PUT = (
        "INSERT INTO {table} (id, data) SELECT json_extract(value, '$.id'), "
        "json_extract(value, '$.data') FROM json_each(?) WHERE true "
        "ON CONFLICT (id) DO UPDATE SET data = excluded.data"
    )
    PAGE = "SELECT id, data FROM held WHERE id > ? ORDER BY id LIMIT ?"

    def __init__(self, url: str) -> None:
        self._path = url.removeprefix("sqlite:///")
        self._own = threading.local()
        self._turn = threading.Lock()

    @staticmethod
    def prepare(url: str) -> None:
        """Make the tables."""
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for table in TABLES:
                connection.execute(table.format(json="text"))

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._own, "connection"):
            self._own.connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
            self._own.connection.execute("PRAGMA synchronous = FULL")
        connection: sqlite3.Connection = self._own.connection
        return connection

    def put(self, table: str, documents: bytes) -> None:
        with self._turn:
            self._connection().execute(self.PUT.format(table=table), [documents.decode()])

    def page(self, after: str, limit: int) -> Sequence[tuple[str, str]]:
        return self._connection().execute(self.PAGE, [after, limit]).fetchall()


def floor_of(url: str) -> type[PostgresFloor] | type[SqliteFloor]:
    """The floor for a database."""
    return SqliteFloor if url.startswith("sqlite") else PostgresFloor


def create_app() -> Flask:
    """Two routes, and one that says that it is there."""
    app = Flask(__name__)
    url = os.environ["FLOOR_DATABASE"]
    floor = floor_of(url)(url)

    @app.get("/healthz")
    def health() -> Response:
        return _json(b"{}")

    @app.post("/push/<any(pushed, held):table>")
    def push(table: str) -> Response:
        documents: list[Any] = orjson.loads(request.get_data())
        floor.put(table, orjson.dumps(documents))
        return _json(b'{"stored":%d}' % len(documents))

    @app.get("/pull")
    def pull() -> Response:
        after, limit = request.args.get("cursor", ""), int(request.args["limit"])
        rows = floor.page(after, limit)
        changes = ",".join(f'{{"id":"{id_}","data":{data}}}' for id_, data in rows)
        cursor = rows[-1][0] if rows else after
        return _json(f'{{"changes":[{changes}],"cursor":"{cursor}"}}'.encode())

    return app


def _json(body: bytes) -> Response:
    return Response(body, mimetype="application/json")

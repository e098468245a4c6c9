"""The device's SQLite file: who uses it, the mirror of the server's data, the outbox, the photos.

One rule makes it safe against a crash at any moment: whatever belongs together is written in one
transaction. A local edit changes the mirror and the outbox together; a page of changes and its
cursor land together; a receipt and what it says about the entity land together.

A `Store` is used by one thread, and its file by one process at a time.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from client.photo_folder import PhotoFolder

BUSY_SECONDS = 10.0

FIRST_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE accounts (
  user_id TEXT PRIMARY KEY,
  username TEXT NOT NULL UNIQUE,
  profile TEXT NOT NULL,          -- the `user` object of the login answer
  device_id TEXT NOT NULL,        -- what the server calls this installation
  access_token TEXT,
  refresh_token TEXT,
  cursor TEXT                     -- how far this person's feed has been read
);

CREATE TABLE mirror (
  user_id TEXT NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  task_id TEXT,
  rev INTEGER,                    -- of `server`; NULL while the server has not confirmed it
  server TEXT,                    -- what the server last said
  shown TEXT,                     -- the same with our unconfirmed ops on top; NULL when deleted
  leaving INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, type, id)
);
CREATE INDEX mirror_of_task ON mirror (user_id, task_id, type);

CREATE TABLE outbox (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id TEXT NOT NULL,
  op_id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  action TEXT NOT NULL,
  base_rev INTEGER,
  patch TEXT NOT NULL,
  hlc TEXT NOT NULL,
  depends_on TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting',
  attempts INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  settled_rev INTEGER             -- the version of the entity that first contains this op
);
CREATE INDEX outbox_of_entity ON outbox (user_id, type, id);

CREATE TABLE photos (
  photo_id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  filename TEXT NOT NULL,
  media_type TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting',
  upload_url TEXT,
  reason TEXT
);
"""

SECOND_SCHEMA = """
CREATE TABLE kept_ops (           -- answered, and kept in case the server forgets it
  position INTEGER PRIMARY KEY,
  user_id TEXT NOT NULL,
  op_id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  action TEXT NOT NULL,
  base_rev INTEGER,
  patch TEXT NOT NULL,
  hlc TEXT NOT NULL,
  depends_on TEXT NOT NULL,
  device_id TEXT NOT NULL,        -- under which it was answered
  kept_ms INTEGER
);
ALTER TABLE photos ADD COLUMN kept_ms INTEGER;
ALTER TABLE accounts ADD COLUMN epoch TEXT
"""

#: `mends`: the refused op that this one stands for
THIRD_SCHEMA = """
ALTER TABLE outbox ADD COLUMN mends TEXT;
ALTER TABLE kept_ops ADD COLUMN mends TEXT
"""

SCHEMAS = (FIRST_SCHEMA, SECOND_SCHEMA, THIRD_SCHEMA)
"""Each brings a store to the version of its number, counted from one."""


class Store:
    """An open device file. Photo bytes lie beside it in `<file>.photos/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.photos = PhotoFolder(path.with_name(path.name + ".photos"))
        self.db = _open(path)
        self._prepare()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. `IMMEDIATE`: what is read inside cannot change before it is written."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def close(self) -> None:
        """Give the file back."""
        self.db.close()

    def wipe(self) -> None:
        """Erase everything, the outbox too: only for a device that was declared lost."""
        with self.transaction() as db:
            for table in ("meta", "accounts", "mirror", "outbox", "kept_ops", "photos"):
                db.execute(f"DELETE FROM {table}")
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.db.execute("VACUUM")
        self.photos.wipe()

    def _prepare(self) -> None:
        with self.transaction() as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version > len(SCHEMAS):
                raise ValueError(f"{self.path}: store version {version}, not {len(SCHEMAS)}")
            for schema in SCHEMAS[version:]:
                for statement in schema.split(";\n"):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version = {len(SCHEMAS)}")


def _open(path: Path) -> sqlite3.Connection:
    """Durable before fast: an edit that was shown as saved survives a power cut."""
    db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA secure_delete = ON")
    return db


def get_meta(db: sqlite3.Connection, key: str) -> str | None:
    """A single remembered value of the installation."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row["value"])


def set_meta(db: sqlite3.Connection, key: str, value: str | None) -> None:
    """Remember a value; None forgets it."""
    db.execute("DELETE FROM meta WHERE key = ?", (key,))
    if value is not None:
        db.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (key, value))


def dump(value: Any) -> str:
    """JSON for a column."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def load(text: str | None) -> Any:
    """The value in a JSON column; None for NULL."""
    return None if text is None else json.loads(text)

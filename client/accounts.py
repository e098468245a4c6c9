"""Who has used this device, and who does now.

A tablet may be shared. Each person has tokens, cursor, mirror and queue of their own; only the one
who signed in last is active, and nobody else's token stays on the device.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from client.folding import Writer
from client.store import Store, dump, get_meta, load, set_meta
from client.wire import Tokens

CURRENT_USER = "current_user"


@dataclass(frozen=True)
class Account:
    """One person on this device."""

    user_id: str
    username: str
    profile: dict[str, Any]
    device_id: str

    @property
    def writer(self) -> Writer:
        """How this person is named beside what they write: the officer, or else the user."""
        return Writer(str(self.profile.get("officer_id") or self.user_id), self.device_id)


def sign_in(
    db: sqlite3.Connection,
    *,
    username: str,
    profile: dict[str, Any],
    device_id: str,
    tokens: Tokens,
) -> None:
    """Make this person the active one. Their queue and cursor from earlier days stay."""
    db.execute("UPDATE accounts SET access_token = NULL, refresh_token = NULL")
    db.execute(
        """INSERT INTO accounts
             (user_id, username, profile, device_id, access_token, refresh_token)
           VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (user_id) DO UPDATE SET
             username = excluded.username, profile = excluded.profile,
             access_token = excluded.access_token, refresh_token = excluded.refresh_token,
             device_id = excluded.device_id""",
        (profile["id"], username, dump(profile), device_id, tokens.access, tokens.refresh),
    )
    set_meta(db, CURRENT_USER, str(profile["id"]))


def sign_out(db: sqlite3.Connection) -> None:
    """Nobody is active, no token is left; every queue stays."""
    db.execute("UPDATE accounts SET access_token = NULL, refresh_token = NULL")
    set_meta(db, CURRENT_USER, None)


def current(db: sqlite3.Connection) -> Account | None:
    """The active person, with or without a valid token."""
    row = db.execute(
        "SELECT * FROM accounts WHERE user_id = ?", (get_meta(db, CURRENT_USER),)
    ).fetchone()
    if row is None:
        return None
    return Account(row["user_id"], row["username"], load(row["profile"]), row["device_id"])


def known_device_id(db: sqlite3.Connection, username: str) -> str | None:
    """The id the server gave to this installation for this person, once it has given one.

    On a shared tablet each person has one: a device is an installation in one person's hands.
    """
    row = db.execute("SELECT device_id FROM accounts WHERE username = ?", (username,)).fetchone()
    return None if row is None else str(row["device_id"])


def get_cursor(db: sqlite3.Connection, user_id: str) -> str | None:
    """How far this person's feed has been read; None means from the beginning."""
    row = db.execute("SELECT cursor FROM accounts WHERE user_id = ?", (user_id,)).fetchone()
    return None if row is None else row["cursor"]


def set_cursor(db: sqlite3.Connection, user_id: str, cursor: str | None) -> None:
    """Remember the cursor, in the transaction of the page it came with."""
    db.execute("UPDATE accounts SET cursor = ? WHERE user_id = ?", (cursor, user_id))


def get_epoch(db: sqlite3.Connection, user_id: str) -> str | None:
    """The server's epoch (纪元) in which this person last synced."""
    row = db.execute("SELECT epoch FROM accounts WHERE user_id = ?", (user_id,)).fetchone()
    return None if row is None else row["epoch"]


def set_epoch(db: sqlite3.Connection, user_id: str, epoch: str) -> None:
    """Remember the epoch, once all that it demands was done."""
    db.execute("UPDATE accounts SET epoch = ? WHERE user_id = ?", (epoch, user_id))


class StoredTokens:
    """One person's tokens in the store (the `TokenKeeper` of the HTTP layer).

    A product would put them into the keystore of the operating system instead.
    """

    def __init__(self, store: Store, user_id: str) -> None:
        self._store = store
        self._user_id = user_id

    def tokens(self) -> Tokens | None:
        """The pair as it stands in the store now: another process may have renewed it."""
        row = self._store.db.execute(
            "SELECT access_token, refresh_token FROM accounts WHERE user_id = ?", (self._user_id,)
        ).fetchone()
        if row is None or row["access_token"] is None:
            return None
        return Tokens(row["access_token"], row["refresh_token"])

    def keep(self, tokens: Tokens) -> None:
        """Store a renewed pair."""
        self._write(tokens.access, tokens.refresh)

    def forget(self) -> None:
        """Drop the pair; the account and its queue stay."""
        self._write(None, None)

    def _write(self, access: str | None, refresh: str | None) -> None:
        with self._store.transaction() as db:
            db.execute(
                "UPDATE accounts SET access_token = ?, refresh_token = ? WHERE user_id = ?",
                (access, refresh, self._user_id),
            )

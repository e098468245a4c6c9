"""What goes into the ledger, in the transaction of the act that it tells of.

Entry, tiles and signed checkpoint are committed together with the act, so nothing that is public
lacks its entry, and no checkpoint covers what is not there. Whoever appends waits for the one
before: only acts that are published append, and they are few.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import orjson
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import note, tiles
from ledger.checkpoint import Checkpoint
from ledger.entries import Entry
from ledger.merkle import leaf_hash, root
from ledger.tiles import Tile
from server.clock import wire_time
from server.errors import DomainError
from server.models import LedgerBody, LedgerCheckpoint, LedgerEntry, LedgerTile
from server.services.bulk import is_sqlite
from server.services.upsert import insert_missing
from server.signing import Signer

LEDGER_LOCK = 0x1ED6E  # PostgreSQL advisory lock of the one who appends


def append_body(
    session: Session, *, signer: Signer | None, kind: str, name: str, body: object, now: datetime
) -> int:
    """Append the digest of a body that may be public, and keep the body beside the ledger; gives
    the entry's position. Raises `ledger_key_missing`."""
    content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    digest = sha256(content).hexdigest()
    insert_missing(session, LedgerBody, [{"digest": digest, "content": content}])
    return append(session, signer=signer, said=[(kind, name, digest)], now=now)


def append(
    session: Session, *, signer: Signer | None, said: Sequence[tuple[str, str, str]], now: datetime
) -> int:
    """Append entries (kind, name, digest), and sign the tree with them; gives the position of the
    first. Raises `ledger_key_missing` where this server has no key."""
    if signer is None:
        raise DomainError("ledger_key_missing")
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LEDGER_LOCK})
    size = size_of(session)
    entries = [Entry(kind, name, digest, wire_time(now)) for kind, name, digest in said]
    contents = [entry.encoded() for entry in entries]
    for position, (entry, content) in enumerate(zip(entries, contents, strict=True), start=size):
        session.add(
            LedgerEntry(
                position=position, kind=entry.kind, name=entry.name, digest=entry.digest,
                content=content, at=now,
            )
        )  # fmt: skip
    _grow(session, size, [leaf_hash(content) for content in contents])
    _sign(session, signer, size + len(contents), now=now)
    session.flush()
    return size


def size_of(session: Session) -> int:
    """How many entries the ledger has."""
    newest = select(LedgerEntry.position).order_by(LedgerEntry.position.desc()).limit(1)
    position = session.scalar(newest)
    return 0 if position is None else position + 1


def stored_tile(session: Session, tile: Tile) -> bytes:
    """The bytes of a tile that is there."""
    return session.get_one(LedgerTile, tile.path).content


def _grow(session: Session, size: int, leaves: Sequence[bytes]) -> None:
    grown = list(tiles.grow(size, leaves, lambda tile: stored_tile(session, tile)))
    session.add_all(LedgerTile(path=tile.path, content=content) for tile, content in grown)
    session.flush()


def _sign(session: Session, signer: Signer, size: int, *, now: datetime) -> None:
    read = tiles.reader(size, lambda tile: stored_tile(session, tile))
    text_ = Checkpoint(signer.origin, size, root(size, read)).text()
    signed = note.signed(text_, signer.key, signer.sign).encoded().decode()
    session.add(LedgerCheckpoint(size=size, note=signed, at=now))

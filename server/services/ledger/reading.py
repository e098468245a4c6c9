"""The ledger as the files that tlog-tiles names, and proofs that verify offline."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger import note, proof, tiles
from ledger.entries import bundled
from ledger.faults import LedgerFault
from ledger.tiles import WIDTH
from server.errors import DomainError
from server.models import LedgerBody, LedgerCheckpoint, LedgerEntry, LedgerTile
from server.services.ledger.appending import size_of, stored_tile

_PATH = re.compile(r"tile/(entries|\d\d?)/((?:x\d{3}/){0,5}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def newest_checkpoint(session: Session) -> str:
    """The signed checkpoint over all entries. Raises `not_found` before the first."""
    query = select(LedgerCheckpoint.note).order_by(LedgerCheckpoint.size.desc()).limit(1)
    found = session.scalar(query)
    if found is None:
        raise DomainError("not_found")
    return found


def file_at(session: Session, path: str) -> bytes:
    """A tile or a bundle of entries, by its path below the prefix. Raises `not_found`."""
    asked = _PATH.fullmatch(path)
    if asked is None:
        raise DomainError("not_found")
    if asked[1] != "entries":
        tile = session.get(LedgerTile, path)
        if tile is None:
            raise DomainError("not_found")
        return tile.content
    width = int(asked[3] or WIDTH)
    first = _numbered(asked[2]) * WIDTH
    if width > WIDTH or first + width > size_of(session):
        raise DomainError("not_found")
    return bundled(_entries(session, first, width))


def proof_of(session: Session, position: int) -> bytes:
    """The proof of an entry under the newest checkpoint, as a file. Raises `not_found`."""
    checkpoint = note.parsed(newest_checkpoint(session).encode())
    size = session.scalar(
        select(LedgerCheckpoint.size).order_by(LedgerCheckpoint.size.desc()).limit(1)
    )
    read = tiles.reader(size or 0, lambda tile: stored_tile(session, tile))
    try:
        return proof.proved(position, checkpoint, read).encoded()
    except LedgerFault:
        raise DomainError("not_found") from None


def entry_at(session: Session, position: int) -> bytes:
    """An entry's bytes. Raises `not_found`."""
    if position >= size_of(session):
        raise DomainError("not_found")
    return session.get_one(LedgerEntry, position).content


def body_of(session: Session, digest: str) -> bytes:
    """The public body that an entry is a digest of. Raises `not_found`."""
    body = session.get(LedgerBody, digest) if _DIGEST.fullmatch(digest) else None
    if body is None:
        raise DomainError("not_found")
    return body.content


def _entries(session: Session, first: int, count: int) -> list[bytes]:
    query = (
        select(LedgerEntry.content)
        .where(LedgerEntry.position >= first, LedgerEntry.position < first + count)
        .order_by(LedgerEntry.position)
    )
    return list(session.scalars(query))


def _numbered(text: str) -> int:
    return int(text.replace("x", "").replace("/", ""))

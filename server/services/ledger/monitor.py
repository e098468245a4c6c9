"""The monitor (账本核查): walks the whole ledger and names the first thing that is not as it was.

What it cannot see by itself is a ledger that was made anew, whole, by someone with the database and
the key: for that, keep a checkpoint elsewhere and give it as `known`.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger import checkpoint, entries, merkle, note, tiles
from ledger.checkpoint import Checkpoint
from ledger.faults import LedgerFault
from ledger.merkle import Edge
from ledger.note import Key
from server.models import LedgerBody, LedgerCheckpoint, LedgerEntry, LedgerTile
from server.signing import check_signature

BATCH = 5_000


class Finding(NamedTuple):
    """What was found: how many entries, and the first fault, if there is one."""

    entries: int
    fault: str | None


def walk(session: Session, *, key: Key, known: str | None = None) -> Finding:
    """Compare entries, tiles, bodies and checkpoints in one snapshot. `known` is a checkpoint that
    was kept elsewhere."""
    try:
        signed = [_signed(kept, key) for kept in _checkpoints(session)]
        signed += [_signed(known, key)] if known else []
        leaves = _checked_leaves(session, signed)
        _check_tiles(session, leaves)
        _check_bodies(session)
    except LedgerFault as fault:
        return Finding(_count(session), str(fault))
    return Finding(len(leaves), None)


def _leaves(session: Session) -> Iterator[bytes]:
    position = 0
    while True:
        rows = session.scalars(
            select(LedgerEntry)
            .where(LedgerEntry.position >= position)
            .order_by(LedgerEntry.position)
            .limit(BATCH)
        ).all()
        for row in rows:
            if row.position != position:
                raise LedgerFault("entry_missing", f"entry {position}")
            said = entries.decoded(row.content)
            if (said.kind, said.name, said.digest) != (row.kind, row.name, row.digest):
                raise LedgerFault("entry_changed", f"entry {position}")
            yield merkle.leaf_hash(row.content)
            position += 1
        session.expunge_all()
        if len(rows) < BATCH:
            return


def _check_tiles(session: Session, leaves: list[bytes]) -> None:
    stored = {tile.path: tile.content for tile in session.scalars(select(LedgerTile))}
    grown = tiles.grow(0, leaves, lambda _: b"")
    for tile, content in grown:
        if stored.get(tile.path) != content:
            raise LedgerFault("tile_changed", tile.path)


def _check_bodies(session: Session) -> None:
    for body in session.scalars(select(LedgerBody).execution_options(yield_per=100)):
        if sha256(body.content).hexdigest() != body.digest:
            raise LedgerFault("body_changed", body.digest)


def _checkpoints(session: Session) -> list[str]:
    return list(session.scalars(select(LedgerCheckpoint.note).order_by(LedgerCheckpoint.size)))


def _signed(kept: str, key: Key) -> Checkpoint:
    signed = note.parsed(kept.encode())
    note.verify(signed, [key], check_signature)
    return checkpoint.from_text(signed.text)


def _checked_leaves(session: Session, signed: Sequence[Checkpoint]) -> list[bytes]:
    """All leaves, once every root that was signed was met on the way."""
    roots: dict[int, set[bytes]] = {}
    for said in signed:
        roots.setdefault(said.size, set()).add(said.root)
    edge, leaves = Edge(), []
    for leaf in _leaves(session):
        edge.add(leaf)
        leaves.append(leaf)
        if roots.pop(edge.size, {edge.root}) != {edge.root}:
            raise LedgerFault("root_mismatch", f"the checkpoint over {edge.size}")
    if roots:
        raise LedgerFault("entries_cut_off", f"{max(roots)} were signed, {edge.size} are there")
    return leaves


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(LedgerEntry)) or 0

"""The chain over the audit trail: each seal is SHA-256 of the seal before and of its entry (N5).

Sealing happens after commit, in the background, so that no write waits for a global lock. The
order of sealing is what counts, not the order of ids: PostgreSQL hands an id out before the
transaction commits, so a lower id may become visible after a higher one; it is then sealed later.

    digest(0) = 32 zero bytes
    digest(n) = SHA-256( digest(n-1) ‖ entry(n) )
    entry     = JSON, UTF-8, keys sorted, no blanks, of every column of the audit row

The chain shows that an entry was changed, removed, inserted or moved since it was sealed. It does
not show that the newest seals were cut off together, nor that someone with the whole database made
the chain anew: for that its head is anchored elsewhere.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from server.clock import to_ms
from server.models import AuditEntry, AuditSeal
from server.services.bulk import Insert, insert_rows, is_sqlite

GENESIS = "0" * 64
BATCH = 5_000
#: How far below the newest sealed id late ones are looked for at every turn; a transaction would
#: have to stay open while so many others write to be missed, and the daily turn looks everywhere.
LATE_IDS = 100_000
SEALER_LOCK = 0x5EA1  # PostgreSQL advisory lock of the one who seals
COLUMNS = tuple(column.key for column in AuditEntry.__table__.columns)
SEAL_COLUMNS = {
    "position": "bigint",
    "audit_id": "bigint",
    "digest": "text",
    "sealed_at_ms": "bigint",
}


@dataclass(frozen=True)
class Fault:
    """The first place where the chain does not hold."""

    position: int
    audit_id: int | None
    reason: str


@dataclass(frozen=True)
class Verification:
    """What a walk along the chain found; `unsealed` entries wait for the sealer."""

    sealed: int
    unsealed: int
    head: str
    fault: Fault | None


def seal_batch(
    session: Session, *, now: datetime, limit: int = BATCH, everywhere: bool = False
) -> int:
    """Chain up to `limit` entries that are not yet sealed, in one statement; gives how many.

    `everywhere` also finds entries that became visible very late. Two sealers take turns.
    """
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEALER_LOCK})
    position, digest = _head(session)
    seals = []
    for entry in _unsealed(session, limit=limit, everywhere=everywhere):
        position += 1
        digest = chain(digest, entry)
        seals.append(
            {
                "position": position,
                "audit_id": entry["id"],
                "digest": digest,
                "sealed_at_ms": to_ms(now),
            }
        )
    insert_rows(session, Insert("audit_seals", SEAL_COLUMNS, seals))
    return len(seals)


def chain(previous: str, entry: dict[str, Any]) -> str:
    """The digest that follows `previous` (both 64 hex digits) over one entry."""
    return hashlib.sha256(bytes.fromhex(previous) + canonical(entry)).hexdigest()


def canonical(entry: dict[str, Any]) -> bytes:
    """The one way an entry is written as bytes."""
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)


def verify(session: Session, *, batch: int = BATCH) -> Verification:
    """Walk the whole chain in one snapshot, `batch` seals at a time; stops at the first fault."""
    position, digest = 0, GENESIS
    for seal, entry in _sealed(session, batch=batch):
        fault = _fault_at(seal, entry, expected_position=position + 1, previous=digest)
        if fault is not None:
            return Verification(position, _count_unsealed(session), digest, fault)
        position, digest = seal.position, seal.digest
    return Verification(position, _count_unsealed(session), digest, None)


def _fault_at(
    seal: AuditSeal, entry: dict[str, Any] | None, *, expected_position: int, previous: str
) -> Fault | None:
    if seal.position != expected_position:
        return Fault(expected_position, None, "the seal is missing")
    if entry is None:
        return Fault(seal.position, seal.audit_id, "the entry is missing")
    if chain(previous, entry) != seal.digest:
        return Fault(seal.position, seal.audit_id, "the entry or its seal was changed")
    return None


def _head(session: Session) -> tuple[int, str]:
    row = session.execute(
        select(AuditSeal.position, AuditSeal.digest).order_by(AuditSeal.position.desc()).limit(1)
    ).one_or_none()
    return (row.position, row.digest) if row else (0, GENESIS)


def _unsealed(session: Session, *, limit: int, everywhere: bool) -> list[dict[str, Any]]:
    query = (
        select(*AuditEntry.__table__.columns)
        .outerjoin(AuditSeal, AuditSeal.audit_id == AuditEntry.id)
        .where(AuditSeal.audit_id.is_(None))
        .order_by(AuditEntry.id)
        .limit(limit)
    )
    if not everywhere:
        newest = session.scalar(select(func.max(AuditSeal.audit_id))) or 0
        query = query.where(AuditEntry.id > newest - LATE_IDS)
    return [dict(row) for row in session.execute(query).mappings()]


def _sealed(session: Session, *, batch: int) -> Iterator[tuple[AuditSeal, dict[str, Any] | None]]:
    position = -1
    while True:
        rows = session.execute(
            select(AuditSeal, *AuditEntry.__table__.columns)
            .outerjoin(AuditEntry, AuditEntry.id == AuditSeal.audit_id)
            .where(AuditSeal.position > position)
            .order_by(AuditSeal.position)
            .limit(batch)
        ).all()
        for seal, *values in rows:
            entry = dict(zip(COLUMNS, values, strict=True))
            yield seal, None if entry["id"] is None else entry
        if len(rows) < batch:
            return
        position = rows[-1][0].position
        session.expunge_all()


def _count_unsealed(session: Session) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(AuditEntry)
            .outerjoin(AuditSeal, AuditSeal.audit_id == AuditEntry.id)
            .where(AuditSeal.audit_id.is_(None))
        )
        or 0
    )

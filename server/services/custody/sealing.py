"""Each photo's events become a chain of its own, sealed after commit (保管链封存).

No write waits for it: who adds an event takes no lock for the chain's sake, and one sealer at a
time links what was committed. The order of sealing is what counts; see docs/adr/0013. How a link is
computed says `custody/verify.py`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, select, text
from sqlalchemy.orm import Session

from custody.kinds import KINDS
from custody.verify import follow, genesis
from server.clock import from_ms, to_ms, wire_time
from server.db import Database
from server.failpoints import reach
from server.models import CustodyEvent, CustodySeal
from server.services.bulk import Insert, as_json, ids_from_json, insert_rows, is_sqlite
from server.services.sql import run

BATCH = 2_000
SEALER_LOCK = 0x5EA4  # PostgreSQL advisory lock of the one who seals
#: how far before the event that was sealed last late ones are looked for at every turn; a
#: transaction would have to stay open for as long to be missed, and the daily turn looks everywhere
LATE = timedelta(hours=1)
SEAL_COLUMNS = {
    "number": "bigint",
    "photo_id": "text",
    "position": "bigint",
    "event_id": "text",
    "digest": "text",
    "sealed_at_ms": "bigint",
}
_IN_ORDER = (
    CustodyEvent.at,
    case({kind: place for place, kind in enumerate(KINDS)}, value=CustodyEvent.kind),
    CustodyEvent.id,
)


def as_sealed(event: CustodyEvent) -> dict[str, Any]:
    """An event as it is hashed; docs/evidence/custody.md lists the fields."""
    return {
        "id": event.id,
        "photo_id": event.photo_id,
        "kind": event.kind,
        "at": wire_time(event.at),
        "user_id": event.user_id,
        "device_id": event.device_id,
        "details": event.details,
    }


def seal_waiting(database: Database, *, now: datetime, everywhere: bool = False) -> None:
    """Chain all events that are not yet sealed, batch by batch, each in a transaction."""
    sealed = BATCH
    while sealed == BATCH:
        with database.write() as session:
            sealed = seal_batch(session, now=now, everywhere=everywhere)
            reach("custody.chained")


def seal_batch(
    session: Session,
    *,
    now: datetime,
    limit: int = BATCH,
    everywhere: bool = False,
    photo_ids: Sequence[str] | None = None,
) -> int:
    """Chain up to `limit` events that are not yet sealed; gives how many.

    `everywhere` also finds those that became visible very late; `photo_ids` seals of these photos
    alone, however old. Two sealers take turns.
    """
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": SEALER_LOCK})
    newest = session.execute(
        select(CustodySeal.number, CustodySeal.sealed_at_ms, CustodyEvent.at)
        .join(CustodyEvent, CustodyEvent.id == CustodySeal.event_id)
        .order_by(CustodySeal.number.desc())
        .limit(1)
    ).one_or_none()
    since = None
    if newest and not everywhere and photo_ids is None:
        # the event's time, for what piled up is sealed in its order, batch by batch; and not later
        # than the seal's, lest an app server whose clock runs ahead hides what the others write
        since = min(newest.at, from_ms(newest.sealed_at_ms)) - LATE
    events = _unsealed(session, limit=limit, since=since, photo_ids=photo_ids)
    heads = _heads(session, {event.photo_id for event in events})
    number = newest.number if newest else 0
    seals = [
        {**_link(heads, event), "number": number + place, "sealed_at_ms": to_ms(now)}
        for place, event in enumerate(events, start=1)
    ]
    insert_rows(session, Insert("custody_seals", SEAL_COLUMNS, seals))
    return len(seals)


def _link(heads: dict[str, tuple[int, str]], event: CustodyEvent) -> dict[str, Any]:
    """The next link of the event's chain, which becomes its head."""
    position, digest = heads.get(event.photo_id, (0, genesis(event.photo_id)))
    heads[event.photo_id] = position + 1, follow(digest, as_sealed(event))
    position, digest = heads[event.photo_id]
    return {
        "photo_id": event.photo_id,
        "position": position,
        "event_id": event.id,
        "digest": digest,
    }


def _unsealed(
    session: Session, *, limit: int, since: datetime | None, photo_ids: Sequence[str] | None
) -> Sequence[CustodyEvent]:
    sealed = select(CustodySeal.number).where(CustodySeal.event_id == CustodyEvent.id)
    query = select(CustodyEvent).where(~sealed.exists()).order_by(*_IN_ORDER).limit(limit)
    if since is not None:
        query = query.where(CustodyEvent.at >= since)
    if photo_ids is not None:
        query = query.where(CustodyEvent.photo_id.in_(photo_ids))
    return session.scalars(query).all()


def _heads(session: Session, photo_ids: set[str]) -> dict[str, tuple[int, str]]:
    """The last link of each chain that has begun."""
    rows = run(
        session,
        "SELECT s.photo_id, s.position, s.digest FROM custody_seals s JOIN (SELECT photo_id, "
        "max(position) AS position FROM custody_seals WHERE photo_id IN "
        f"{ids_from_json(session)} GROUP BY photo_id) h "
        "ON h.photo_id = s.photo_id AND h.position = s.position",
        {"ids": as_json(sorted(photo_ids))},
    )
    return {row.photo_id: (row.position, row.digest) for row in rows}

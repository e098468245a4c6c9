"""Are the chains what they were? Every link computed anew, and compared with the photo's row.

Read in one snapshot, page by page; memory grows with the longest chain, not with their number.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from custody.verify import follow, genesis
from server.models import CustodyEvent, CustodySeal, Photo
from server.services.custody.faults import Fault, Selection
from server.services.custody.sealing import LATE, as_sealed
from server.services.evidence.verification import PAST

PAGE = 500
_IDS_AFTER = " UNION ".join(
    f"SELECT id FROM (SELECT DISTINCT {column} AS id FROM {table} WHERE {column} > :after "
    f"ORDER BY {column} LIMIT {PAGE}) AS {table}_ids"
    for table, column in (
        ("photos", "id"), ("custody_events", "photo_id"), ("custody_seals", "photo_id"),
    )
)  # fmt: skip


class Written(NamedTuple):
    """An anchor as it bears on events: seals up to number `seals` were made when it was."""

    seals: int
    made_at: datetime


class Link(NamedTuple):
    """A seal and the event that it seals, as far as that is still there."""

    seal: CustodySeal
    event: CustodyEvent | None


def photos_to_verify(session: Session, selection: Selection) -> int:
    """How many photos `verify_chains` will walk through; about, where some have events alone."""
    return session.scalar(select(func.count()).select_from(selection.photos().subquery())) or 0


def is_known(session: Session, photo_id: str) -> bool:
    """Whether a photo was ever declared, or anything happened to it."""
    rows = (
        select(Photo.id).where(Photo.id == photo_id),
        select(CustodyEvent.id).where(CustodyEvent.photo_id == photo_id),
        select(CustodySeal.event_id).where(CustodySeal.photo_id == photo_id),
    )
    return any(session.scalars(each.limit(1)).first() is not None for each in rows)


def verify_chains(
    session: Session,
    *,
    selection: Selection,
    anchors: Sequence[Written],
    advance: Callable[[int], object],
) -> Iterator[Fault]:
    """The first fault of each chain, and of each photo whose chain holds. `advance` is told how
    many photos were done."""
    for photo_ids in _pages(session, selection):
        yield from _verify_page(session, photo_ids, anchors)
        session.expunge_all()
        advance(len(photo_ids))


def _pages(session: Session, selection: Selection) -> Iterator[list[str]]:
    """The ids of the chosen photos; of all, also those that are known by events alone."""
    if selection.photo_id is not None:
        yield [selection.photo_id]
        return
    after = ""
    while True:
        if selection.is_everything:
            found = text(f"{_IDS_AFTER} ORDER BY id LIMIT {PAGE}").bindparams(after=after)
            photo_ids = list(session.scalars(found))
        else:
            chosen = selection.photos().where(Photo.id > after).order_by(Photo.id).limit(PAGE)
            photo_ids = list(session.scalars(chosen))
        if photo_ids:
            yield photo_ids
        if len(photo_ids) < PAGE:
            return
        after = photo_ids[-1]


def _verify_page(
    session: Session, photo_ids: Sequence[str], anchors: Sequence[Written]
) -> Iterator[Fault]:
    photos = {
        photo.id: photo for photo in session.scalars(select(Photo).where(Photo.id.in_(photo_ids)))
    }
    unsealed = _unsealed(session, photo_ids)
    whole: dict[str, list[CustodyEvent]] = {photo_id: [] for photo_id in photo_ids}
    for photo_id, links in _links(session, photo_ids):
        fault = _first_fault(photo_id, links) or _backdated(links, anchors)
        if fault is not None:
            yield fault
            whole.pop(photo_id)
        else:
            whole[photo_id] = [link.event for link in links if link.event]
    newest = anchors[-1].made_at if anchors else None
    for photo_id, events in whole.items():
        late = unsealed.get(photo_id, [])
        for event in late:
            if newest is not None and event.at < newest - LATE:
                yield Fault("event-inserted", _place(photo_id, event=event))
        if photo_id in photos:
            yield from _compare(photos[photo_id], [*events, *late])


def _links(session: Session, photo_ids: Sequence[str]) -> Iterator[tuple[str, list[Link]]]:
    """The chains of these photos, link by link."""
    rows = session.execute(
        select(CustodySeal, CustodyEvent)
        .outerjoin(CustodyEvent, CustodyEvent.id == CustodySeal.event_id)
        .where(CustodySeal.photo_id.in_(photo_ids))
        .order_by(CustodySeal.photo_id, CustodySeal.position)
    )
    links = (Link(seal, event) for seal, event in rows)
    for photo_id, chain in groupby(links, key=lambda link: link.seal.photo_id):
        yield photo_id, list(chain)


def _unsealed(session: Session, photo_ids: Sequence[str]) -> Mapping[str, list[CustodyEvent]]:
    sealed = select(CustodySeal.number).where(CustodySeal.event_id == CustodyEvent.id)
    events = session.scalars(
        select(CustodyEvent)
        .where(CustodyEvent.photo_id.in_(photo_ids), ~sealed.exists())
        .order_by(CustodyEvent.photo_id, CustodyEvent.at)
    )
    return {key: list(group) for key, group in groupby(events, key=lambda event: event.photo_id)}


def _first_fault(photo_id: str, links: Sequence[Link]) -> Fault | None:
    digest = genesis(photo_id)
    for place, link in enumerate(links):
        position = place + 1
        if link.seal.position != position or link.event is None:
            return Fault("event-removed", _place(photo_id, position=position))
        if not _follows(digest, link):
            return _named_break(photo_id, links, place, digest)
        digest = link.seal.digest
    return None


def _follows(digest: str, link: Link) -> bool:
    event = link.event
    return (
        event is not None
        and event.photo_id == link.seal.photo_id
        and follow(digest, as_sealed(event)) == link.seal.digest
    )


def _named_break(photo_id: str, links: Sequence[Link], place: int, digest: str) -> Fault:
    """A link that does not follow was itself changed, unless the chain closes without it, or
    without the one before: then that one was pushed in between."""
    position, event = place + 1, links[place].event
    if place + 1 < len(links) and _follows(digest, links[place + 1]):
        return Fault("event-inserted", _place(photo_id, position=position, event=event))
    if place > 0:
        before = links[place - 2].seal.digest if place > 1 else genesis(photo_id)
        if _follows(before, links[place]):
            pushed = links[place - 1].event
            return Fault("event-inserted", _place(photo_id, position=place, event=pushed))
    return Fault("event-changed", _place(photo_id, position=position, event=event))


def _backdated(links: Sequence[Link], anchors: Sequence[Written]) -> Fault | None:
    """An event that was sealed after an anchor, and says that it happened well before that: when
    the anchor was made, everything committed had been sealed."""
    for seal, event in links:
        earlier = bisect_left(anchors, seal.number, key=lambda anchor: anchor.seals) - 1
        if earlier >= 0 and event is not None and event.at < anchors[earlier].made_at - LATE:
            place = _place(seal.photo_id, position=seal.position, event=event)
            return Fault("event-inserted", place)
    return None


def _compare(photo: Photo, events: Sequence[CustodyEvent]) -> Iterator[Fault]:
    """Whether the photo's row says what its chain says."""
    if not events:
        yield Fault("chain-missing", f"photo {photo.id}")
        return
    last = {event.kind: event.details.get("sha256") for event in events}
    deleted = {event.details.get("sha256") for event in events if event.kind == "deleted"}
    if "declared" in last and photo.sha256 != last["declared"]:
        yield Fault("photo-changed", f"photo {photo.id}: the declared digest")
    elif photo.received_sha256 != last.get("verified"):
        yield Fault("photo-changed", f"photo {photo.id}: the digest of its file")
    elif (
        (photo.state in ("verified", "lost") and photo.state not in last)
        or ("verified" in last and photo.state not in PAST)
        or (photo.state == "deleted" and photo.received_sha256 not in deleted)
    ):
        yield Fault("photo-changed", f"photo {photo.id}: its state")


def _place(photo_id: str, *, position: int | None = None, event: CustodyEvent | None = None) -> str:
    number = "not yet sealed" if position is None else f"event {position}"
    return f"photo {photo_id}, {number}" + (f" ({event.kind}, {event.id})" if event else "")

"""Are the files what they were? Every one read again, and none that nobody knows.

No transaction stays open while files are read: that may take hours.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from media.store import Store
from server.db import Database
from server.models import CustodyEvent, Derivative, EvidenceFile, Photo, Upload
from server.services.custody.faults import Checked, Fault, Selection
from server.services.custody.quarantined import first_kept_aside, verify_quarantine
from server.services.custody.reading_again import verify_file
from server.stores import MediaStores

PAGE = 500
Stored = Row[str, int]


def bytes_to_read(session: Session, selection: Selection) -> int:
    """How much `verify_files` will read."""
    sizes = select(func.coalesce(func.sum(EvidenceFile.size_bytes), 0)).where(
        EvidenceFile.deleting_at.is_(None)
    )
    if not selection.is_everything:
        sizes = sizes.where(EvidenceFile.sha256.in_(selection.photos(Photo.received_sha256)))
    aside = select(Upload.length_bytes).where(first_kept_aside(selection)).subquery()
    total = select(func.coalesce(func.sum(aside.c.length_bytes), 0))
    return int(session.scalar(sizes) or 0) + int(session.scalar(total) or 0)


def verify_files(
    database: Database,
    media: MediaStores,
    *,
    selection: Selection,
    checked: Checked,
    advance: Callable[[int], object],
) -> Iterator[Fault]:
    """What does not hold of the originals, of what was made of them, and of what was kept aside.
    `advance` is told how many bytes were read."""
    for page in _pages(database, selection):
        for sha256, size_bytes in page:
            opened = partial(media.originals.open, sha256)
            fault = verify_file(opened, f"file {sha256}", sha256, size_bytes, advance)
            if fault is not None and _may_be_gone(database, sha256, fault):
                continue
            checked.originals += 1
            if fault is not None:
                yield fault
        digests = [sha256 for sha256, _ in page]
        yield from _verify_derivatives(database, media, digests, checked)
    if selection.is_everything:
        yield from _unknown(database, media.originals)
    yield from verify_quarantine(
        database, media, selection=selection, checked=checked, advance=advance
    )


def _pages(database: Database, selection: Selection) -> Iterator[Sequence[Stored]]:
    query = select(EvidenceFile.sha256, EvidenceFile.size_bytes)
    if not selection.is_everything:
        query = query.where(EvidenceFile.sha256.in_(selection.photos(Photo.received_sha256)))
    query, after = query.order_by(EvidenceFile.sha256).limit(PAGE), ""
    while True:
        with database.read() as session:
            page = session.execute(query.where(EvidenceFile.sha256 > after)).all()
        yield page
        if len(page) < PAGE:
            return
        after = page[-1].sha256


def _may_be_gone(database: Database, sha256: str, fault: Fault) -> bool:
    """Whether a missing file is being deleted, or was, as its photos' chains tell."""
    if fault.name != "file-missing":
        return False
    with database.read() as session:
        deleting_at = select(EvidenceFile.deleting_at).where(EvidenceFile.sha256 == sha256)
        if session.scalar(deleting_at) is None:
            return False
        photos = select(Photo.id).where(Photo.received_sha256 == sha256, Photo.state != "deleting")
        deletions = session.scalars(
            select(CustodyEvent).where(
                CustodyEvent.photo_id.in_(photos), CustodyEvent.kind == "deleted"
            )
        )
        told = {event.photo_id for event in deletions if event.details.get("sha256") == sha256}
        return set(session.scalars(photos)) == told


def _verify_derivatives(
    database: Database, media: MediaStores, digests: Sequence[str], checked: Checked
) -> Iterator[Fault]:
    """Whether what was made of these originals is there, and is what was made."""
    made = (
        select(Derivative)
        .join(EvidenceFile, EvidenceFile.sha256 == Derivative.sha256)
        .where(EvidenceFile.sha256.in_(digests), EvidenceFile.deleting_at.is_(None))
        .where(Derivative.made_at.is_not(None))
    )
    with database.read() as session:
        rows = session.scalars(made.order_by(Derivative.sha256, Derivative.kind)).all()
    for row in rows:
        checked.derivatives += 1
        fault = _verify_derivative(media, row)
        if fault is not None:
            yield fault


def _verify_derivative(media: MediaStores, row: Derivative) -> Fault | None:
    subject = f"{row.kind} of {row.sha256}"
    try:
        stream = media.derivatives[row.kind].open(row.sha256)
        if stream is None:
            return Fault("derivative-missing", subject)
        with stream:
            found = hashlib.sha256(stream.read()).hexdigest()
    except OSError as error:
        return Fault("derivative-unreadable", f"{subject}: {error.strerror}")
    return None if row.made_sha256 in (None, found) else Fault("derivative-changed", subject)


def _unknown(database: Database, originals: Store) -> Iterator[Fault]:
    """Files of the store that no row knows, and no upload is just bringing."""
    digests = originals.digests()
    while batch := list(islice(digests, PAGE)):
        with database.read() as session:
            known = set(
                session.scalars(select(EvidenceFile.sha256).where(EvidenceFile.sha256.in_(batch)))
            )
            coming = select(Upload.sha256).where(Upload.sha256.in_(batch), Upload.state == "open")
            known |= {sha256 for sha256 in session.scalars(coming) if sha256}
        yield from (Fault("file-unknown", f"file {each}") for each in batch if each not in known)

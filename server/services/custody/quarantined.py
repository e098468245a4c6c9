"""Are the files that were kept aside (隔离文件) what they were? They may prove something yet.

They have no row of their own: the uploads that brought them say what they hash to.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from sqlalchemy import func, select

from media.errors import UploadNotFound
from media.store import Store
from server.db import Database
from server.models import Upload
from server.services.custody.faults import Checked, Fault, Selection
from server.services.custody.reading_again import verify_file
from server.services.evidence.quarantine import open_quarantined
from server.stores import MediaStores

PAGE = 500


def first_kept_aside(selection: Selection) -> Any:
    """The condition for one upload of each file that is kept aside: several may have brought it."""
    first = select(func.min(Upload.id)).where(Upload.state == "quarantined")
    if not selection.is_everything:
        first = first.where(Upload.photo_id.in_(selection.photos()))
    return Upload.id.in_(first.group_by(Upload.received_sha256))


def verify_quarantine(
    database: Database,
    media: MediaStores,
    *,
    selection: Selection,
    checked: Checked,
    advance: Callable[[int], object],
) -> Iterator[Fault]:
    """What does not hold of the files that were kept aside. `advance` is told how many bytes were
    read."""
    for page in _pages(database, selection):
        for upload in page:
            sha256 = upload.received_sha256 or ""
            opened = partial(_open, media, upload)
            subject, size_bytes = f"quarantined file {sha256}", upload.length_bytes or 0
            fault = verify_file(opened, subject, sha256, size_bytes, advance)
            if fault and fault.name == "file-missing" and not _should_be_there(database, sha256):
                continue
            checked.quarantined += 1
            if fault is not None:
                yield fault
    if selection.is_everything:
        yield from _unknown(database, media.quarantine)


def _pages(database: Database, selection: Selection) -> Iterator[Sequence[Upload]]:
    query = select(Upload).where(first_kept_aside(selection))
    query, after = query.order_by(Upload.received_sha256).limit(PAGE), ""
    while True:
        with database.read() as session:
            page = session.scalars(query.where(Upload.received_sha256 > after)).all()
        yield page
        if len(page) < PAGE:
            return
        after = page[-1].received_sha256 or ""


def _open(media: MediaStores, upload: Upload) -> BinaryIO:
    """The bytes, from where they arrived if nobody has moved them yet."""
    try:
        return open_quarantined(media, upload)
    except UploadNotFound:  # or it was moved between the two looks
        return media.quarantine.open(upload.received_sha256 or "")


def _should_be_there(database: Database, sha256: str) -> bool:
    """Whether nobody began to delete it while the others were read."""
    aside = select(Upload.id).where(Upload.state == "quarantined", Upload.received_sha256 == sha256)
    with database.read() as session:
        return session.scalars(aside.limit(1)).first() is not None


def _unknown(database: Database, quarantine: Store) -> Iterator[Fault]:
    """Files that no upload brought."""
    digests = quarantine.digests()
    while batch := list(islice(digests, PAGE)):
        brought = select(Upload.received_sha256).where(
            Upload.state.in_(("quarantined", "deleting", "deleted")),
            Upload.received_sha256.in_(batch),
        )
        with database.read() as session:
            known = set(session.scalars(brought))
        unknown = (each for each in batch if each not in known)
        yield from (Fault("file-unknown", f"quarantined file {each}") for each in unknown)

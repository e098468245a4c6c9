"""An approved act of deletion is carried out (执行销毁): marked, removed, noted; file by file.

    due ──mark──▶ deleting ──bytes go──▶ ──note──▶ deleted
     └──▶ kept      └──▶ kept (a hold came in time)

A file is judged again, under its lock, before it is marked, and once more for holds before its
bytes go; they go while the lock is held, which takes a store no longer than to forget a name.
Killed at any point, the next run goes on from what the rows say. What stays for ever: the photo's
row and document, digest, size, reason and approver in the act, and the chain of custody.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.orm import Session

from server.clock import china_date, wire_moment
from server.db import Database
from server.failpoints import reach
from server.models import (
    DeletionAct,
    DeletionItem,
    Derivative,
    EvidenceFile,
    LegalHold,
    Organisation,
    Photo,
    PictureHash,
    Task,
    Upload,
    User,
)
from server.services.audit.acts import record_act
from server.services.bulk import as_json, ids_from_json, is_sqlite
from server.services.custody.sealing import seal_waiting
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.files import hold_files, hold_quarantine, mark_files
from server.services.evidence.verification import Waiting, show_photos
from server.services.retention.due import judge
from server.services.sync.locks import lock_tasks
from server.stores import MediaStores

BATCH = 50


class Approved(NamedTuple):
    """An act in hand: what is said of each file that it removes."""

    id: str
    path: str
    reason: str
    approved_by: str | None
    approved_by_name: str | None


def approved_acts(session: Session) -> list[Approved]:
    """The acts that were approved and are not finished, oldest first."""
    rows = session.execute(
        select(DeletionAct.id, Organisation.path, DeletionAct.reason, DeletionAct.decided_by,
               User.name)
        .join(Organisation, Organisation.id == DeletionAct.organisation_id)
        .outerjoin(User, User.id == DeletionAct.decided_by)
        .where(DeletionAct.state == "approved")
        .order_by(DeletionAct.decided_at, DeletionAct.id)
    )  # fmt: skip
    return [Approved._make(row) for row in rows]


def count_unfinished(session: Session) -> int:
    """How many files approved acts still have to look at."""
    acts = [act.id for act in approved_acts(session)]
    digests = select(DeletionItem.act_id, DeletionItem.sha256).where(
        DeletionItem.act_id.in_(acts), DeletionItem.state.in_(("due", "deleting"))
    )
    return len(session.execute(digests.distinct()).all())


def carry_out(database: Database, media: MediaStores, *, now: datetime) -> Iterator[int]:
    """Carry out every approved act; yields after each file how many photos went with it. Safe to
    repeat, and to kill."""
    with database.read() as session:
        acts = approved_acts(session)
    for act in acts:
        while digests := _unfinished(database, act):
            # else a look of a minute ago would keep a file out of this act for good
            seal_waiting(database, now=now)
            with database.write() as session:
                _mark(session, act, digests, now=now)
            reach("retention.marked")
            for sha256 in digests:
                yield _remove(database, media, act, sha256, now=now)
        with database.write() as session:
            _finish(session, act, now=now)


def _unfinished(database: Database, act: Approved) -> list[str]:
    item = DeletionItem
    query = (
        select(item.sha256)
        .where(item.act_id == act.id, item.state.in_(("due", "deleting")))
        .distinct()
        .order_by(item.sha256)
        .limit(BATCH)
    )
    with database.read() as session:
        return list(session.scalars(query))


def _items(
    session: Session, act: Approved, digests: Sequence[str], state: str
) -> list[DeletionItem]:
    """In hand, as they are now that the locks are taken."""
    query = select(DeletionItem).where(
        DeletionItem.act_id == act.id, DeletionItem.sha256.in_(digests), DeletionItem.state == state
    )
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _lock(session: Session, items: Sequence[DeletionItem]) -> None:
    lock_tasks(session, [item.task_id for item in items if item.task_id])
    digests = sorted({item.sha256 for item in items})
    if not is_sqlite(session):  # there the transaction holds the one write lock
        session.execute(
            text(
                f"SELECT id FROM uploads WHERE sha256 IN {ids_from_json(session)} "
                f"OR id IN {ids_from_json(session, 'subjects')} ORDER BY id FOR UPDATE"
            ),
            {"ids": as_json(digests), "subjects": as_json([item.subject_id for item in items])},
        )
    hold_files(session, digests)
    hold_quarantine(session, [item.sha256 for item in items if item.kind == "quarantined"])


# -- marking --------------------------------------------------------------------------------------


def _mark(session: Session, act: Approved, digests: Sequence[str], *, now: datetime) -> None:
    """Call what is still due `deleting`: from here on nobody is shown it. The rest is kept."""
    _lock(session, _items(session, act, digests, "due"))
    items = _items(session, act, digests, "due")
    if not items:
        return
    subjects = [item.subject_id for item in items]
    judged = judge(session, subjects, act_id=act.id, path=act.path, now=now)
    going = []
    for item in items:
        item.kept_because = judged.get((item.kind, item.subject_id), "not_due")
        item.state = "kept" if item.kept_because else "deleting"
        if item.state == "deleting":
            going.append(item)
    _take_away(session, going, now=now)


def _take_away(session: Session, items: Sequence[DeletionItem], *, now: datetime) -> None:
    """Let nothing say any more that these bytes are there."""
    stored = [item for item in items if item.kind != "quarantined"]
    aside = [item.subject_id for item in items if item.kind == "quarantined"]
    digests = sorted({item.sha256 for item in stored})
    mark_files(session, digests, now)
    photos = update(Photo).where(Photo.received_sha256.in_(digests), Photo.state == "verified")
    session.execute(photos.values(state="deleting"))
    arrived = update(Upload).where(Upload.sha256.in_(digests), Upload.state == "done")
    session.execute(arrived.values(state="deleted", terminated_at=now))
    kept_aside = update(Upload).where(Upload.id.in_(aside), Upload.state == "quarantined")
    session.execute(kept_aside.values(state="deleting", terminated_at=now))


# -- removing -------------------------------------------------------------------------------------


def _remove(
    database: Database, media: MediaStores, act: Approved, sha256: str, *, now: datetime
) -> int:
    """Remove one file's bytes and note it, or keep it for a hold that came in time; gives how many
    items are done."""
    with database.write() as session:
        _lock(session, _items(session, act, [sha256], "deleting"))
        items = _items(session, act, [sha256], "deleting")
        for aside in (True, False):
            group = [item for item in items if (item.kind == "quarantined") is aside]
            store = media.quarantine if aside else media.originals
            if not group:
                continue
            if store.exists(sha256) and _is_held(session, group, now=now):
                _give_back(session, group)
                continue
            store.delete(sha256)
            reach("retention.original_gone")
            if not aside:
                for small in media.derivatives.values():
                    small.delete(sha256)
            reach("retention.bytes_gone")
            _note(session, act, group, now=now)
    return len(items)


def _is_held(session: Session, items: Sequence[DeletionItem], *, now: datetime) -> bool:
    tasks = [item.task_id for item in items if item.task_id]
    targets: dict[str, Any] = {
        "photo": [item.photo_id for item in items if item.photo_id],
        "task": tasks,
        "object": select(Task.object_id).where(Task.id.in_(tasks)),
    }
    hold = LegalHold
    lasts = hold.until_on.is_(None) | (hold.until_on >= china_date(now))
    of_these = or_(
        *((hold.target_type == kind) & hold.target_id.in_(ids) for kind, ids in targets.items())
    )
    query = select(hold.id).where(hold.released_at.is_(None), lasts, of_these)
    return session.scalars(query.limit(1)).first() is not None


def _give_back(session: Session, items: Sequence[DeletionItem]) -> None:
    """A hold came between the mark and the bytes: it wins. Smaller pictures are made anew."""
    for item in items:
        item.state, item.kept_because = "kept", "held"
    digest = items[0].sha256
    if items[0].kind == "quarantined":
        aside = update(Upload).where(Upload.id.in_([item.subject_id for item in items]))
        session.execute(aside.values(state="quarantined"))
        return
    mark_files(session, [digest], None)
    photos = update(Photo).where(Photo.id.in_([item.photo_id for item in items]))
    session.execute(photos.where(Photo.state == "deleting").values(state="verified"))
    undeclared = update(Upload).where(Upload.id.in_([item.subject_id for item in items]))
    session.execute(undeclared.where(Upload.state == "deleted").values(state="done"))


# -- noting ---------------------------------------------------------------------------------------


def _note(session: Session, act: Approved, items: Sequence[DeletionItem], *, now: datetime) -> None:
    for item in items:
        item.state, item.deleted_at = "deleted", now
    subjects = [item.subject_id for item in items]
    files = update(EvidenceFile).where(EvidenceFile.sha256 == items[0].sha256)
    photos = update(Photo).where(Photo.id.in_(subjects), Photo.state == "deleting")
    uploads = update(Upload).where(Upload.id.in_(subjects), Upload.state == "deleting")
    if items[0].kind != "quarantined":
        session.execute(files.values(deleted_at=now))
        for of_it in (Derivative, PictureHash):
            session.execute(delete(of_it).where(of_it.sha256 == items[0].sha256))
        session.execute(photos.values(state="deleted"))
    session.execute(uploads.values(state="deleted"))
    facts = {item.subject_id: _facts(act, item) for item in items}
    _leave_trace(session, act, items, facts, now=now)
    patch = {
        "state": "deleted",
        "deletion": {
            "reason": act.reason, "approved_by": act.approved_by,
            "approved_by_name": act.approved_by_name, "at": wire_moment(now),
        },
    }  # fmt: skip
    gone = [item for item in items if item.kind in ("with_findings", "without_findings")]
    shown = {Waiting(item.subject_id, item.task_id or ""): patch for item in gone}
    show_photos(session, shown, actor=None, now=now)


def _facts(act: Approved, item: DeletionItem) -> dict[str, Any]:
    return {
        "kind": item.kind, "sha256": item.sha256, "size_bytes": item.size_bytes,
        "act_id": act.id, "reason": act.reason, "approved_by": act.approved_by,
    }  # fmt: skip


def _leave_trace(
    session: Session, act: Approved, items: Sequence[DeletionItem],
    facts: Mapping[str, Mapping[str, Any]], *, now: datetime,
) -> None:  # fmt: skip
    events = [
        Custody(item.photo_id, "deleted", act.approved_by, None, dict(facts[item.subject_id]))
        for item in items
        if item.photo_id
    ]
    record_custody(session, events, now=now)
    for item in items:
        of_upload = item.kind in ("quarantined", "undeclared")
        record_act(
            session, actor=None, action="photo.deleted",
            target_type="upload" if of_upload else "photo", target_id=item.subject_id,
            after=facts[item.subject_id], now=now,
        )  # fmt: skip


def _finish(session: Session, act: Approved, *, now: datetime) -> None:
    done = session.scalars(
        update(DeletionAct)
        .where(DeletionAct.id == act.id, DeletionAct.state == "approved")
        .values(state="done", finished_at=now)
        .returning(DeletionAct.id)
    ).first()
    if done:
        record_act(
            session, actor=None, action="deletion.done", target_type="deletion", target_id=act.id,
            after={"reason": act.reason, "approved_by": act.approved_by}, now=now,
        )  # fmt: skip

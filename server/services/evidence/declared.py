"""Photos as evidence (照片证据): what was declared meets the bytes that arrived, in either order.

A photo is verified when bytes with the declared digest are stored and they are its declarer's to
show: uploaded for this photo, uploaded by the declarer for another, or seen by them already in a
photo of their own or of a task they hold. So a digest that is merely known elsewhere proves
nothing.

Locks are taken in this order: tasks, uploads, files, photos, feeds.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from server.models import Photo
from server.models.base import UtcDateTime
from server.services.bulk import as_json, ids_from_json, is_sqlite, rows_from_json
from server.services.evidence.custody import Custody, record_custody
from server.services.evidence.files import count_on_files

CAPTURED = ("taken_at", "latitude", "longitude", "accuracy_m")
ROW = {"photo_id": "text", "task_id": "text", "sha256": "text", "user_id": "text"}


class DeclaredPhoto(NamedTuple):
    """A photo as a device's op declares it; `sha256` in lower-case hexadecimal. `captured` is the
    device's own word of when and where it was taken, for the ledger."""

    photo_id: str
    task_id: str
    sha256: str | None
    user_id: str
    device_id: str | None
    captured: Mapping[str, str] = {}


def captured(said: Mapping[str, Any]) -> dict[str, str]:
    """What a device says of the moment a photo was taken, as texts (the ledger knows no fractions,
    which not every language writes alike)."""
    return {name: str(said[name]) for name in CAPTURED if said.get(name) is not None}


def declare_photos(
    session: Session, *, declared: Sequence[DeclaredPhoto], now: datetime
) -> dict[str, str]:
    """Note the photos, whose tasks the caller has locked; gives the state of each.

    `verified` when the bytes came before, `quarantined` when what came for it was not what is
    declared, else `declared`. A photo that was declared before keeps what it was declared as.
    """
    if not declared:
        return {}
    _hold_uploads(session, [photo.photo_id for photo in declared])
    count_on_files(session, [photo.sha256 for photo in declared])
    states = _states_of_new(session, declared)
    fresh = _insert(session, declared, states, now=now)
    _record_declared(session, [d for d in declared if d.photo_id in fresh], states, now=now)
    known = select(Photo.id, Photo.state).where(Photo.id.in_(set(states) - fresh))
    return states | {row.id: row.state for row in session.execute(known)}


def _hold_uploads(session: Session, photo_ids: Sequence[str]) -> None:
    """Wait for uploads that are just now being completed, and let none complete before us: either
    they see the declaration, or the declaration sees them."""
    if not is_sqlite(session):  # there the transaction holds the one write lock
        session.execute(
            text(
                f"SELECT id FROM uploads WHERE photo_id IN {ids_from_json(session)} "
                "ORDER BY id FOR UPDATE"
            ),
            {"ids": as_json(photo_ids)},
        )


def reach_of(sha256: str, user_id: str) -> str:
    """SQL: whether the bytes of a digest are a user's to show. Both are SQL expressions."""
    return (
        f"(EXISTS (SELECT 1 FROM uploads u WHERE u.sha256 = {sha256} AND u.user_id = {user_id} "
        "AND u.state = 'done') "
        f"OR EXISTS (SELECT 1 FROM photos q WHERE q.received_sha256 = {sha256} "
        f"AND q.state = 'verified' AND (q.user_id = {user_id} OR q.task_id IN "
        "(SELECT a.task_id FROM assignments a JOIN users x ON x.officer_id = a.officer_id "
        f"WHERE x.id = {user_id} AND a.ended_at IS NULL))))"
    )


def is_there(photo_id: str, sha256: str, user_id: str) -> str:
    """SQL: whether a declared photo's bytes are there."""
    return (
        f"(EXISTS (SELECT 1 FROM uploads u WHERE u.photo_id = {photo_id} "
        f"AND u.sha256 = {sha256} AND u.state = 'done') OR {reach_of(sha256, user_id)})"
    )


def _states_of_new(session: Session, declared: Sequence[DeclaredPhoto]) -> dict[str, str]:
    """What the state of each would be, were it declared for the first time."""
    rows = session.execute(
        text(
            f"SELECT r.photo_id, {is_there('r.photo_id', 'r.sha256', 'r.user_id')} AS there, "
            "EXISTS (SELECT 1 FROM uploads u WHERE u.photo_id = r.photo_id "
            "AND u.user_id = r.user_id AND u.state <> 'open' "
            "AND NOT (u.state = 'deleted' AND u.received_sha256 = r.sha256)) AS other_came "
            f"FROM {rows_from_json(session, ROW)}"
        ),
        {"rows": as_json([photo._asdict() for photo in declared])},
    )
    return {
        row.photo_id: "verified" if row.there else "quarantined" if row.other_came else "declared"
        for row in rows
    }


def _insert(
    session: Session,
    declared: Sequence[DeclaredPhoto],
    states: Mapping[str, str],
    *,
    now: datetime,
) -> set[str]:
    """Insert the photos that are new, with one statement; gives their ids."""
    source = rows_from_json(session, {**ROW, "state": "text"})
    verified = "CASE WHEN state = 'verified' THEN {0} END".format
    inserted = session.execute(
        text(
            "INSERT INTO photos (id, task_id, user_id, sha256, state, declared_at, "
            "received_sha256, received_at, verified_at) "
            "SELECT photo_id, task_id, user_id, sha256, state, :now, "
            f"{verified('sha256')}, {verified(':now')}, {verified(':now')} "
            f"FROM {source} WHERE true ON CONFLICT (id) DO NOTHING RETURNING id"
        ).bindparams(bindparam("now", now, UtcDateTime())),
        {"rows": as_json([{**d._asdict(), "state": states[d.photo_id]} for d in declared])},
    )
    return set(inserted.scalars())


def _record_declared(
    session: Session,
    declared: Sequence[DeclaredPhoto],
    states: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    events = []
    for photo in declared:
        by, sha256 = (photo.user_id, photo.device_id), {"sha256": photo.sha256}
        who = (*by, sha256)
        events.append(Custody(photo.photo_id, "captured", *by, {**sha256, **photo.captured}))
        events.append(Custody(photo.photo_id, "declared", *who))
        if states[photo.photo_id] != "declared":
            events.append(Custody(photo.photo_id, states[photo.photo_id], *who))
    record_custody(session, events, now=now)

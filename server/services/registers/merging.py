"""Two objects are one, or they are not: a person decides, and may take it back.

Of a merged pair one stands and the other points to it (`merged_into`); nothing else is touched. Its
tasks, history and sources are found through `families`, so the cap and the interval between checks
count both, and undoing restores exactly what was.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from server.errors import DomainError
from server.models import DuplicatePair, InspectionObject, Organisation
from server.services.audit.acts import record_act
from server.services.registers.object_documents import tell_devices
from server.services.scope import Actor

_Locked = tuple[DuplicatePair, InspectionObject, InspectionObject]
RESTORED = ("state", "state_reason", "active", "merged_into")


def list_pairs(
    session: Session, *, actor: Actor, filters: Mapping[str, Any], after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Pairs that lie wholly in the actor's part of the tree, by id; one more than `limit`. Filters:
    `state` (open unless named), `object_id`, `min_score`."""
    first, second = aliased(InspectionObject), aliased(InspectionObject)
    query = (
        _in_scope(select(DuplicatePair, first, second), actor, first, second)
        .where(DuplicatePair.state == filters.get("state", "open"))
        .where(DuplicatePair.score >= filters.get("min_score", 0))
        .order_by(DuplicatePair.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(DuplicatePair.id > after)
    if "object_id" in filters:
        query = query.where(
            (DuplicatePair.first_id == filters["object_id"])
            | (DuplicatePair.second_id == filters["object_id"])
        )
    return [_as_told(*row) for row in session.execute(query)]


def merge_pair(
    session: Session, *, actor: Actor, pair_id: str, keep_id: str, note: str, now: datetime
) -> dict[str, Any]:
    """Let one object of an open pair stand for both. Raises `not_found`, `pair_decided`,
    `invalid_request` for an object of another pair, `state_invalid` where one of them has been
    merged already."""
    pair, first, second = _lock(session, actor, pair_id)
    if pair.state != "open":
        raise DomainError("pair_decided")
    if keep_id not in (first.id, second.id):
        fields = {"json": {"keep_id": ["Not an object of this pair."]}}
        raise DomainError("invalid_request", details={"fields": fields})
    if first.merged_into or second.merged_into:
        raise DomainError("state_invalid", details={"step": "merge"})
    kept, gone = (first, second) if first.id == keep_id else (second, first)
    pair.before = {name: getattr(gone, name) for name in RESTORED}
    pair.state, pair.merged_id = "merged", gone.id
    gone.state, gone.active, gone.merged_into = "merged", False, kept.id
    gone.state_reason = f"与“{kept.name}”为同一对象"[:300]
    _close(session, pair, actor, note, now)
    return _told(session, (pair, first, second), "objects_merged", actor=actor, now=now)


def tell_apart(
    session: Session, *, actor: Actor, pair_id: str, note: str, now: datetime
) -> dict[str, Any]:
    """Remember that two objects are different; no search proposes them again. Raises `not_found`,
    `pair_decided`."""
    pair, first, second = _lock(session, actor, pair_id)
    if pair.state != "open":
        raise DomainError("pair_decided")
    pair.state = "different"
    _close(session, pair, actor, note, now)
    return _told(session, (pair, first, second), "objects_told_apart", actor=actor, now=now)


def undo_decision(
    session: Session, *, actor: Actor, pair_id: str, note: str, now: datetime
) -> dict[str, Any]:
    """Take a decision back: a merged object stands again exactly as it stood. Raises `not_found`,
    `not_merged` where nothing was decided."""
    pair, first, second = _lock(session, actor, pair_id)
    if pair.state == "open":
        raise DomainError("not_merged")
    if pair.merged_id is not None:
        gone = first if first.id == pair.merged_id else second
        for name, value in (pair.before or {}).items():
            setattr(gone, name, value)
    pair.state, pair.merged_id, pair.before = "open", None, None
    _close(session, pair, actor, note, now)
    return _told(session, (pair, first, second), "duplicate_decision_undone", actor=actor, now=now)


def _in_scope(query: Any, actor: Actor, first: Any, second: Any) -> Any:
    of_first, of_second = aliased(Organisation), aliased(Organisation)
    return (
        query.join(first, first.id == DuplicatePair.first_id)
        .join(second, second.id == DuplicatePair.second_id)
        .join(of_first, of_first.id == first.organisation_id)
        .join(of_second, of_second.id == second.organisation_id)
        .where(of_first.path.startswith(actor.path, autoescape=True))
        .where(of_second.path.startswith(actor.path, autoescape=True))
    )


def _lock(session: Session, actor: Actor, pair_id: str) -> _Locked:
    """The pair and its objects, locked: the pair first, then the objects in the order of ids."""
    first, second = aliased(InspectionObject), aliased(InspectionObject)
    query = _in_scope(select(DuplicatePair), actor, first, second)
    pair = session.scalars(
        query.where(DuplicatePair.id == pair_id).with_for_update(of=DuplicatePair)
    ).one_or_none()
    if pair is None:
        raise DomainError("not_found")
    objects = session.scalars(
        select(InspectionObject)
        .where(InspectionObject.id.in_([pair.first_id, pair.second_id]))
        .order_by(InspectionObject.id)
        .with_for_update()
    ).all()
    by_id = {one.id: one for one in objects}
    return pair, by_id[pair.first_id], by_id[pair.second_id]


def _close(session: Session, pair: DuplicatePair, actor: Actor, note: str, now: datetime) -> None:
    pair.decided_by, pair.decided_at, pair.note = actor.user_id, now, note
    session.flush()


def _told(
    session: Session, locked: _Locked, action: str, *, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Leave the trace at both objects, tell devices, answer."""
    pair, first, second = locked
    told = {"pair_id": pair.id, "merged_id": pair.merged_id, "note": pair.note}
    for one, other in ((first, second), (second, first)):
        record_act(
            session, actor=actor, action=action, target_type="object", target_id=one.id,
            after={**told, "other_id": other.id}, now=now,
        )  # fmt: skip
    tell_devices(session, [first.id, second.id], now=now)
    return _as_told(pair, first, second)


def _as_told(
    pair: DuplicatePair, first: InspectionObject, second: InspectionObject
) -> dict[str, Any]:
    return {
        **{name: getattr(pair, name) for name in PAIR}, "first": first, "second": second,
    }  # fmt: skip


PAIR: Sequence[str] = (
    "id", "score", "reasons", "state", "found_at", "decided_by", "decided_at", "note", "merged_id",
)  # fmt: skip

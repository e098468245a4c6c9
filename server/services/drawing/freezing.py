"""Freeze (冻结): what was gathered for a draw stands from this moment."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from draw.canonical import canonical
from server.errors import DomainError
from server.ids import new_id
from server.models import Draw, DrawPoolRow, Organisation
from server.services.audit.acts import record_act
from server.services.bulk import Insert, insert_rows, is_sqlite
from server.services.drawing.gathering import Gathered, next_slot, require_right_to_seal
from server.services.planning.plans import find_plan
from server.services.scope import Actor

POOL_COLUMNS = {"draw_id": "text", "object_id": "text", "row": "text"}
INSERT_ROWS = 10_000
FREEZE_LOCK = 0x5375694672656A  # any number that no other lock of ours uses
Row = dict[str, Any]


def freeze_draw(session: Session, *, actor: Actor, gathered: Gathered, now: datetime) -> Draw:
    """Freeze the attempt that was gathered. The registers may have moved since: what is frozen is
    the snapshot, as its root says.

    Raises `not_found`, `plan_changed` when another revision was approved meanwhile, `draw_exists`
    when somebody else froze this slot, `seal_not_yours`, `draw_under_way` while another draw whose
    tasks were not given out before the snapshot holds an object of this pool.
    """
    _freeze_one_at_a_time(session)
    _require_as_gathered(session, actor, gathered)
    frozen = Draw(
        id=new_id(), organisation_id=gathered.organisation_id, plan_id=gathered.plan_id,
        plan_revision=gathered.plan_revision, slot=gathered.slot, state="frozen",
        from_day=gathered.period.first, to_day=gathered.period.last,
        sealed_until=gathered.sealed_until, rules=gathered.rules, officers=gathered.officers,
        left_out=gathered.left_out, pool_root=gathered.pool_root,
        pool_counts=_counts(gathered.pool), shares=[], events=[], after=[], entries={},
        frozen_at=now, frozen_by=actor.user_id,
    )  # fmt: skip
    _insert(session, frozen, gathered.pool)
    _require_own_objects(session, frozen, given_out=gathered.given_out)
    record_act(
        session, actor=actor, action="draw.freeze", target_type="draw", target_id=frozen.id,
        after={"slot": frozen.slot, "pool_root": frozen.pool_root, "counts": frozen.pool_counts},
        now=now,
    )  # fmt: skip
    return frozen


def _freeze_one_at_a_time(session: Session) -> None:
    """So that of two pools with the same object one sees the other."""
    if not is_sqlite(session):
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": FREEZE_LOCK})


def _require_as_gathered(session: Session, actor: Actor, gathered: Gathered) -> None:
    """Plan, right and slot are what they were in the snapshot."""
    plan = find_plan(session, actor=actor, plan_id=gathered.plan_id, lock=True)
    if plan.approved_revision != gathered.plan_revision:
        raise DomainError("plan_changed", details={"approved_revision": plan.approved_revision})
    if gathered.sealed_until is not None:
        require_right_to_seal(actor)
    body = session.get_one(Organisation, gathered.organisation_id)
    if next_slot(session, body, plan, gathered.month) != gathered.slot:
        raise DomainError("draw_exists", details={"slot": gathered.slot})


def _require_own_objects(session: Session, frozen: Draw, *, given_out: Collection[str]) -> None:
    """No object is in two drums at once: drawn from both it would be checked twice within the
    interval (N30, N31), and neither pool could say so. What was drawn is out of the other drum
    only when its tasks stood in this one's snapshot: under a seal that is late."""
    standing = session.execute(
        select(Draw.id, Draw.slot).where(Draw.state != "abandoned", Draw.id != frozen.id)
    ).all()
    others = [each for each in standing if each.id not in given_out]
    mine, theirs = aliased(DrawPoolRow), aliased(DrawPoolRow)
    for other in others:
        shared = (
            select(func.count())
            .select_from(mine)
            .join(theirs, theirs.object_id == mine.object_id)
            .where(mine.draw_id == frozen.id, theirs.draw_id == other.id)
        )
        if count := session.scalar(shared):
            raise DomainError("draw_under_way", details={"slot": other.slot, "objects": count})


def _counts(rows: Iterable[Row]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for row in rows:
        of_stratum = counts.setdefault(row["stratum"], {"all": 0, "eligible": 0})
        of_stratum["all"] += 1
        of_stratum["eligible"] += row["eligible"]
    return counts


def _insert(session: Session, frozen: Draw, rows: Sequence[Row]) -> None:
    try:
        with session.begin_nested():
            session.add(frozen)
    except IntegrityError:
        raise DomainError("draw_exists", details={"slot": frozen.slot}) from None
    for start in range(0, len(rows), INSERT_ROWS):
        listed = [
            {"draw_id": frozen.id, "object_id": row["id"], "row": canonical(row).decode()}
            for row in rows[start : start + INSERT_ROWS]
        ]
        insert_rows(session, Insert("draw_pool_rows", POOL_COLUMNS, listed))

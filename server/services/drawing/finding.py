"""Find a draw, and put together again what was frozen."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, undefer

from draw.ceremony import Frozen, freeze
from server.errors import DomainError
from server.models import Draw, DrawPoolRow, Organisation
from server.services.scope import Actor, in_scope

PAGE = 5_000
#: of a draw of 2,000 objects these columns are megabytes; no list needs them
HEAVY = (
    Draw.rules, Draw.officers, Draw.left_out, Draw.shares, Draw.objects, Draw.reserve,
    Draw.assignments, Draw.events, Draw.after,
)  # fmt: skip
without_heavy = tuple(defer(column, raiseload=True) for column in HEAVY)


def find_draw(session: Session, *, actor: Actor, draw_id: str, lock: bool = False) -> Draw:
    """A draw within one's scope. Raises `not_found`."""
    query = (
        select(Draw)
        .join(Organisation, Organisation.id == Draw.organisation_id)
        .where(Draw.id == draw_id, in_scope(actor))
    )
    if lock:
        query = query.with_for_update(of=Draw)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise DomainError("not_found")
    return found


def require_state(drawing: Draw, *states: str) -> None:
    """Raise `draw_state` unless the draw stands at one of these steps."""
    if drawing.state not in states:
        raise DomainError("draw_state", details={"state": drawing.state, "needs": list(states)})


def list_draws(session: Session, *, actor: Actor) -> Sequence[Draw]:
    """The draws of one's part of the tree, newest first."""
    return session.scalars(
        select(Draw)
        .join(Organisation, Organisation.id == Draw.organisation_id)
        .where(in_scope(actor))
        .options(*without_heavy, undefer(Draw.practice))
        .order_by(Draw.frozen_at.desc(), Draw.id)
    ).all()


def rows_of(session: Session, draw_id: str) -> Iterator[dict[str, Any]]:
    """The frozen rows of a pool, in the order of their ids, a page at a time."""
    return (json.loads(line) for line in lines_of(session, draw_id))


def lines_of(session: Session, draw_id: str) -> Iterator[str]:
    """The same as canonical JSON, a row each."""
    after = ""
    while True:
        page = session.execute(
            select(DrawPoolRow.object_id, DrawPoolRow.row)
            .where(DrawPoolRow.draw_id == draw_id, DrawPoolRow.object_id > after)
            .order_by(DrawPoolRow.object_id)
            .limit(PAGE)
        ).all()
        yield from (row.row for row in page)
        if len(page) < PAGE:
            return
        after = page[-1].object_id


def frozen_of(session: Session, drawing: Draw) -> Frozen:
    """What was frozen, for the ceremony's functions."""
    return freeze(drawing.slot, rows_of(session, drawing.id), drawing.officers, drawing.rules)

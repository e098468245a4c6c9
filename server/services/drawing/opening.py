"""The end of a seal (启封): on its day what was drawn is given out and becomes public."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.models import Draw, Organisation
from server.services.drawing.giving_out import give_out
from server.services.scope import Actor
from server.services.tasks.frequency import FrequencyRules


def due_draws(session: Session, *, today: date) -> Sequence[str]:
    """The sealed draws whose day has come."""
    return session.scalars(
        select(Draw.id)
        .where(Draw.state == "drawn", Draw.opened_at.is_(None), Draw.sealed_until <= today)
        .order_by(Draw.id)
    ).all()


def open_draw(session: Session, *, draw_id: str, rules: FrequencyRules, now: datetime) -> None:
    """Give out what a seal withheld, in the name of who drew it; once."""
    drawing = session.get_one(Draw, draw_id, with_for_update=True)
    if drawing.opened_at is None:
        give_out(session, drawing, actor=_drawer(session, drawing), rules=rules, now=now)


def _drawer(session: Session, drawing: Draw) -> Actor:
    """Who rolled the dice, in the draw's part of the tree; their account may be closed since."""
    body = session.get_one(Organisation, drawing.organisation_id)
    return Actor(
        user_id=drawing.drawn_by or "", name="", role="supervisor", organisation_id=body.id,
        path=body.path,
    )  # fmt: skip

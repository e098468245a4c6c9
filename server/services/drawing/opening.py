"""Opening (启封、派发): what was drawn is given out, at once or on the day when its seal ends."""

import logging
from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from server.db import Database
from server.models import Draw, Organisation, Task
from server.services.drawing.giving_out import give_out, send_officers
from server.services.drawing.rolling import is_sealed
from server.services.scope import Actor
from server.services.tasks.frequency import FrequencyRules

log = logging.getLogger("suijian.draws")


def due_draws(session: Session, *, today: date) -> Sequence[str]:
    """The draws that no seal withholds (any more) and that are not given out, or not wholly: until
    the period is over, officers who could not be sent are tried again."""
    waits = exists().where(Task.draw_id == Draw.id, Task.status == "draft")
    return session.scalars(
        select(Draw.id)
        .where(Draw.state == "drawn")
        .where(Draw.sealed_until.is_(None) | (Draw.sealed_until <= today))
        .where(Draw.opened_at.is_(None) | ((Draw.to_day >= today) & waits))
        .order_by(Draw.id)
    ).all()


def open_in_time(database: Database, draw_id: str, *, rules: FrequencyRules, now: datetime) -> None:
    """Open a draw in a transaction of its own. What fails is logged and left to the next sweep:
    what was drawn stands, and other draws do not wait for this one."""
    try:
        with database.write() as session:
            open_draw(session, draw_id=draw_id, rules=rules, now=now)
    except Exception:
        log.exception("draw %s is drawn and could not be given out", draw_id)


def open_draw(session: Session, *, draw_id: str, rules: FrequencyRules, now: datetime) -> None:
    """Give out what was drawn, in the name of who drew it, unless a seal holds: all of it once,
    then what had to wait."""
    drawing = session.get_one(Draw, draw_id, with_for_update=True)
    if drawing.state != "drawn" or is_sealed(drawing, now):
        return
    actor = _drawer(session, drawing)
    if drawing.opened_at is None:
        give_out(session, drawing, actor=actor, rules=rules, now=now)
    else:
        send_officers(session, drawing, actor=actor, reason=None, now=now, again=True)


def _drawer(session: Session, drawing: Draw) -> Actor:
    """Who rolled the dice, in the draw's part of the tree; their account may be closed since."""
    body = session.get_one(Organisation, drawing.organisation_id)
    return Actor(
        user_id=drawing.drawn_by or "", name="", role="supervisor", organisation_id=body.id,
        path=body.path,
    )  # fmt: skip

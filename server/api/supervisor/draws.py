"""Draws (抽取): frozen, watched, committed to, drawn, and what happens after."""

from datetime import date
from typing import Any

from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from schemas.draws import (
    AbandonSchema,
    DiceSchema,
    DrawListSchema,
    DrawSchema,
    EventSchema,
    FreezeSchema,
    SignedInSchema,
    WitnessSchema,
    event_from,
)
from server import clock
from server.api.draw_files import bundle_file, pool_file
from server.api.glue import attempting, error_responses, noting_refusals, reading, writing
from server.api.supervisor import supervisor
from server.api.supervisor.tasks import frequency_rules
from server.api.witness.pages import page_of
from server.models import Draw
from server.parts import parts
from server.services.drawing.committing import abandon_draw, commit_draw
from server.services.drawing.finding import find_draw, list_draws, require_state
from server.services.drawing.freezing import freeze_draw
from server.services.drawing.gathering import gather_draw
from server.services.drawing.giving_out import waiting_of
from server.services.drawing.happening import note_event
from server.services.drawing.opening import open_in_time
from server.services.drawing.rolling import roll_dice
from server.services.drawing.witnesses import sign_in_witness, witnesses_of


@supervisor.route("/plans/<plan_id>/draws", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(FreezeSchema)
@supervisor.response(201, DrawSchema)
def freeze(asked: dict[str, Any], plan_id: str) -> dict[str, Any]:
    """Freeze pool, officers and rules of an approved plan: the next attempt at its slot

    Refused where some outcome could not be staffed; what is missing is named."""
    month = date.fromisoformat(f"{asked['month']}-01") if asked["month"] else None
    now = clock.now()
    with noting_refusals("draw.freeze", "plan", plan_id) as tried:
        with reading("supervisor", "admin") as (session, actor):
            tried.append(actor)
            gathered = gather_draw(
                session, actor=actor, plan_id=plan_id, month=month, rules=frequency_rules(), now=now
            )
        with writing("supervisor", "admin") as (session, actor):
            return _shown(session, freeze_draw(session, actor=actor, gathered=gathered, now=now))


@supervisor.route("/draws")
@error_responses(401, 403)
@supervisor.response(200, DrawListSchema)
def draws() -> dict[str, Any]:
    """The draws of one's part of the tree, newest first; abandoned ones too"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return {"items": list_draws(session, actor=actor)}


@supervisor.route("/draws/<draw_id>")
class OneDraw(MethodView):
    """One draw."""

    @error_responses(401, 403, 404)
    @supervisor.response(200, DrawSchema)
    def get(self, draw_id: str) -> dict[str, Any]:
        """A draw as it stands"""
        with reading("supervisor", "admin", "auditor") as (session, actor):
            return _shown(session, find_draw(session, actor=actor, draw_id=draw_id))


@supervisor.route("/draws/<draw_id>/witnesses", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(WitnessSchema)
@supervisor.response(201, SignedInSchema)
def sign_in(asked: dict[str, Any], draw_id: str) -> dict[str, Any]:
    """Sign a witness in; the token for their phone is shown this once"""
    with attempting("draw.witness", "draw", draw_id, "supervisor", "admin") as (session, actor):
        witness, token = sign_in_witness(
            session, actor=actor, draw_id=draw_id, now=clock.now(), **asked
        )
        return {"code": witness.code, "token": token, "page": page_of(token)}


@supervisor.route("/draws/<draw_id>/commitment", methods=["POST"])
@error_responses(401, 403, 404, 409, 503)
@supervisor.response(200, DrawSchema)
def commit(draw_id: str) -> dict[str, Any]:
    """Commit: from here nothing may change; it stands in the ledger and is public at once"""
    with attempting("draw.commit", "draw", draw_id, "supervisor", "admin") as (session, actor):
        committed = commit_draw(
            session, actor=actor, draw_id=draw_id, signer=parts().settings.signer, now=clock.now()
        )
        return _shown(session, committed)


@supervisor.route("/draws/<draw_id>/roll", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415, 503)
@supervisor.arguments(DiceSchema)
@supervisor.response(200, DrawSchema)
def roll(asked: dict[str, Any], draw_id: str) -> dict[str, Any]:
    """Draw with the witnesses' dice; officers get their tasks at the next sync

    Whatever keeps an officer from being sent, the draw stands; such tasks are in `waiting`."""
    with attempting("draw.roll", "draw", draw_id, "supervisor", "admin") as (session, actor):
        roll_dice(
            session, actor=actor, draw_id=draw_id, dice=asked["dice"],
            signer=parts().settings.signer, now=clock.now(),
        )  # fmt: skip
    open_in_time(parts().database, draw_id, rules=frequency_rules(), now=clock.now())
    with reading("supervisor", "admin") as (session, actor):
        return _shown(session, find_draw(session, actor=actor, draw_id=draw_id))


@supervisor.route("/draws/<draw_id>/abandonment", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415, 503)
@supervisor.arguments(AbandonSchema)
@supervisor.response(200, DrawSchema)
def abandon(asked: dict[str, Any], draw_id: str) -> dict[str, Any]:
    """Give a draw up before the dice; it stays public with the reason"""
    with attempting("draw.abandon", "draw", draw_id, "supervisor", "admin") as (session, actor):
        abandoned = abandon_draw(
            session, actor=actor, draw_id=draw_id, reason=asked["reason"],
            signer=parts().settings.signer, now=clock.now(),
        )  # fmt: skip
        return _shown(session, abandoned)


@supervisor.route("/draws/<draw_id>/events", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415, 503)
@supervisor.arguments(EventSchema)
@supervisor.response(200, DrawSchema)
def happen(asked: dict[str, Any], draw_id: str) -> dict[str, Any]:
    """A substitute or another officer takes a place, in the drawn order and without a new seed"""
    with attempting("draw.event", "draw", draw_id, "supervisor", "admin") as (session, actor):
        drawing = note_event(
            session, actor=actor, draw_id=draw_id, event=event_from(asked),
            signer=parts().settings.signer, rules=frequency_rules(), now=clock.now(),
        )  # fmt: skip
        return _shown(session, drawing)


@supervisor.route("/draws/<draw_id>/bundle")
@error_responses(401, 403, 404, 409)
@supervisor.response(200, content_type="application/json", description="NAME.json (docs/draw.md)")
def bundle(draw_id: str) -> Response:
    """The bundle without its pool, which lies beside it"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        drawing = find_draw(session, actor=actor, draw_id=draw_id)
        require_state(drawing, "drawn")
        return bundle_file(drawing)


@supervisor.route("/draws/<draw_id>/pool")
@error_responses(401, 403, 404, 409)
@supervisor.response(
    200, content_type="application/x-ndjson", description="NAME.pool.ndjson (docs/draw.md)"
)
def pool(draw_id: str) -> Response:
    """The frozen pool, a row a line: with the bundle beside it the draw can be replayed"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        require_state(find_draw(session, actor=actor, draw_id=draw_id), "drawn")
    return pool_file(draw_id)


def _shown(session: Session, drawing: Draw) -> dict[str, Any]:
    session.flush()
    columns = [column.key for column in Draw.__table__.columns]
    shown: dict[str, Any] = {name: getattr(drawing, name) for name in [*columns, "practice"]}
    waiting = [
        {"task_id": task.id, "object_id": task.object_id}
        for task, _ in waiting_of(session, drawing)
    ]
    return {**shown, "witnesses": witnesses_of(session, drawing.id), "waiting": waiting}

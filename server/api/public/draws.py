"""Draws (抽取公示) as JSON, and as the file that anyone can replay."""

from typing import Any

from flask import Response

from schemas.common import page_of
from schemas.public_draws import PublicDrawLineSchema, PublicDrawsArgs, PublicDrawSchema
from server import clock
from server.api.draw_files import bundle_file, pool_file
from server.api.glue import error_responses
from server.api.public import public
from server.api.public.results import TAGGED, UNCHANGED
from server.parts import parts
from server.services.drawing.public_draws import find_replayable, public_draw, public_draws


@public.route("/draws")
@public.alt_response(304, **UNCHANGED)
@error_responses(404)
@public.arguments(PublicDrawsArgs, location="query")
@public.response(200, page_of(PublicDrawLineSchema), headers=TAGGED)
def draws(args: dict[str, Any]) -> dict[str, Any]:
    """Draws, the newest first, abandoned attempts too"""
    with parts().database.read() as session:
        return public_draws(session, **args)


@public.route("/draws/<draw_id>")
@error_responses(404)
@public.alt_response(304, **UNCHANGED)
@public.response(200, PublicDrawSchema, headers=TAGGED)
def one_draw(draw_id: str) -> dict[str, Any]:
    """A draw: commitment, and when no seal withholds them dice, seed, objects and officers"""
    with parts().database.read() as session:
        return public_draw(session, draw_id=draw_id, now=clock.now())


@public.route("/draws/<draw_id>/bundle")
@error_responses(404)
@public.response(200, content_type="application/json", description="NAME.json of docs/draw.md")
def bundle(draw_id: str) -> Response:
    """The bundle, to be replayed with `python -m draw verify` beside its pool"""
    with parts().database.read() as session:
        drawing = find_replayable(session, draw_id, now=clock.now())
        return bundle_file(drawing)


@public.route("/draws/<draw_id>/pool")
@error_responses(404)
@public.response(
    200, content_type="application/x-ndjson", description="NAME.pool.ndjson of docs/draw.md"
)
def pool(draw_id: str) -> Response:
    """The frozen pool, a row a line"""
    with parts().database.read() as session:
        find_replayable(session, draw_id, now=clock.now())
    return pool_file(draw_id)

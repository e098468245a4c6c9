"""Draws (抽取公示) as JSON, and as the file that anyone can replay."""

from collections.abc import Iterator
from typing import Any

from flask import Response

from draw import bundle as bundles
from schemas.public_draws import PublicDrawSchema, PublicDrawsSchema
from server import clock
from server.api.glue import error_responses
from server.api.public import public
from server.api.public.results import TAGGED, UNCHANGED
from server.parts import parts
from server.services.drawing.finding import lines_of
from server.services.drawing.public_draws import find_replayable, public_draw, public_draws
from server.services.drawing.rolling import bundle_of


@public.route("/draws")
@public.alt_response(304, **UNCHANGED)
@public.response(200, PublicDrawsSchema, headers=TAGGED)
def draws() -> dict[str, Any]:
    """The newest draws, abandoned attempts too"""
    with parts().database.read() as session:
        return {"items": public_draws(session)}


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
        content = bundles.write(bundle_of(drawing, late=True))
    return _download(Response(content), f"{draw_id}.json", "application/json")


@public.route("/draws/<draw_id>/pool")
@error_responses(404)
@public.response(
    200, content_type="application/x-ndjson", description="NAME.pool.ndjson of docs/draw.md"
)
def pool(draw_id: str) -> Response:
    """The frozen pool, a row a line"""
    with parts().database.read() as session:
        find_replayable(session, draw_id, now=clock.now())
    return _download(Response(_lines(draw_id)), f"{draw_id}.pool.ndjson", "application/x-ndjson")


def _lines(draw_id: str) -> Iterator[bytes]:
    with parts().database.read() as session:
        for line in lines_of(session, draw_id):
            yield f"{line}\n".encode()


def _download(answer: Response, name: str, media_type: str) -> Response:
    answer.content_type = media_type
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer

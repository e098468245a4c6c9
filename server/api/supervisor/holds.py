"""Legal holds: what must be kept until somebody lets go of it."""

from typing import Any

from schemas.common import ReasonSchema, page_of
from schemas.retention import (
    HoldListArgs,
    HoldSchema,
    NewHoldSchema,
    PlacedHoldSchema,
)
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.services.retention.holds import list_holds, place_hold, release_hold


@supervisor.route("/holds")
@error_responses(401, 403)
@supervisor.arguments(HoldListArgs, location="query")
@supervisor.response(200, page_of(HoldSchema))
def holds(args: dict[str, Any]) -> dict[str, Any]:
    """The holds in one's part of the tree, by id"""
    limit = args["limit"]
    with reading("supervisor", "admin", "auditor") as (session, actor):
        rows = list_holds(
            session, actor=actor, standing=args.get("standing"), after=args.get("after"),
            limit=limit,
        )  # fmt: skip
    return page_of_rows(rows, limit=limit)


@supervisor.route("/holds", methods=["POST"])
@error_responses(400, 401, 403, 404, 413, 415)
@supervisor.arguments(NewHoldSchema)
@supervisor.response(201, PlacedHoldSchema)
def new_hold(asked: dict[str, Any]) -> dict[str, Any]:
    """Keep a task's, an object's or one photo, whatever terms say"""
    with writing("supervisor", "admin") as (session, actor):
        return place_hold(session, actor=actor, now=clock.now(), **asked)


@supervisor.route("/holds/<hold_id>/release", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 413, 415)
@supervisor.arguments(ReasonSchema)
@supervisor.response(200, PlacedHoldSchema)
def release(asked: dict[str, Any], hold_id: str) -> dict[str, Any]:
    """Let go of what was held, and why; not what a body above holds"""
    with writing("supervisor", "admin") as (session, actor):
        return release_hold(session, actor=actor, hold_id=hold_id, now=clock.now(), **asked)

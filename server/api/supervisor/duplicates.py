"""Objects that may be one: proposed by a search, decided by a person."""

from typing import Any

from schemas.cleaning import MergeSchema, NoteSchema, PairListArgs, PairSchema
from schemas.common import page_of
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.supervisor import supervisor
from server.services.registers.merging import list_pairs, merge_pair, tell_apart, undo_decision


@supervisor.route("/registers/duplicates")
@error_responses(401, 403)
@supervisor.arguments(PairListArgs, location="query")
@supervisor.response(200, page_of(PairSchema))
def duplicate_pairs(args: dict[str, Any]) -> dict[str, Any]:
    """Pairs of objects that may be one, with score and reasons; open ones unless named"""
    after, limit = args.pop("after", None), args.pop("limit")
    with reading("supervisor", "admin", "auditor") as (session, actor):
        rows = list_pairs(session, actor=actor, filters=args, after=after, limit=limit)
    items = rows[:limit]
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


@supervisor.route("/registers/duplicates/<pair_id>/merge", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(MergeSchema)
@supervisor.response(200, PairSchema)
def merge(asked: dict[str, Any], pair_id: str) -> dict[str, Any]:
    """They are one: one stands, the other points to it; checks of both count together"""
    with writing("supervisor", "admin") as (session, actor):
        return merge_pair(session, actor=actor, pair_id=pair_id, **asked, now=clock.now())


@supervisor.route("/registers/duplicates/<pair_id>/different", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(NoteSchema)
@supervisor.response(200, PairSchema)
def different(asked: dict[str, Any], pair_id: str) -> dict[str, Any]:
    """They are different; no search proposes them again"""
    with writing("supervisor", "admin") as (session, actor):
        return tell_apart(session, actor=actor, pair_id=pair_id, **asked, now=clock.now())


@supervisor.route("/registers/duplicates/<pair_id>/undo", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(NoteSchema)
@supervisor.response(200, PairSchema)
def undo_duplicate(asked: dict[str, Any], pair_id: str) -> dict[str, Any]:
    """Take the decision back: what was merged stands again as it stood"""
    with writing("supervisor", "admin") as (session, actor):
        return undo_decision(session, actor=actor, pair_id=pair_id, **asked, now=clock.now())

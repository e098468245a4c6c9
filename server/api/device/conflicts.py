"""Conflicts (冲突): listed, told in full, settled; assigned and counted by supervisors."""

from typing import Any

from flask import request

from schemas import conflicts as wire
from schemas.common import page_of
from schemas.entities import ConflictPatch
from schemas.ops import check_op
from schemas.sync import ConflictSchema
from server.api.device import device
from server.api.glue import error_responses, reading, writing
from server.clock import now
from server.errors import DomainError
from server.parts import parts
from server.services.conflicts.assigning import assign_conflict
from server.services.conflicts.counts import count_conflicts
from server.services.conflicts.telling import list_told, tell_whole
from server.services.conflicts.views import care_of, list_conflicts
from server.services.sync.conflicts import resolve_conflict


@device.route("/conflicts")
@error_responses(401, 403, 404)
@device.arguments(wire.ConflictListArgs, location="query")
@device.response(200, page_of(wire.ListedConflictSchema))
def list_page(args: dict[str, Any]) -> dict[str, Any]:
    """The conflicts of the tasks one holds, or of one's part of the tree; oldest first"""
    after, limit, when = args.pop("after", None), args.pop("limit"), _when()
    with reading() as (session, actor):
        rows = list_conflicts(session, actor=actor, filters=args, after=after, limit=limit, **when)
        items = list_told(session, rows[:limit], **when)
    return {"items": items, "next": items[-1]["id"] if len(rows) > limit else None}


@device.route("/conflicts/summary")
@error_responses(401, 403)
@device.response(200, wire.SummarySchema)
def summary() -> dict[str, Any]:
    """How many conflicts wait, overdue and escalated, by organisation, person and task"""
    with reading() as (session, actor):
        return count_conflicts(session, actor=actor, **_when())


@device.route("/conflicts/<conflict_id>")
@error_responses(401, 403, 404)
@device.response(200, wire.WholeConflictSchema)
def show(conflict_id: str) -> Any:
    """What each side wrote, when, on which device and seeing what; and how it went before"""
    with reading() as (session, actor):
        row = care_of(session, actor=actor, conflict_id=conflict_id)
        [told] = tell_whole(session, [row], **_when())
    return told, 200, {"ETag": f'"{told["rev"]}"'}


@device.route("/conflicts/<conflict_id>/assign", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@device.arguments(wire.AssignConflictSchema)
@device.response(200, wire.ListedConflictSchema)
def assign(asked: dict[str, str], conflict_id: str) -> dict[str, Any]:
    """Give the care of an open conflict to an officer on its task or to a supervisor"""
    when = _when()
    chosen = {"officer_id": asked.get("officer_id"), "user_id": asked.get("user_id")}
    with writing("supervisor") as (session, actor):
        assign_conflict(session, actor=actor, conflict_id=conflict_id, now=when["now"], **chosen)
        row = care_of(session, actor=actor, conflict_id=conflict_id)
        [told] = list_told(session, [row], **when)
        return told


@device.route("/conflicts/<conflict_id>/resolve", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 412, 415, 428)
@device.arguments(ConflictPatch)
@device.response(200, ConflictSchema)
@device.doc(
    parameters=[
        {
            "in": "header",
            "name": "If-Match",
            "required": True,
            "schema": {"type": "string"},
            "description": "the ETag under which the conflict was seen",
        }
    ]
)
def resolve(choice: dict[str, Any], conflict_id: str) -> Any:
    """Settle a conflict, by a candidate's key or a value written anew"""
    with writing() as (session, actor):
        seen_rev = _if_match()
        settled = resolve_conflict(
            session, actor=actor, conflict_id=conflict_id, seen_rev=seen_rev, choice=choice,
            check_op=check_op, now=now(),
        )  # fmt: skip
    return settled._asdict(), 200, {"ETag": f'"{settled.rev}"'}


def _if_match() -> int:
    """The version the caller saw. Raises `precondition_required` where it is missing."""
    tag = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not tag:
        raise DomainError("precondition_required")
    if not (tag.isascii() and tag.isdigit() and len(tag) < 19):
        raise DomainError("precondition_failed")
    return int(tag)


def _when() -> dict[str, Any]:
    """The present moment, and how long a conflict may wait."""
    return {"now": now(), "term": parts().settings.conflict_term}

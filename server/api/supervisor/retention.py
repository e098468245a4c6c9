"""Keeping and deleting: terms, what is due, acts of deletion by two people."""

from typing import Any

from schemas import retention as wire
from schemas.common import PageArgs, ReasonSchema, page_of
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.supervisor import supervisor
from server.db import after_commit
from server.parts import parts
from server.services.retention.acts import (
    approve_deletion,
    list_acts,
    list_items,
    read_act,
    refuse_deletion,
    request_deletion,
)
from server.services.retention.due import tally_due
from server.services.retention.terms import list_terms, set_term

SEPARATOR = "/"


@supervisor.route("/retention/terms")
@error_responses(401, 403)
@supervisor.response(200, wire.TermsSchema)
def terms() -> dict[str, Any]:
    """How long each organisation keeps what, and what it set itself"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return {"items": list_terms(session, actor=actor)}


@supervisor.route("/retention/terms/<organisation_id>/<kind>", methods=["PUT"])
@error_responses(400, 401, 403, 404, 413, 415)
@supervisor.arguments(wire.NewTermSchema)
@supervisor.response(200, wire.TermSchema)
def put_term(asked: dict[str, Any], organisation_id: str, kind: str) -> dict[str, Any]:
    """Set a term; below the corps it may only be lengthened"""
    with writing("admin") as (session, actor):
        return set_term(
            session, actor=actor, organisation_id=organisation_id, kind=kind, now=clock.now(),
            **asked,
        )  # fmt: skip


@supervisor.route("/retention/due")
@error_responses(401, 403)
@supervisor.response(200, wire.DueSchema)
def due() -> dict[str, Any]:
    """What is past its term, counted: due, or kept and why"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return {"items": tally_due(session, path=actor.path, now=clock.now())}


@supervisor.route("/retention/acts", methods=["POST"])
@error_responses(400, 401, 403, 409, 413, 415)
@supervisor.arguments(wire.NewDeletionSchema)
@supervisor.response(201, wire.DeletionActSchema)
def request_act(asked: dict[str, Any]) -> dict[str, Any]:
    """Ask to delete what is due; somebody else approves it"""
    with writing("supervisor", "admin") as (session, actor):
        return request_deletion(session, actor=actor, now=clock.now(), **asked)


@supervisor.route("/retention/acts")
@error_responses(401, 403)
@supervisor.arguments(PageArgs, location="query")
@supervisor.response(200, page_of(wire.DeletionActSchema))
def acts(args: dict[str, Any]) -> dict[str, Any]:
    """The acts of deletion of one's part of the tree"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        found = list_acts(session, actor=actor, after=args.get("after"), limit=args["limit"])
    items = found[: args["limit"]]
    return {"items": items, "next": items[-1]["id"] if len(found) > len(items) else None}


@supervisor.route("/retention/acts/<act_id>")
@error_responses(401, 403, 404)
@supervisor.response(200, wire.DeletionActSchema)
def one_act(act_id: str) -> dict[str, Any]:
    """One act: who asked, who decided, how far it is"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return read_act(session, actor=actor, act_id=act_id)


@supervisor.route("/retention/acts/<act_id>/items")
@error_responses(401, 403, 404)
@supervisor.arguments(wire.DeletionItemArgs, location="query")
@supervisor.response(200, page_of(wire.DeletionItemSchema))
def act_items(args: dict[str, Any], act_id: str) -> dict[str, Any]:
    """What an act names: digest and size of each file stay for ever"""
    kind, _, subject_id = args.get("after", "").partition(SEPARATOR)
    with reading("supervisor", "admin", "auditor") as (session, actor):
        found = list_items(
            session, actor=actor, act_id=act_id, limit=args["limit"],
            after=(kind, subject_id) if kind else None,
        )  # fmt: skip
    items = found[: args["limit"]]
    last = f"{items[-1].kind}{SEPARATOR}{items[-1].subject_id}" if len(found) > len(items) else None
    return {"items": items, "next": last}


@supervisor.route("/retention/acts/<act_id>/approve", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 413, 415)
@supervisor.arguments(wire.RemarkSchema)
@supervisor.response(200, wire.DeletionActSchema)
def approve_act(asked: dict[str, Any], act_id: str) -> dict[str, Any]:
    """Agree to an act that somebody else asked for; a job then carries it out"""
    with writing("supervisor", "admin") as (session, actor):
        jobs = parts().jobs
        after_commit(session, lambda: jobs.nudge("carry_out_deletions"))
        return approve_deletion(session, actor=actor, act_id=act_id, now=clock.now(), **asked)


@supervisor.route("/retention/acts/<act_id>/refuse", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 413, 415)
@supervisor.arguments(ReasonSchema)
@supervisor.response(200, wire.DeletionActSchema)
def refuse_act(asked: dict[str, Any], act_id: str) -> dict[str, Any]:
    """Refuse an act, or take back one's own; everything in it is kept"""
    with writing("supervisor", "admin") as (session, actor):
        return refuse_deletion(session, actor=actor, act_id=act_id, now=clock.now(), **asked)

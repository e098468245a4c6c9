"""The cleaning of the register: who takes part, what they propose, what the lead signs off."""

from collections.abc import Sequence
from typing import Any

from flask.views import MethodView

from schemas.cleaning import (
    CoverageArgs,
    CoverageSchema,
    MemberArgs,
    MemberSchema,
    MembersSchema,
    NewMemberSchema,
    NewProposalSchema,
    NoteSchema,
    ProposalListArgs,
    ProposalSchema,
    ProposalsSchema,
    SignOffSchema,
    ToVerifyArgs,
)
from schemas.common import page_of
from schemas.objects import ObjectSchema
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.models import CleaningMember, ObjectProposal
from server.services.registers.cleaning import end_member, list_members, name_member
from server.services.registers.coverage import coverage
from server.services.registers.verifying import (
    Verdict,
    list_proposals,
    list_to_verify,
    propose,
    sign_off,
    undo,
)
from server.services.scope import Role

#: whoever may have a part; the part itself is looked at by the service
MEMBERS: tuple[Role, ...] = ("officer", "supervisor", "helper")


@supervisor.route("/registers/cleaning/members")
class Members(MethodView):
    """Who cleans an organisation's register."""

    @error_responses(401, 403, 404)
    @supervisor.arguments(MemberArgs, location="query")
    @supervisor.response(200, MembersSchema)
    def get(self, args: dict[str, Any]) -> dict[str, Sequence[Any]]:
        """Who takes part now"""
        with reading("supervisor", "admin", "auditor") as (session, actor):
            return {"items": list_members(session, actor=actor, **args)}

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(NewMemberSchema)
    @supervisor.response(201, MemberSchema)
    def post(self, asked: dict[str, Any]) -> CleaningMember:
        """Give somebody a part; one lead (监督员) for each organisation"""
        with writing("supervisor", "admin") as (session, actor):
            return name_member(session, actor=actor, **asked, now=clock.now())


@supervisor.route("/registers/cleaning/members/<member_id>", methods=["DELETE"])
@error_responses(401, 403, 404)
@supervisor.response(204)
def end_membership(member_id: str) -> None:
    """End somebody's part; what they proposed stays"""
    with writing("supervisor", "admin") as (session, actor):
        end_member(session, actor=actor, member_id=member_id, now=clock.now())


@supervisor.route("/registers/cleaning/objects")
@error_responses(401, 403)
@supervisor.arguments(ToVerifyArgs, location="query")
@supervisor.response(200, page_of(ObjectSchema))
def to_verify(args: dict[str, Any]) -> dict[str, Any]:
    """Objects of one's cleanings that wait to be verified"""
    after, limit = args.pop("after", None), args.pop("limit")
    with reading(*MEMBERS) as (session, actor):
        rows = list_to_verify(session, actor=actor, filters=args, after=after, limit=limit)
    return page_of_rows(rows, limit=limit)


@supervisor.route("/registers/cleaning/proposals")
class Proposals(MethodView):
    """What members found out."""

    @error_responses(401, 403)
    @supervisor.arguments(ProposalListArgs, location="query")
    @supervisor.response(200, page_of(ProposalSchema))
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """Proposals of one's cleanings, open ones unless another state is named"""
        after, limit = args.pop("after", None), args.pop("limit")
        with reading(*MEMBERS) as (session, actor):
            rows = list_proposals(session, actor=actor, filters=args, after=after, limit=limit)
        return page_of_rows(rows, limit=limit)

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(NewProposalSchema)
    @supervisor.response(201, ProposalSchema)
    def post(self, asked: dict[str, Any]) -> ObjectProposal:
        """Say what one found out; no changes means that the object is as registered"""
        with writing(*MEMBERS) as (session, actor):
            return propose(session, actor=actor, **asked, now=clock.now())


@supervisor.route("/registers/cleaning/sign-off", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(SignOffSchema)
@supervisor.response(200, ProposalsSchema)
def sign_off_proposals(asked: dict[str, Any]) -> dict[str, Any]:
    """The lead decides on many proposals, all or none"""
    verdicts = [Verdict(**item) for item in asked["items"]]
    with writing(*MEMBERS) as (session, actor):
        done = sign_off(
            session, actor=actor, verdicts=verdicts, note=asked["note"], now=clock.now()
        )
    return {"items": done}


@supervisor.route("/registers/cleaning/proposals/<proposal_id>/undo", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(NoteSchema)
@supervisor.response(200, ProposalSchema)
def undo_proposal(asked: dict[str, Any], proposal_id: str) -> ObjectProposal:
    """The lead takes an accepted proposal back, by a new decision"""
    with writing(*MEMBERS) as (session, actor):
        return undo(session, actor=actor, proposal_id=proposal_id, **asked, now=clock.now())


@supervisor.route("/registers/coverage")
@error_responses(401, 403, 404)
@supervisor.arguments(CoverageArgs, location="query")
@supervisor.response(200, CoverageSchema)
def register_coverage(args: dict[str, Any]) -> dict[str, Any]:
    """What the register covers, by organisation and kind, and how much of it is verified"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        rows = coverage(session, actor=actor, organisation_id=args.get("organisation_id"))
    return {"items": rows}

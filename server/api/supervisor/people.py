"""Interests and certificates of officers, and experts."""

from typing import Any

from flask.views import MethodView

from schemas.common import ReasonSchema, page_of
from schemas.people import (
    CertificateArgs,
    CertificatesSchema,
    ExpertListArgs,
    ExpertPatchSchema,
    ExpertSchema,
    InterestListArgs,
    InterestSchema,
    InterestWithGroundSchema,
    NewExpertSchema,
    NewInterestSchema,
    OwnInterestsSchema,
)
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.models import Expert, OfficerInterest
from server.services.registers.certificates import ending_certificates
from server.services.registers.experts import change_expert, create_expert, list_experts
from server.services.registers.interests import (
    declare_interest,
    list_interests,
    own_interests,
    withdraw_interest,
)


@supervisor.route("/officers/<officer_id>/interests", methods=["POST"])
@error_responses(400, 401, 403, 404, 415)
@supervisor.arguments(NewInterestSchema)
@supervisor.response(201, InterestSchema)
def declare(asked: dict[str, Any], officer_id: str) -> OfficerInterest:
    """Declare that an officer keeps away; one's own, or as supervisor an officer's"""
    ground = asked.pop("ground")
    with writing("officer", "supervisor") as (session, actor):
        return declare_interest(
            session, actor=actor, officer_id=officer_id, target=asked, ground=ground,
            now=clock.now(),
        )  # fmt: skip


@supervisor.route("/officers/interests/own")
@error_responses(401, 403)
@supervisor.response(200, OwnInterestsSchema)
def own() -> dict[str, Any]:
    """What one has declared oneself"""
    with reading("officer") as (session, actor):
        return {"items": own_interests(session, actor=actor)}


@supervisor.route("/officers/interests")
@error_responses(401, 403)
@supervisor.arguments(InterestListArgs, location="query")
@supervisor.response(200, page_of(InterestWithGroundSchema))
def interests(args: dict[str, Any]) -> dict[str, Any]:
    """The interests of one's officers with their grounds; for supervisors alone"""
    after, limit = args.pop("after", None), args.pop("limit")
    with reading("supervisor") as (session, actor):
        rows = list_interests(session, actor=actor, filters=args, after=after, limit=limit)
    return page_of_rows(rows, limit=limit)


@supervisor.route("/officers/interests/<interest_id>/withdraw", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(ReasonSchema)
@supervisor.response(200, InterestSchema)
def withdraw(asked: dict[str, Any], interest_id: str) -> OfficerInterest:
    """End an interest; the declaration stays on record"""
    with writing("supervisor") as (session, actor):
        return withdraw_interest(
            session, actor=actor, interest_id=interest_id, **asked, now=clock.now()
        )


@supervisor.route("/officers/certificates")
@error_responses(401, 403)
@supervisor.arguments(CertificateArgs, location="query")
@supervisor.response(200, CertificatesSchema)
def certificates(args: dict[str, Any]) -> dict[str, Any]:
    """Officers who cannot be sent, or soon cannot, for want of a valid certificate"""
    today = clock.china_date(clock.now())
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return {"items": ending_certificates(session, actor=actor, today=today, **args)}


@supervisor.route("/experts")
class Experts(MethodView):
    """Experts: opinions, never officers."""

    @error_responses(401, 403)
    @supervisor.arguments(ExpertListArgs, location="query")
    @supervisor.response(200, page_of(ExpertSchema))
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """The experts, by id"""
        after, limit = args.pop("after", None), args.pop("limit")
        with reading("supervisor", "admin", "auditor") as (session, actor):
            rows = list_experts(session, actor=actor, filters=args, after=after, limit=limit)
        return page_of_rows(rows, limit=limit)

    @error_responses(400, 401, 403, 404, 415)
    @supervisor.arguments(NewExpertSchema)
    @supervisor.response(201, ExpertSchema)
    def post(self, facts: dict[str, Any]) -> Expert:
        """Add an expert"""
        with writing("supervisor", "admin") as (session, actor):
            return create_expert(session, actor=actor, facts=facts, now=clock.now())


@supervisor.route("/experts/<expert_id>", methods=["PATCH"])
@error_responses(400, 401, 403, 404, 415)
@supervisor.arguments(ExpertPatchSchema)
@supervisor.response(200, ExpertSchema)
def patch_expert(patch: dict[str, Any], expert_id: str) -> Expert:
    """Change an expert"""
    with writing("supervisor", "admin") as (session, actor):
        return change_expert(
            session, actor=actor, expert_id=expert_id, patch=patch, now=clock.now()
        )

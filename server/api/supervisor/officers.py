"""Officers: who may be sent."""

from typing import Any

from flask.views import MethodView

from schemas.common import page_of
from schemas.registers import NewOfficerSchema, OfficerListArgs, OfficerPatchSchema, OfficerSchema
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.models import Officer
from server.services.registers.officers import (
    change_officer,
    create_officer,
    list_officers,
    officer_in_scope,
)


@supervisor.route("/officers")
class Officers(MethodView):
    """The officers of one's part of the tree."""

    @error_responses(401, 403, 404)
    @supervisor.arguments(OfficerListArgs, location="query")
    @supervisor.response(200, page_of(OfficerSchema))
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """The officers, by id"""
        after, limit = args.pop("after", None), args.pop("limit")
        with reading("supervisor", "admin", "auditor") as (session, actor):
            rows = list_officers(session, actor=actor, filters=args, after=after, limit=limit)
        return page_of_rows(rows, limit=limit)

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(NewOfficerSchema)
    @supervisor.response(201, OfficerSchema)
    def post(self, facts: dict[str, Any]) -> Officer:
        """Add an officer"""
        with writing("supervisor", "admin") as (session, actor):
            return create_officer(session, actor=actor, facts=facts, now=clock.now())


@supervisor.route("/officers/<officer_id>")
class OneOfficer(MethodView):
    """One officer."""

    @error_responses(401, 403, 404)
    @supervisor.response(200, OfficerSchema)
    def get(self, officer_id: str) -> Officer:
        """One officer"""
        with reading("supervisor", "admin", "auditor") as (session, actor):
            return officer_in_scope(session, actor=actor, officer_id=officer_id)

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(OfficerPatchSchema)
    @supervisor.response(200, OfficerSchema)
    def patch(self, patch: dict[str, Any], officer_id: str) -> Officer:
        """Change an officer; `active: false` keeps them from being sent"""
        with writing("supervisor", "admin") as (session, actor):
            return change_officer(
                session, actor=actor, officer_id=officer_id, patch=patch, now=clock.now()
            )

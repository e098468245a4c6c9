"""Organisations: the tree of bodies."""

from typing import Any

from flask.views import MethodView

from schemas.common import page_of
from schemas.registers import (
    NewOrganisationSchema,
    OrganisationListArgs,
    OrganisationPatchSchema,
    OrganisationSchema,
)
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.models import Organisation
from server.services.registers.organisations import (
    change_organisation,
    create_organisation,
    list_organisations,
)
from server.services.scope import organisation_in_scope


@supervisor.route("/organisations")
class Organisations(MethodView):
    """The bodies of one's part of the tree."""

    @error_responses(401, 403)
    @supervisor.arguments(OrganisationListArgs, location="query")
    @supervisor.response(200, page_of(OrganisationSchema))
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """The bodies, by id"""
        after, limit = args.pop("after", None), args.pop("limit")
        with reading("supervisor", "admin", "auditor") as (session, actor):
            rows = list_organisations(session, actor=actor, filters=args, after=after, limit=limit)
        return page_of_rows(rows, limit=limit)

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(NewOrganisationSchema)
    @supervisor.response(201, OrganisationSchema)
    def post(self, facts: dict[str, Any]) -> Organisation:
        """Add a body under another; objects that it covers most closely move to it"""
        with writing("admin") as (session, actor):
            return create_organisation(session, actor=actor, facts=facts, now=clock.now())


@supervisor.route("/organisations/<organisation_id>")
class OneOrganisation(MethodView):
    """One body."""

    @error_responses(401, 403, 404)
    @supervisor.response(200, OrganisationSchema)
    def get(self, organisation_id: str) -> Organisation:
        """One body"""
        with reading("supervisor", "admin", "auditor") as (session, actor):
            return organisation_in_scope(session, actor=actor, organisation_id=organisation_id)

    @error_responses(400, 401, 403, 404, 415)
    @supervisor.arguments(OrganisationPatchSchema)
    @supervisor.response(200, OrganisationSchema)
    def patch(self, patch: dict[str, Any], organisation_id: str) -> Organisation:
        """Change a body's name or responsible person"""
        with writing("admin") as (session, actor):
            return change_organisation(
                session, actor=actor, organisation_id=organisation_id, patch=patch,
                now=clock.now(),
            )  # fmt: skip

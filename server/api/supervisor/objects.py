"""Objects: what is inspected."""

from typing import Any

from flask.views import MethodView

from schemas.cleaning import ObjectPastSchema
from schemas.common import page_of
from schemas.objects import NewObjectSchema, ObjectListArgs, ObjectPatchSchema, ObjectSchema
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.models import InspectionObject
from server.services.registers.object_past import object_past
from server.services.registers.objects import (
    change_object,
    create_object,
    list_objects,
    object_in_scope,
)


@supervisor.route("/objects")
class Objects(MethodView):
    """The objects of one's part of the tree."""

    @error_responses(401, 403, 404)
    @supervisor.arguments(ObjectListArgs, location="query")
    @supervisor.response(200, page_of(ObjectSchema))
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """The objects, by id"""
        after, limit = args.pop("after", None), args.pop("limit")
        with reading("supervisor", "admin", "auditor") as (session, actor):
            rows = list_objects(session, actor=actor, filters=args, after=after, limit=limit)
        return page_of_rows(rows, limit=limit)

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(NewObjectSchema)
    @supervisor.response(201, ObjectSchema)
    def post(self, facts: dict[str, Any]) -> InspectionObject:
        """Add an object by hand; with a league's code its banner waits in the queue"""
        with writing("supervisor", "admin") as (session, actor):
            return create_object(session, actor=actor, facts=facts, now=clock.now())


@supervisor.route("/objects/<object_id>")
class OneObject(MethodView):
    """One object."""

    @error_responses(401, 403, 404)
    @supervisor.response(200, ObjectSchema)
    def get(self, object_id: str) -> InspectionObject:
        """One object"""
        with reading("supervisor", "admin", "auditor") as (session, actor):
            return object_in_scope(session, actor=actor, object_id=object_id)

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(ObjectPatchSchema)
    @supervisor.response(200, ObjectSchema)
    def patch(self, patch: dict[str, Any], object_id: str) -> InspectionObject:
        """Correct an object; imports leave the corrected alone, devices hear of it"""
        with writing("supervisor", "admin") as (session, actor):
            return change_object(
                session, actor=actor, object_id=object_id, patch=patch, now=clock.now()
            )


@supervisor.route("/objects/<object_id>/past")
@error_responses(401, 403, 404)
@supervisor.response(200, ObjectPastSchema)
def past(object_id: str) -> dict[str, Any]:
    """Its sources, what was merged with it, and what was done, newest first"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return object_past(session, actor=actor, object_id=object_id)

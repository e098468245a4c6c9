"""Why an object or an officer was drawn or not (说明)."""

from typing import Any

from schemas.draws import ObjectExplainedSchema, OfficerExplainedSchema
from server import clock
from server.api.glue import error_responses, reading
from server.api.supervisor import supervisor
from server.api.supervisor.tasks import frequency_rules
from server.services.drawing.explaining import explain_object, explain_officer


@supervisor.route("/objects/<object_id>/draws")
@error_responses(401, 403, 404)
@supervisor.response(200, ObjectExplainedSchema)
def draws_of_object(object_id: str) -> dict[str, Any]:
    """Why an object was drawn or not, its weight and reasons, when it may be drawn again"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return explain_object(
            session, actor=actor, object_id=object_id, rules=frequency_rules(), now=clock.now()
        )


@supervisor.route("/officers/<officer_id>/draws")
@error_responses(401, 403, 404)
@supervisor.response(200, OfficerExplainedSchema)
def draws_of_officer(officer_id: str) -> dict[str, Any]:
    """Why an officer was drawn or not, with the exact chance of each pick"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return explain_officer(session, actor=actor, officer_id=officer_id, now=clock.now())

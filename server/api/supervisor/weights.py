"""Weight tables (权重表): published, read, and told for one object."""

from typing import Any

from flask.views import MethodView

from schemas.weights import (
    ObjectWeightSchema,
    PublishWeightsSchema,
    WeightArgs,
    WeightTableSchema,
    WeightTablesSchema,
)
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.supervisor import supervisor
from server.models import WeightTable
from server.services.planning.weights import explain_weight, publish_weights, tables_of


@supervisor.route("/weight-tables")
class WeightTables(MethodView):
    """What makes an object or an officer likelier to be drawn."""

    @error_responses(401, 403, 404, 409)
    @supervisor.arguments(WeightArgs, location="query")
    @supervisor.response(200, WeightTablesSchema)
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """The table that holds for an organisation, and its own versions"""
        today = clock.china_date(clock.now())
        with reading("supervisor", "admin", "auditor") as (session, actor):
            organisation_id = args.get("organisation_id", actor.organisation_id)
            return tables_of(session, actor=actor, organisation_id=organisation_id, today=today)

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(PublishWeightsSchema)
    @supervisor.response(201, WeightTableSchema)
    def post(self, asked: dict[str, Any]) -> WeightTable:
        """Publish the next version of the corps' or a detachment's table"""
        with writing("supervisor", "admin") as (session, actor):
            organisation_id = asked.pop("organisation_id") or actor.organisation_id
            return publish_weights(
                session, actor=actor, organisation_id=organisation_id, now=clock.now(), **asked
            )


@supervisor.route("/objects/<object_id>/weight")
@error_responses(401, 403, 404, 409)
@supervisor.response(200, ObjectWeightSchema)
def object_weight(object_id: str) -> dict[str, Any]:
    """An object's weight today, and its reasons in words"""
    today = clock.china_date(clock.now())
    with reading("supervisor", "admin", "auditor") as (session, actor):
        weight, table = explain_weight(session, actor=actor, object_id=object_id, day=today)
    return {
        "weight": weight.value,
        "reasons": weight.reasons,
        "table_id": table.id,
        "table_version": table.version,
    }

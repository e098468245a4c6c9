"""What is late, and what must be seen although it is allowed (督导, N24, N48)."""

from typing import Any

from schemas.plans import AlertsSchema, AnomaliesArgs, AnomaliesSchema
from server import clock
from server.api.glue import error_responses, reading
from server.api.supervisor import supervisor
from server.api.supervisor.tasks import frequency_rules
from server.services.planning.alerts import alerts_of
from server.services.planning.anomalies import anomalies_of


@supervisor.route("/alerts")
@error_responses(401, 403)
@supervisor.response(200, AlertsSchema)
def alerts() -> dict[str, Any]:
    """Plans that should be filed, approved or drawn by now"""
    today = clock.china_date(clock.now())
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return {"items": alerts_of(session, actor=actor, today=today)}


@supervisor.route("/anomalies")
@error_responses(401, 403)
@supervisor.arguments(AnomaliesArgs, location="query")
@supervisor.response(200, AnomaliesSchema)
def anomalies(args: dict[str, Any]) -> dict[str, Any]:
    """What is allowed and must be seen: overrides, objects over the cap, abandoned draws, …"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        found = anomalies_of(session, actor=actor, rules=frequency_rules(), **args)
        return {"items": found}

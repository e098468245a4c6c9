"""For whoever keeps the server running (N46): is it alive, can it work?"""

import marshmallow as ma
from sqlalchemy import text

from server.api.glue import Blueprint, error_responses
from server.parts import parts

health = Blueprint("health", __name__, authenticated=False, description="Health checks")


class HealthSchema(ma.Schema):
    """State of the server."""

    status = ma.fields.Constant("ok", required=True)


@health.route("healthz")
@health.response(200, HealthSchema)
def alive() -> dict[str, str]:
    """Whether the process answers"""
    return {"status": "ok"}


@health.route("readyz")
@error_responses(503)
@health.response(200, HealthSchema)
def ready() -> dict[str, str]:
    """Whether the database answers too"""
    with parts().database.read() as session:
        session.execute(text("SELECT 1"))
    return {"status": "ok"}

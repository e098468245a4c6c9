"""The audit trail, for those who answer for a part of the tree."""

from typing import Any

from schemas.auth import AuditArgs, AuditPageSchema
from server.api.glue import error_responses, reading
from server.api.supervisor import supervisor
from server.services.audit.trail import list_acts


@supervisor.route("/audit")
@error_responses(401, 403)
@supervisor.arguments(AuditArgs, location="query")
@supervisor.response(200, AuditPageSchema)
def audit_trail(args: dict[str, Any]) -> dict[str, Any]:
    """Who did what, when, on which device; newest first"""
    after, limit = args.pop("after", None), args.pop("limit")
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return list_acts(session, actor=actor, filters=args, after=after, limit=limit)

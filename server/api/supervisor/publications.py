"""Publication: publish an approved result, correct it, withdraw it."""

from typing import Any

from schemas.publication import PublicationSchema, PublishSchema, WithdrawSchema
from server import clock
from server.api.glue import error_responses, writing
from server.api.supervisor import supervisor
from server.models import Publication
from server.services.publishing.notices import publish, withdraw


@supervisor.route("/tasks/<task_id>/publish", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(PublishSchema)
@supervisor.response(201, PublicationSchema)
def publish_task(asked: dict[str, Any], task_id: str) -> Publication:
    """Publish an approved result and close its task; of a published one, a corrected version"""
    with writing("supervisor") as (session, actor):
        return publish(session, actor=actor, task_id=task_id, now=clock.now(), **asked)


@supervisor.route("/publications/<notice_id>/withdraw", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(WithdrawSchema)
@supervisor.response(200, PublicationSchema)
def withdraw_notice(asked: dict[str, Any], notice_id: str) -> Publication:
    """Withdraw a notice: its content goes, its record and the reason stay visible"""
    with writing("supervisor") as (session, actor):
        return withdraw(session, actor=actor, notice_id=notice_id, now=clock.now(), **asked)

"""Review: look at a submitted record, send it back or approve it."""

from typing import Any

from schemas.review import (
    NotAwaitedSchema,
    ReviewedTaskSchema,
    ReviewSchema,
    SendBackSchema,
    TaskDevicesSchema,
)
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.supervisor import supervisor
from server.models import Task
from server.parts import parts
from server.services.review.awaiting import name_not_awaited
from server.services.review.decisions import approve, send_back
from server.services.review.view import read_review


@supervisor.route("/tasks/<task_id>/review")
@error_responses(401, 403, 404)
@supervisor.response(200, ReviewSchema)
def review(task_id: str) -> dict[str, Any]:
    """The whole record with its history, and what still prevents approval"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return read_review(
            session, actor=actor, task_id=task_id, now=clock.now(),
            term=parts().settings.conflict_term, received=parts().media.uploads.offset,
        )  # fmt: skip


@supervisor.route("/tasks/<task_id>/send-back", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(SendBackSchema)
@supervisor.response(200, ReviewedTaskSchema)
def send_task_back(asked: dict[str, Any], task_id: str) -> Task:
    """Send a submitted record back to its officers; opens a new round"""
    with writing("supervisor") as (session, actor):
        return send_back(session, actor=actor, task_id=task_id, now=clock.now(), **asked)


@supervisor.route("/tasks/<task_id>/approve", methods=["POST"])
@error_responses(401, 403, 404, 409)
@supervisor.response(200, ReviewedTaskSchema)
def approve_task(task_id: str) -> Task:
    """Approve a complete record; 409 `approval_blocked` lists what is missing"""
    with writing("supervisor") as (session, actor):
        return approve(session, actor=actor, task_id=task_id, now=clock.now())


@supervisor.route("/tasks/<task_id>/not-awaited", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(NotAwaitedSchema)
@supervisor.response(200, TaskDevicesSchema)
def do_not_await(asked: dict[str, Any], task_id: str) -> dict[str, Any]:
    """Name a device that approval shall not wait for, with the reason"""
    with writing("supervisor") as (session, actor):
        found = name_not_awaited(session, actor=actor, task_id=task_id, now=clock.now(), **asked)
    return {"items": found}

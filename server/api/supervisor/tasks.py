"""Tasks: made by hand where the law allows it, approved, assigned, cancelled."""

from typing import Any

from flask.views import MethodView

from schemas.common import page_of
from schemas.tasks import AssignSchema, CancelSchema, NewTaskSchema, TaskListArgs, TaskSchema
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.supervisor import supervisor
from server.parts import parts
from server.services.tasks.assignments import assign
from server.services.tasks.eligibility import Post
from server.services.tasks.frequency import FrequencyRules
from server.services.tasks.tasks import NewTask, approve_request, cancel_task, create_task
from server.services.tasks.views import Page, get_task, list_tasks


@supervisor.route("/tasks")
class Tasks(MethodView):
    """All tasks of one's part of the tree."""

    @error_responses(401, 403, 404)
    @supervisor.arguments(TaskListArgs, location="query")
    @supervisor.response(200, page_of(TaskSchema))
    def get(self, args: dict[str, Any]) -> Page:
        """The tasks, newest first"""
        after, limit = args.pop("after", None), args.pop("limit")
        with reading("supervisor", "admin", "auditor") as (session, actor):
            return list_tasks(
                session,
                actor=actor,
                filters=args,
                after=after,
                limit=limit,
                rules=frequency_rules(),
            )

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(NewTaskSchema)
    @supervisor.response(201, TaskSchema)
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Make a task by hand (exempt origins, and `other` with an approver); may assign at once"""
        team, now = asked.pop("assignments", None), clock.now()
        with writing("supervisor", "admin") as (session, actor):
            task = create_task(
                session, actor=actor, asked=NewTask(**asked), rules=frequency_rules(), now=now
            )
            if team is not None:
                posts = _posts(team)
                assign(session, actor=actor, task_id=task.id, posts=posts, reason=None, now=now)
            return get_task(session, actor=actor, task_id=task.id, rules=frequency_rules())


@supervisor.route("/tasks/<task_id>")
@error_responses(401, 403, 404)
@supervisor.response(200, TaskSchema)
def one_task(task_id: str) -> dict[str, Any]:
    """One task with its officers, past and present, and its frequency"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return get_task(session, actor=actor, task_id=task_id, rules=frequency_rules())


@supervisor.route("/tasks/<task_id>/approve-request", methods=["POST"])
@error_responses(401, 403, 404, 409)
@supervisor.response(200, TaskSchema)
def approve_task_request(task_id: str) -> dict[str, Any]:
    """Agree to a task of origin `other`; not the requester's to do"""
    with writing("supervisor", "admin") as (session, actor):
        approve_request(
            session, actor=actor, task_id=task_id, rules=frequency_rules(), now=clock.now()
        )
        return get_task(session, actor=actor, task_id=task_id, rules=frequency_rules())


@supervisor.route("/tasks/<task_id>/assignments", methods=["PUT"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(AssignSchema)
@supervisor.response(200, TaskSchema)
def assign_task(asked: dict[str, Any], task_id: str) -> dict[str, Any]:
    """Send these officers, and nobody else; a reason is needed from the second time on"""
    with writing("supervisor", "admin") as (session, actor):
        assign(
            session, actor=actor, task_id=task_id, posts=_posts(asked["assignments"]),
            reason=asked["reason"], now=clock.now(),
        )  # fmt: skip
        return get_task(session, actor=actor, task_id=task_id, rules=frequency_rules())


@supervisor.route("/tasks/<task_id>/cancel", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(CancelSchema)
@supervisor.response(200, TaskSchema)
def cancel_one_task(asked: dict[str, Any], task_id: str) -> dict[str, Any]:
    """Cancel a task that was not approved yet; its holders see why"""
    with writing("supervisor", "admin") as (session, actor):
        cancel_task(session, actor=actor, task_id=task_id, reason=asked["reason"], now=clock.now())
        return get_task(session, actor=actor, task_id=task_id, rules=frequency_rules())


def frequency_rules() -> FrequencyRules:
    """Cap and interval as this deployment settles what the notice leaves open."""
    return FrequencyRules(exempt_checks_count=parts().settings.exempt_checks_count)


def _posts(team: list[dict[str, str]]) -> list[Post]:
    return [Post(**post) for post in team]

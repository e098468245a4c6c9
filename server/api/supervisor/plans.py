"""Plans (抽查计划): filed, decided, revised, read."""

from typing import Any

from flask.views import MethodView
from sqlalchemy.orm import Session

from schemas.plans import (
    DecidePlanSchema,
    NewPlanSchema,
    PlanListSchema,
    PlansArgs,
    PlanWithRevisionsSchema,
    RevisePlanSchema,
)
from server import clock
from server.api.glue import attempting, error_responses, reading, writing
from server.api.supervisor import supervisor
from server.api.supervisor.tasks import frequency_rules
from server.models import Plan, PlanRevision
from server.services.planning.plan_rules import period_of
from server.services.planning.plans import (
    NewPlan,
    decide_plan,
    file_plan,
    find_plan,
    list_plans,
    revise_plan,
    revisions_of,
)


@supervisor.route("/plans")
class Plans(MethodView):
    """Annual plans, monthly plans, campaigns."""

    @error_responses(401, 403)
    @supervisor.arguments(PlansArgs, location="query")
    @supervisor.response(200, PlanListSchema)
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """The plans of a year, by period"""
        with reading("supervisor", "admin", "auditor") as (session, actor):
            return {"items": list_plans(session, actor=actor, filters=args)}

    @error_responses(400, 401, 403, 404, 409, 415)
    @supervisor.arguments(NewPlanSchema)
    @supervisor.response(201, PlanWithRevisionsSchema)
    def post(self, asked: dict[str, Any]) -> dict[str, Any]:
        """File a plan; what cannot be kept is refused with the largest quota that can

        Another person approves it. Months of the year that are over are not counted."""
        content, period = asked.pop("content"), _period(asked)
        with attempting("plan.file", "plan", asked["code"], "supervisor", "admin") as (
            session,
            actor,
        ):
            organisation_id = asked.pop("organisation_id") or actor.organisation_id
            wanted = NewPlan(organisation_id=organisation_id, **asked, **period)
            plan, _ = file_plan(
                session, actor=actor, asked=wanted, content=content, rules=frequency_rules(),
                now=clock.now(),
            )  # fmt: skip
            return _shown(session, plan)


@supervisor.route("/plans/<plan_id>")
@error_responses(401, 403, 404)
@supervisor.response(200, PlanWithRevisionsSchema)
def one_plan(plan_id: str) -> dict[str, Any]:
    """A plan with all its filings"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return _shown(session, find_plan(session, actor=actor, plan_id=plan_id))


@supervisor.route("/plans/<plan_id>/revisions", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(RevisePlanSchema)
@supervisor.response(201, PlanWithRevisionsSchema)
def revise(asked: dict[str, Any], plan_id: str) -> dict[str, Any]:
    """File a revision; what holds stands until another person approves it"""
    with writing("supervisor", "admin") as (session, actor):
        plan, _ = revise_plan(
            session, actor=actor, plan_id=plan_id, rules=frequency_rules(), now=clock.now(), **asked
        )
        return _shown(session, plan)


@supervisor.route("/plans/<plan_id>/decision", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(DecidePlanSchema)
@supervisor.response(200, PlanWithRevisionsSchema)
def decide(asked: dict[str, Any], plan_id: str) -> dict[str, Any]:
    """Approve or refuse the filing that waits; not one's own"""
    with writing("supervisor", "admin") as (session, actor):
        plan, _ = decide_plan(session, actor=actor, plan_id=plan_id, now=clock.now(), **asked)
        return _shown(session, plan)


def _period(asked: dict[str, Any]) -> dict[str, Any]:
    """First and last day; what told them is taken out."""
    year, month = asked.pop("year", None), asked.pop("month", None)
    if year is None:
        return {"from_day": asked.pop("from_day"), "to_day": asked.pop("to_day")}
    from_day, to_day = period_of(asked["kind"], year=year, month=month)
    return {"from_day": from_day, "to_day": to_day}


def _shown(session: Session, plan: Plan) -> dict[str, Any]:
    revisions: list[PlanRevision] = list(revisions_of(session, plan))
    columns = [column.key for column in Plan.__table__.columns]
    shown = {name: getattr(plan, name) for name in [*columns, "practice"]}
    return {**shown, "revisions": revisions}

"""Plans (计划公示) as JSON: what was approved, and how it came to be (N39)."""

from typing import Any

from schemas.common import page_of
from schemas.public_plans import PublicPlanLineSchema, PublicPlansArgs, PublicPlanSchema
from server import clock
from server.api.glue import error_responses
from server.api.public import public
from server.api.public.results import TAGGED, UNCHANGED
from server.parts import parts
from server.services.planning.public_plans import Search, read_plan, search_plans


@public.route("/plans")
@public.alt_response(304, **UNCHANGED)
@public.arguments(PublicPlansArgs, location="query")
@public.response(200, page_of(PublicPlanLineSchema), headers=TAGGED)
def plans(args: dict[str, Any]) -> dict[str, Any]:
    """Approved plans, those of the latest period first"""
    return find_plans(args)


@public.route("/plans/<plan_id>")
@error_responses(404)
@public.alt_response(304, **UNCHANGED)
@public.response(200, PublicPlanSchema, headers=TAGGED)
def one_plan(plan_id: str) -> dict[str, Any]:
    """A plan with its revisions; of a sealed one only counts and commitments"""
    return find_plan(plan_id)


def find_plans(args: dict[str, Any]) -> dict[str, Any]:
    """A page of the plans that these arguments ask for."""
    names = {"organisation": "organisation_id"}
    search = Search(**{names.get(name, name): value for name, value in args.items()})
    with parts().database.read() as session:
        return search_plans(session, search=search, today=clock.china_date(clock.now()))


def find_plan(plan_id: str) -> dict[str, Any]:
    """What everyone may read of a plan."""
    with parts().database.read() as session:
        return read_plan(session, plan_id=plan_id, today=clock.china_date(clock.now()))

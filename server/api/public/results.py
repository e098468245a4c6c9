"""Published results as JSON."""

from typing import Any

from schemas.common import page_of
from schemas.publication import PublicResultLineSchema, PublicResultSchema, ResultArgs, ResultsArgs
from server.api.glue import error_responses
from server.api.public import public
from server.parts import parts
from server.services.publishing.public_results import Search, read_result, search_results

TAGGED = {"ETag": {"description": "for `If-None-Match`", "schema": {"type": "string"}}}
UNCHANGED = {"description": "the caller has this already"}


@public.route("/results")
@public.alt_response(304, **UNCHANGED)
@public.arguments(ResultsArgs, location="query")
@public.response(200, page_of(PublicResultLineSchema), headers=TAGGED)
def results(args: dict[str, Any]) -> dict[str, Any]:
    """Published results, newest first"""
    return find(args)


@public.route("/results/<notice_id>")
@error_responses(404)
@public.alt_response(304, **UNCHANGED)
@public.arguments(ResultArgs, location="query")
@public.response(200, PublicResultSchema, headers=TAGGED)
def result(args: dict[str, Any], notice_id: str) -> dict[str, Any]:
    """One published result, the newest version or the one asked for"""
    with parts().database.read() as session:
        return read_result(session, notice_id=notice_id, **args)


def find(args: dict[str, Any]) -> dict[str, Any]:
    """A page of the results that these arguments ask for."""
    names = {"organisation": "organisation_id"}
    search = Search(**{names.get(name, name): value for name, value in args.items()})
    with parts().database.read() as session:
        return search_results(session, search=search)

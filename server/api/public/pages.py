"""Published results as pages in Chinese: no script, no outside source, readable on a phone."""

from collections.abc import Mapping, Sequence
from typing import Any

import marshmallow as ma
from flask import Response, make_response, render_template, request, url_for
from werkzeug.exceptions import HTTPException

from schemas.items import ItemsArgs
from schemas.public_draws import PublicDrawsArgs
from schemas.public_plans import PublicPlansArgs
from schemas.publication import ResultArgs, ResultsArgs
from server import clock
from server.api.public import labels, public_pages
from server.api.public.items import find_items
from server.api.public.plans import find_plan, find_plans
from server.api.public.results import find
from server.errors import DomainError
from server.parts import parts
from server.services.drawing.public_draws import public_draw, public_draws
from server.services.planning.items import publishing_bodies
from server.services.planning.public_plans import planning_bodies
from server.services.publishing.public_results import publishing_organisations, read_result

#: the boxes of the search forms
BOXES = ("q", "organisation", "from", "to")
PLAN_BOXES = ("organisation", "year")


@public_pages.route("/", strict_slashes=False)
def results_page() -> str:
    """The list with its search form."""
    args, ignored = _arguments(ResultsArgs())
    page = find(args)
    with parts().database.read() as session:
        organisations = publishing_organisations(session)
    turning = _turning(page, args, boxes=BOXES, ignored=ignored)
    return render_template(
        "results.html", results=page["items"], organisations=organisations, **turning
    )


@public_pages.route("/results/<notice_id>", strict_slashes=False)
def result_page(notice_id: str) -> str:
    """One result, the newest version or the one asked for."""
    args, _ = _arguments(ResultArgs())
    with parts().database.read() as session:
        shown = read_result(session, notice_id=notice_id, **args)
    return render_template("result.html", result=shown, record=shown["record"])


@public_pages.route("/items", strict_slashes=False)
def item_lists_page() -> str:
    """The bodies that have a list of what may be inspected."""
    with parts().database.read() as session:
        return render_template("item_lists.html", bodies=publishing_bodies(session))


@public_pages.route("/items/<organisation_id>", strict_slashes=False)
def items_page(organisation_id: str) -> str:
    """What may be inspected in a body's area, or a version of its own list, with its history."""
    args, _ = _arguments(ItemsArgs())
    listed = find_items(organisation_id, args.get("version"))
    return render_template("items.html", listed=listed, asked=args.get("version"))


@public_pages.route("/plans", strict_slashes=False)
def plans_page() -> str:
    """The approved plans with their search form."""
    args, ignored = _arguments(PublicPlansArgs())
    page = find_plans(args)
    with parts().database.read() as session:
        organisations = planning_bodies(session)
    turning = _turning(page, args, boxes=PLAN_BOXES, ignored=ignored)
    return render_template(
        "plans.html", plans=page["items"], organisations=organisations, **turning
    )


@public_pages.route("/plans/<plan_id>", strict_slashes=False)
def plan_page(plan_id: str) -> str:
    """One plan, with its revisions."""
    return render_template("plan.html", plan=find_plan(plan_id))


@public_pages.route("/draws", strict_slashes=False)
def draws_page() -> str:
    """The draws, the newest first, abandoned attempts too."""
    args, _ = _arguments(PublicDrawsArgs())
    with parts().database.read() as session:
        page = public_draws(session, **args)
    return render_template("draws.html", draws=page["items"], **_turning(page, args))


@public_pages.route("/draws/<draw_id>", strict_slashes=False)
def draw_page(draw_id: str) -> str:
    """One draw, and how to replay it."""
    with parts().database.read() as session:
        shown = public_draw(session, draw_id=draw_id, now=clock.now())
    return render_template("draw.html", draw=shown)


@public_pages.route("/<path:elsewhere>")
def no_page(elsewhere: str) -> str:
    """Any other address below ours: people mistype, and shall read why nothing is there."""
    raise DomainError("not_found", details={"path": elsewhere})


def _turning(
    page: Mapping[str, Any],
    args: Mapping[str, Any],
    *,
    boxes: Sequence[str] = (),
    ignored: Sequence[str] = (),
) -> dict[str, Any]:
    """What a list says of its search form, and where its other pages are: what was asked for, the
    boxes that could not be read, the first page and the one that follows."""
    asked: dict[str, Any] = {name: request.args[name] for name in boxes if request.args.get(name)}
    here, mark = f"{request.endpoint}", page["next"]
    return {
        "asked": asked,
        "ignored": [name for name in ignored if name in boxes],
        "first": url_for(here, **asked) if "after" in args else None,
        "following": url_for(here, **asked, after=mark) if mark else None,
    }


def _arguments(schema: ma.Schema) -> tuple[dict[str, Any], list[str]]:
    """The query as far as it can be read, and the names of what cannot.

    Unlike the API a page does not refuse: messengers append words of their own to shared links
    (WeChat: `from=singlemessage`), and a box of the form that was left empty asks for nothing.
    """
    given = {name: text.strip() for name, text in request.args.items() if text.strip()}
    try:
        return dict(schema.load(given, unknown=ma.EXCLUDE)), []
    except ma.ValidationError as error:
        valid = {name: given[name] for name in given if name not in error.messages_dict}
        return dict(schema.load(valid, unknown=ma.EXCLUDE)), sorted(error.messages_dict)


@public_pages.errorhandler(HTTPException)
@public_pages.errorhandler(DomainError)
def error_page(error: HTTPException | DomainError) -> Response:
    """Whatever went wrong, as a page that says what to do next."""
    status = error.status if isinstance(error, DomainError) else error.code or 500
    return make_response(render_template("error.html", status=status), status)


@public_pages.context_processor
def _words() -> dict[str, Any]:
    return {"labels": labels}

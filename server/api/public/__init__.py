"""For everyone: what was published, as JSON and as pages in Chinese. No token is asked for."""

import flask

from server.api.glue import Blueprint
from server.api.public.caching import answer_conditionally
from server.api.public.headers import protect

public = Blueprint("public", __name__, authenticated=False, description="Published results")
public.after_request(answer_conditionally)

#: a plain blueprint: pages are no part of the API's description
public_pages = flask.Blueprint(
    "public_pages", __name__, template_folder="templates", static_folder="static"
)
public_pages.after_request(answer_conditionally)
public_pages.after_request(protect)

from server.api.public import draws, items, pages, plans, results  # routes register themselves

"""Conditional answers: who has the present version gets 304 and no body (RFC 9110 §15.4.5)."""

from flask import Response, request

#: kept by anyone, but asked for again each time: a withdrawal takes effect at once
CACHE_CONTROL = "public, no-cache"


def answer_conditionally(response: Response) -> Response:
    """Tag a good answer by its content, and answer 304 where the caller has it already."""
    if response.status_code != 200 or request.method not in ("GET", "HEAD"):
        return response
    response.headers["Cache-Control"] = CACHE_CONTROL
    if not response.direct_passthrough:  # a file of `static` brings its own tag
        response.add_etag()
        response.make_conditional(request)
    return response

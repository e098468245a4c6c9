"""Stored files as answers: streamed, known by their ETag, never shown as what they are not."""

from typing import Any, BinaryIO

from flask import Response, request, send_file

from server.api.glue import Blueprint

FOR_GOOD = "private, max-age=31536000, immutable"
"""For what never changes under its address, and is this person's alone to keep."""
ASK_EACH_TIME = "private, no-cache"
"""For what may be kept but not looked at without asking: each look is noted."""

NEVER_KEPT = "private, no-store"
BINARY = {"type": "string", "format": "binary"}


def answers_file(blueprint: Blueprint, *media_types: str) -> Any:
    """Describe an answer that is one of these kinds of file, or nothing new."""

    def decorate(view: Any) -> Any:
        view = blueprint.alt_response(304, description="Not Modified")(view)
        for media_type in media_types:
            view = blueprint.response(200, BINARY, content_type=media_type)(view)
        return view

    return decorate


def send_stored(
    content: BinaryIO, media_type: str, *, name: str, etag: str, cached: str, **how: bool
) -> Response:
    """A stored file; as an attachment a browser saves it instead of showing it."""
    response = send_file(
        content, media_type, download_name=name, conditional=False, etag=False, **how
    )
    response.set_etag(etag)
    response.headers["Cache-Control"] = cached
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.make_conditional(request)
    return response

"""Small pictures of photos, and the printed copy: what people look at instead of the original."""

import io
from math import ceil
from typing import BinaryIO, NamedTuple

from flask import Response

from media.small import SCREEN, THUMBNAIL
from media.stamp import printed_copy
from server import clock
from server.api.device import device
from server.api.glue import error_responses, reading, writing
from server.api.stored_files import FOR_GOOD, NEVER_KEPT, answers_file, send_stored
from server.db import after_commit
from server.errors import DomainError
from server.models import Derivative
from server.parts import parts
from server.services.evidence.derivatives import find_derivative, make_anew, may_come
from server.services.evidence.photos import photo_file
from server.services.evidence.printing import print_photo

RETRY_SECONDS = 5
JPEG = "image/jpeg"


class SmallPicture(NamedTuple):
    """A derivative with its bytes."""

    content: BinaryIO
    etag: str


@device.route("/photos/<photo_id>/thumbnail")
@error_responses(401, 403, 404, 410)
@answers_file(device, JPEG)
def thumbnail(photo_id: str) -> Response:
    """A JPEG of at most 320 px, upright and without metadata

    404 `derivative_missing` with `Retry-After` until it is made; without, it never will be."""
    return _sent(photo_id, THUMBNAIL.name)


@device.route("/photos/<photo_id>/screen")
@error_responses(401, 403, 404, 410)
@answers_file(device, JPEG)
def screen(photo_id: str) -> Response:
    """A JPEG of at most 1600 px, upright and without metadata; missing as the thumbnail may be"""
    return _sent(photo_id, SCREEN.name)


@device.route("/photos/<photo_id>/print")
@error_responses(401, 403, 404, 410)
@answers_file(device, JPEG)
def printed(photo_id: str) -> Response:
    """The copy for paper: screen size, with time, place, officer and digest below; it is noted

    Missing as the screen size may be. It is made anew each time and says who had it made."""
    with _opened(photo_id, SCREEN.name).content as picture:
        content = picture.read()
    with writing() as (session, actor):
        asked = print_photo(session, actor=actor, photo_id=photo_id, now=clock.now())
    copy = io.BytesIO(printed_copy(content, asked.lines))
    return send_stored(
        copy, JPEG, name=f"{photo_id}-print.jpg", etag=f"{asked.file.sha256}-print",
        cached=NEVER_KEPT,
    )  # fmt: skip


def _sent(photo_id: str, kind: str) -> Response:
    small = _opened(photo_id, kind)
    return send_stored(
        small.content, JPEG, name=f"{photo_id}-{kind}.jpg", etag=small.etag, cached=FOR_GOOD
    )


def _opened(photo_id: str, kind: str) -> SmallPicture:
    """Raises `not_found`, `derivative_missing`."""
    with reading() as (session, actor):
        file = photo_file(session, actor=actor, photo_id=photo_id)
        known = find_derivative(session, file, kind)
    if known is None or known.made_at is None:
        raise _missing(known, kind)
    content = parts().media.derivatives[kind].open(file.sha256)
    if content is None:
        _order_anew(file.sha256)
        raise _waiting(kind)
    return SmallPicture(content, known.made_sha256 or f"{file.sha256}-{kind}")


def _missing(known: Derivative | None, kind: str) -> DomainError:
    """Why there is none: it is `waiting`, it `failed` for good, or it would be of a `clip`."""
    if known is not None and may_come(known):
        wait_seconds = (known.due_at - clock.now()).total_seconds() if known.error else 0
        return _waiting(kind, max(RETRY_SECONDS, ceil(wait_seconds)))
    details = {"kind": kind, "state": "clip" if known is None else "failed"}
    return DomainError("derivative_missing", details=details)


def _waiting(kind: str, seconds: int = RETRY_SECONDS) -> DomainError:
    return DomainError(
        "derivative_missing", details={"kind": kind, "state": "waiting"},
        headers={"Retry-After": str(seconds)},
    )  # fmt: skip


def _order_anew(sha256: str) -> None:
    jobs = parts().jobs
    with writing() as (session, _):
        make_anew(session, sha256=sha256, now=clock.now())
        after_commit(session, lambda: jobs.nudge("make_derivatives"))

"""Photos: which need not be sent, and how they look."""

from typing import Any, BinaryIO

from flask import Response, request, send_file

from schemas.common import page_of
from schemas.photos import (
    MissingCountsSchema,
    MissingFilterArgs,
    MissingListArgs,
    MissingPhotoSchema,
    PhotoCheckedSchema,
    PhotoCheckSchema,
)
from server import clock
from server.api.device import device
from server.api.glue import error_responses, reading, writing
from server.errors import DomainError
from server.models import EvidenceFile
from server.parts import parts
from server.services.evidence.derivatives import can_have_thumbnail
from server.services.evidence.photos import Known, check_photos, photo_file, view_original
from server.services.evidence.verification import find_waiting, verify_photos
from server.services.review.missing import Mark, Page, count_missing, missing_photos

RETRY_SECONDS = "5"
BINARY = {"type": "string", "format": "binary"}
EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
}


def _answers_media(*media_types: str) -> Any:
    """Describe an answer that is one of these kinds of file, or nothing new."""

    def decorate(view: Any) -> Any:
        view = device.alt_response(304, description="Not Modified")(view)
        for media_type in media_types:
            view = device.response(200, BINARY, content_type=media_type)(view)
        return view

    return decorate


@device.route("/photos/check", methods=["POST"])
@error_responses(400, 401, 403, 413, 415)
@device.arguments(PhotoCheckSchema)
@device.response(200, PhotoCheckedSchema)
def check(asked: dict[str, Any]) -> Known:
    """Which files the server has already, within the caller's own scope"""
    with reading() as (session, actor):
        known = check_photos(session, actor=actor, digests=asked["sha256"])
        waiting = find_waiting(session, user_id=actor.user_id) if known.have else []
    if waiting:  # they will not be sent, so nothing else would call them verified
        with writing() as (session, actor):
            verify_photos(session, waiting, actor=actor, now=clock.now())
    return known


@device.route("/photos/missing")
@error_responses(401, 403)
@device.arguments(MissingListArgs, location="query")
@device.response(200, page_of(MissingPhotoSchema))
def missing(args: dict[str, Any]) -> Page:
    """What approval waits for in the tasks one holds, or in one's part of the tree; oldest first"""
    after, limit = args.pop("after", None), args.pop("limit")
    since_ms, _, photo_id = (after or "").partition(".")
    mark = Mark(int(since_ms), photo_id) if after else None
    received = parts().media.uploads.offset
    with reading() as (session, actor):
        return missing_photos(
            session, actor=actor, filters=args, after=mark, limit=limit, received=received
        )


@device.route("/photos/missing/summary")
@error_responses(401, 403)
@device.arguments(MissingFilterArgs, location="query")
@device.response(200, MissingCountsSchema)
def missing_summary(args: dict[str, Any]) -> dict[str, Any]:
    """How many photos are missing there, by state, and since when the oldest"""
    with reading() as (session, actor):
        return count_missing(session, actor=actor, filters=args)


@device.route("/photos/<photo_id>/thumbnail")
@error_responses(401, 403, 404, 410)
@_answers_media("image/jpeg")
def thumbnail(photo_id: str) -> Response:
    """A small JPEG, upright and without metadata; 404 with `Retry-After` until it is made"""
    with reading() as (session, actor):
        file = photo_file(session, actor=actor, photo_id=photo_id)
    content = parts().media.thumbnails.open(file.sha256)
    if content is None:
        later = {"Retry-After": RETRY_SECONDS} if can_have_thumbnail(file) else {}
        raise DomainError("thumbnail_missing", headers=later)
    return _sent(
        content, "image/jpeg", name=f"{photo_id}-small.jpg", etag=f"{file.sha256}-small",
        cached="private, max-age=3600",
    )  # fmt: skip


@device.route("/photos/<photo_id>/original")
@error_responses(401, 403, 404, 410)
@_answers_media(*EXTENSIONS)
def original(photo_id: str) -> Response:
    """The original, byte for byte; that it was viewed stands in the chain of custody"""
    with writing() as (session, actor):
        file = view_original(session, actor=actor, photo_id=photo_id, now=clock.now())
        content = parts().media.originals.open(file.sha256)
    return _sent(
        content, file.media_type, name=_name(photo_id, file), etag=file.sha256,
        cached="private, no-cache",  # each look is asked for, and so noted
        as_attachment=True,
    )  # fmt: skip


def _name(photo_id: str, file: EvidenceFile) -> str:
    return f"{photo_id}.{EXTENSIONS[file.media_type]}"


def _sent(
    content: BinaryIO, media_type: str, *, name: str, etag: str, cached: str, **how: bool
) -> Response:
    """A stored file, streamed; as an attachment a browser saves it instead of showing it."""
    response = send_file(
        content, media_type, download_name=name, conditional=False, etag=False, **how
    )
    response.set_etag(etag)
    response.headers["Cache-Control"] = cached
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.make_conditional(request)
    return response

"""Photos: which need not be sent, and the originals."""

from typing import Any

from flask import Response

from media.small import SCREEN, THUMBNAIL
from schemas.common import page_of
from schemas.photos import (
    MissingCountsSchema,
    MissingFilterArgs,
    MissingListArgs,
    MissingPhotoSchema,
    PhotoCheckedSchema,
    PhotoCheckSchema,
)
from schemas.photos import PhotoCheckedSchema, PhotoCheckSchema
from server import clock
from server.api.device import device
from server.api.glue import error_responses, reading, writing
from server.api.stored_files import ASK_EACH_TIME, answers_file, send_stored
from server.models import EvidenceFile
from server.parts import parts
from server.services.evidence.photos import Known, check_photos, view_original
from server.services.evidence.verification import find_waiting, verify_photos
from server.services.review.missing import Mark, Page, count_missing, missing_photos

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/heif": "heif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
}


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
    """A JPEG of at most 320 px, upright and without metadata

    404 `derivative_missing` with `Retry-After` until it is made; without, it never will be."""
    return _small(photo_id, THUMBNAIL.name)


@device.route("/photos/<photo_id>/screen")
@error_responses(401, 403, 404)
@_answers_media("image/jpeg")
def screen(photo_id: str) -> Response:
    """A JPEG of at most 1600 px, upright and without metadata; missing as the thumbnail may be"""
    return _small(photo_id, SCREEN.name)


def _small(photo_id: str, kind: str) -> Response:
    with reading() as (session, actor):
        file = photo_file(session, actor=actor, photo_id=photo_id)
        known = find_derivative(session, file, kind)
    if known is None or known.made_at is None:
        raise _missing(known, kind)
    content = parts().media.derivatives[kind].open(file.sha256)
    if content is None:
        raise _made_anew(file, kind)
    return send_stored(
        content, "image/jpeg", name=f"{photo_id}-{kind}.jpg",
        etag=known.made_sha256 or f"{file.sha256}-{kind}", cached=FOR_GOOD,
    )  # fmt: skip


def _missing(known: Derivative | None, kind: str) -> DomainError:
    """Why there is none: it is `waiting`, it `failed` for good, or it would be of a `clip`."""
    if may_come(known):
        return _waiting(kind)
    details = {"kind": kind, "state": "clip" if known is None else "failed"}
    return DomainError("derivative_missing", details=details)


def _waiting(kind: str) -> DomainError:
    return DomainError(
        "derivative_missing", details={"kind": kind, "state": "waiting"},
        headers={"Retry-After": RETRY_SECONDS},
    )  # fmt: skip


def _made_anew(file: EvidenceFile, kind: str) -> DomainError:
    jobs = parts().jobs
    with writing() as (session, _):
        make_anew(session, sha256=file.sha256, now=clock.now())
        after_commit(session, lambda: jobs.nudge("make_derivatives"))
    return _waiting(kind)


@device.route("/photos/<photo_id>/original")
@error_responses(401, 403, 404, 410)
@_answers_media(*EXTENSIONS)
@device.route("/photos/<photo_id>/original")
@error_responses(401, 403, 404)
@answers_file(device, *EXTENSIONS)
def original(photo_id: str) -> Response:
    """The original, byte for byte; that it was viewed stands in the chain of custody"""
    with writing() as (session, actor):
        file = view_original(session, actor=actor, photo_id=photo_id, now=clock.now())
        content = parts().media.originals.open(file.sha256)
    return send_stored(
        content, file.media_type, name=_name(photo_id, file), etag=file.sha256,
        cached=ASK_EACH_TIME, as_attachment=True,
    )  # fmt: skip


def _name(photo_id: str, file: EvidenceFile) -> str:
    return f"{photo_id}.{EXTENSIONS[file.media_type]}"

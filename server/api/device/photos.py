"""Photos: which need not be sent, and the originals."""

from typing import Any

from flask import Response

from media.sniff import EXTENSIONS, MediaType
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
from server.api.stored_files import ASK_EACH_TIME, answers_file, send_stored
from server.models import EvidenceFile
from server.parts import parts
from server.services.evidence.photos import Known, check_photos, view_original
from server.services.evidence.verification import find_waiting, verify_photos
from server.services.review.missing import Mark, Page, count_missing, missing_photos


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


@device.route("/photos/<photo_id>/original")
@error_responses(401, 403, 404, 410)
@answers_file(device, *map(str, EXTENSIONS))
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
    return f"{photo_id}.{EXTENSIONS[MediaType(file.media_type)]}"

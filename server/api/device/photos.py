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
    mark = None
    if after:
        since_ms, photo_id, task_id = after.split("/")
        mark = Mark(int(since_ms), photo_id, task_id)
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
@error_responses(401, 403, 404, 410, 503)
@answers_file(device, *map(str, EXTENSIONS))
@device.alt_response(302, description="Found: the storage has it, under an address for minutes")
def original(photo_id: str) -> Response:
    """The original, byte for byte; that it was viewed stands in the chain of custody

    Where photos lie in object storage, the answer may be an address there that holds for some
    minutes and for whoever has it."""
    originals = parts().media.originals
    with writing() as (session, actor):
        file = view_original(session, actor=actor, photo_id=photo_id, now=clock.now())
        name = _name(photo_id, file)
        link = originals.link(file.sha256, media_type=file.media_type, name=name)
        content = None if link else originals.open(file.sha256)
    if content is None:
        return _sent_away(link or "")
    return send_stored(
        content, file.media_type, name=name, etag=file.sha256,
        cached=ASK_EACH_TIME, as_attachment=True,
    )  # fmt: skip


def _sent_away(link: str) -> Response:
    """To the storage. Each look is asked for anew, and so noted; the address is for one person."""
    response = Response(status=302, headers={"Location": link})
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _name(photo_id: str, file: EvidenceFile) -> str:
    return f"{photo_id}.{EXTENSIONS[MediaType(file.media_type)]}"

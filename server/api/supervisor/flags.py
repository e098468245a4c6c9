"""What is known of each photo, and the flags of what does not fit."""

from typing import Any

from schemas.flags import (
    ComparedPhotoSchema,
    FlagListArgs,
    FlagNoteSchema,
    FlagPageSchema,
    PhotoFlagSchema,
)
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.supervisor import supervisor
from server.services.evidence.flags import explain_flag, list_flags, read_compared


@supervisor.route("/photos/<photo_id>/facts")
@error_responses(401, 403, 404)
@supervisor.response(200, ComparedPhotoSchema)
def photo_facts(photo_id: str) -> dict[str, Any]:
    """What camera, device and server say of a photo, side by side, and what does not fit"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return read_compared(session, actor=actor, photo_id=photo_id)


@supervisor.route("/photo-flags")
@error_responses(401, 403, 404)
@supervisor.arguments(FlagListArgs, location="query")
@supervisor.response(200, FlagPageSchema)
def photo_flags(args: dict[str, Any]) -> dict[str, Any]:
    """The flags of photos in one's part of the tree, newest first, counted by code"""
    after, limit = args.pop("after", None), args.pop("limit")
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return list_flags(session, actor=actor, filters=args, after=after, limit=limit)


@supervisor.route("/photo-flags/<flag_id>/explain", methods=["POST"])
@error_responses(400, 401, 403, 404, 413, 415)
@supervisor.arguments(FlagNoteSchema)
@supervisor.response(200, PhotoFlagSchema)
def explain_photo_flag(asked: dict[str, Any], flag_id: str) -> dict[str, Any]:
    """Say that a flag was looked at, and what it comes from; that stands in the audit trail"""
    with writing("supervisor", "admin") as (session, actor):
        return explain_flag(session, actor=actor, flag_id=flag_id, now=clock.now(), **asked)

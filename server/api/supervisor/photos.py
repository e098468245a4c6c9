"""Photos that will never come: one person asks to call them lost, another decides."""

from typing import Any

from schemas.photos import ApproveLostSchema, LostPhotoSchema, PhotoSchema
from server import clock
from server.api.glue import error_responses, writing
from server.api.supervisor import supervisor
from server.services.evidence.losses import approve_lost, ask_lost, refuse_lost


@supervisor.route("/photos/<photo_id>/lost", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 413, 415)
@supervisor.arguments(LostPhotoSchema)
@supervisor.response(200, PhotoSchema)
def ask_photo_lost(asked: dict[str, Any], photo_id: str) -> dict[str, Any]:
    """Ask to declare that a photo will never come, and why; somebody else approves it"""
    with writing("officer", "supervisor", "admin") as (session, actor):
        return ask_lost(session, actor=actor, photo_id=photo_id, now=clock.now(), **asked)


@supervisor.route("/photos/<photo_id>/lost/approve", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 413, 415)
@supervisor.arguments(ApproveLostSchema)
@supervisor.response(200, PhotoSchema)
def approve_photo_lost(asked: dict[str, Any], photo_id: str) -> dict[str, Any]:
    """Declare a photo lost as somebody else asked; it stands in the record for ever"""
    with writing("supervisor", "admin") as (session, actor):
        return approve_lost(session, actor=actor, photo_id=photo_id, now=clock.now(), **asked)


@supervisor.route("/photos/<photo_id>/lost/refuse", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 413, 415)
@supervisor.arguments(LostPhotoSchema)
@supervisor.response(200, PhotoSchema)
def refuse_photo_lost(asked: dict[str, Any], photo_id: str) -> dict[str, Any]:
    """Refuse to call a photo lost, and why; it is waited for as before"""
    with writing("supervisor", "admin") as (session, actor):
        return refuse_lost(session, actor=actor, photo_id=photo_id, now=clock.now(), **asked)

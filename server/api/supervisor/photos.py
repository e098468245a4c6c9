"""Photos that will never come: declared lost, for the record."""

from typing import Any

from schemas.photos import LostPhotoSchema, PhotoSchema
from server import clock
from server.api.glue import error_responses, writing
from server.api.supervisor import supervisor
from server.models import Photo
from server.services.evidence.photos import declare_lost


@supervisor.route("/photos/<photo_id>/lost", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 413, 415)
@supervisor.arguments(LostPhotoSchema)
@supervisor.response(200, PhotoSchema)
def declare_photo_lost(asked: dict[str, Any], photo_id: str) -> Photo:
    """Say that a declared photo will never come, and why; it stands in the record for ever"""
    with writing("supervisor", "admin") as (session, actor):
        return declare_lost(
            session, actor=actor, photo_id=photo_id, reason=asked["reason"], now=clock.now()
        )

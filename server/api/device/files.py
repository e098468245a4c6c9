"""tus 1.0.0: photos come up in pieces, and go on where they stopped."""

from typing import Any

from flask import Response, url_for
from flask.views import MethodView
from werkzeug.http import http_date

from media.errors import MediaError, OffsetMismatch, UploadNotFound
from schemas.common import ErrorEnvelopeSchema
from server import clock
from server.api.device import tus
from server.api.device.receiving import find, give_up, offset_of, receive, terminate
from server.api.glue import Blueprint, error_responses, writing
from server.errors import DomainError
from server.failpoints import reach
from server.ids import new_id
from server.models import Upload
from server.parts import parts
from server.services.evidence.uploads import begin_upload

files = Blueprint("files", __name__, description="Photo uploads (tus 1.0.0, https://tus.io)")
files.before_request(tus.require_version)
files.after_app_request(tus.stamp)

RESUMABLE = tus.header("Tus-Resumable", "the protocol's version", required=True, enum=[tus.VERSION])
CHECKSUM = tus.header("Upload-Checksum", "of this piece: `sha1` or `sha256`, a space, base64")
PIECE: dict[str, Any] = {
    "content": {tus.CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}
}


def _answers(status: int, description: str, *headers: str) -> Any:
    shown = {name: {"schema": {"type": "string"}} for name in (*headers, "Tus-Resumable")}
    return files.response(status, description=description, headers=shown)


def _refuses(*statuses: int) -> Any:
    return error_responses(401, 403, 412, *statuses)


checksum_mismatch = files.alt_response(
    460, schema=ErrorEnvelopeSchema, description="Checksum Mismatch"
)


@files.route("")
class Uploads(MethodView):
    """Where uploads begin."""

    @_answers(204, "What is spoken here", "Tus-Version", "Tus-Extension", "Tus-Max-Size")
    @files.doc(security=[])
    def options(self) -> Response:
        """What this server speaks of tus"""
        return tus.capabilities(parts().settings.max_photo_bytes)

    @_refuses(400, 404, 409, 413, 415, 422, 429)
    @checksum_mismatch
    @_answers(201, "Begun", "Location", "Upload-Offset", "Upload-Expires")
    @files.doc(
        parameters=[
            RESUMABLE,
            tus.header("Upload-Length", "bytes of the whole file", required=True, pattern=r"^\d+$"),
            tus.header(
                "Upload-Metadata",
                "`key base64(value)` by commas: photo_id, sha256 (hexadecimal), filename, filetype",
                required=True,
            ),
            CHECKSUM,
        ],
        requestBody=PIECE,
    )
    def post(self) -> Response:
        """Begin the upload of one photo; the first bytes may come along"""
        settings = parts().settings
        asked = tus.creation(new_id(), max_bytes=settings.max_photo_bytes)
        if tus.has_body():
            tus.require_piece(room_bytes=asked.length_bytes)
        piece_checksum = tus.checksum()
        media = parts().media
        media.uploads.create(asked.id)
        reach("upload.file_made")
        try:
            with writing() as (session, actor):
                upload = begin_upload(
                    session, actor=actor, asked=asked, now=clock.now(),
                    expiry_hours=settings.upload_expiry_hours,
                )  # fmt: skip
        except DomainError:
            media.uploads.remove(asked.id)
            raise
        reach("upload.begun")
        try:
            reached = receive(upload, 0, piece_checksum) if tus.has_body() else offset_of(upload)
        except (MediaError, OSError):  # whoever is refused hears no address to go on under
            give_up(upload.id)
            raise
        location = url_for("files.OneUpload", upload_id=upload.id)
        return _told(201, upload, reached, Location=location)


@files.route("/<upload_id>")
class OneUpload(MethodView):
    """One upload, its owner's alone."""

    @_answers(204, "What is spoken here", "Tus-Version", "Tus-Extension", "Tus-Max-Size")
    @files.doc(security=[])
    def options(self, upload_id: str) -> Response:
        """What this server speaks of tus"""
        return tus.capabilities(parts().settings.max_photo_bytes)

    @_refuses(404, 410, 413, 415, 422, 423)
    @_answers(200, "Where it stands", "Upload-Offset", "Upload-Length", "Upload-Metadata")
    @files.doc(parameters=[RESUMABLE])
    def head(self, upload_id: str) -> Response:
        """How many bytes have arrived; complete ones say their whole length"""
        upload = find(upload_id)
        return _told(
            200, upload, offset_of(upload),
            **{"Upload-Length": str(upload.length_bytes), "Upload-Metadata": upload.tus_metadata},
        )  # fmt: skip

    @_refuses(400, 404, 409, 410, 413, 415, 422, 423)
    @checksum_mismatch
    @_answers(204, "The piece is kept", "Upload-Offset", "Upload-Expires")
    @files.doc(
        parameters=[
            RESUMABLE,
            tus.header("Upload-Offset", "where the piece begins", required=True, pattern=r"^\d+$"),
            CHECKSUM,
        ],
        requestBody={**PIECE, "required": True},
    )
    def patch(self, upload_id: str) -> Response:
        """Send the next piece; with the last one the whole file is verified"""
        offset = tus.number_in("Upload-Offset")
        piece_checksum = tus.checksum()
        upload = find(upload_id)
        tus.require_piece(room_bytes=max(0, (upload.length_bytes or 0) - offset))
        try:
            if upload.state == "open":
                return _told(204, upload, receive(upload, offset, piece_checksum))
        except UploadNotFound:  # the store has its file: sent by another request, or before a kill
            pass
        reached = offset_of(upload)
        if offset != reached:
            raise OffsetMismatch(offset=reached)
        return _told(204, upload, reached)

    @_refuses(404, 410, 423)
    @_answers(204, "Gone")
    @files.doc(parameters=[RESUMABLE])
    def delete(self, upload_id: str) -> Response:
        """Give an upload up; what arrived whole stays evidence"""
        upload = find(upload_id)
        if upload.state == "open" and offset_of(upload) < (upload.length_bytes or 0):
            give_up(upload_id)
        else:
            terminate(upload_id)
        return Response(status=204)


def _told(status: int, upload: Upload, offset: int, **headers: str | None) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(offset)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Upload-Expires"] = http_date(upload.expires_at)
    response.headers.update({name: value for name, value in headers.items() if value is not None})
    return response

"""tus 1.0.0: photos come up in pieces, and go on where they stopped."""

from typing import Any

from flask import Response, url_for
from flask.views import MethodView
from werkzeug.http import http_date

from media.errors import MediaError, OffsetMismatch, UploadNotFound
from schemas.common import ErrorEnvelopeSchema
from server.api.device import tus
from server.api.device.announcing import creation, part_ids_in
from server.api.device.receiving import begin, find, give_up, offset_of, receive, terminate
from server.api.glue import Blueprint, error_responses
from server.errors import DomainError
from server.ids import new_id
from server.models import Upload
from server.parts import parts

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

    @_refuses(400, 404, 409, 410, 413, 415, 422, 423, 429)
    @checksum_mismatch
    @_answers(201, "Begun", "Location", "Upload-Offset", "Upload-Expires")
    @files.doc(
        parameters=[
            RESUMABLE,
            tus.header("Upload-Length", "bytes of the whole file", pattern=r"^\d+$"),
            tus.header("Upload-Defer-Length", "instead: the length is told later", enum=["1"]),
            tus.header(
                "Upload-Metadata",
                "`key base64(value)` by commas: photo_id, sha256 (hexadecimal), filename, "
                "filetype. A part needs none.",
            ),
            tus.header(
                "Upload-Concat",
                "`partial` for a part of a photo; `final;` and the parts' addresses, by spaces, "
                "joins them, and has no length and no body",
            ),
            CHECKSUM,
        ],
        requestBody=PIECE,
    )
    def post(self) -> Response:
        """Begin the upload of one photo or of a part of it, or join its parts

        The first bytes may come along. The same parts joined again are the same upload."""
        asked = creation(new_id(), max_bytes=parts().settings.max_photo_bytes)
        part_ids = part_ids_in(asked.concat)
        if tus.has_body():
            tus.require_piece(room_bytes=_room(asked.length_bytes))
        piece_checksum = tus.checksum()
        upload = begin(asked, part_ids)
        try:
            reached = receive(upload, 0, piece_checksum) if tus.has_body() else offset_of(upload)
        except (MediaError, OSError):
            # Whoever is refused hears no address to go on under; what is to be joined is found
            # again by its parts.
            if part_ids is None:
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

    @_refuses(404, 409, 410, 413, 415, 422, 423)
    @_answers(
        200, "Where it stands", "Upload-Offset", "Upload-Length", "Upload-Defer-Length",
        "Upload-Metadata", "Upload-Concat",
    )  # fmt: skip
    @files.doc(parameters=[RESUMABLE])
    def head(self, upload_id: str) -> Response:
        """How many bytes have arrived; complete ones say their whole length"""
        upload = find(upload_id)
        return _told(
            200, upload, offset_of(upload),
            **_length(upload), **{"Upload-Metadata": upload.tus_metadata},
            **{"Upload-Concat": upload.concat},
        )  # fmt: skip

    @_refuses(400, 404, 409, 410, 413, 415, 422, 423)
    @checksum_mismatch
    @_answers(204, "The piece is kept", "Upload-Offset", "Upload-Expires")
    @files.doc(
        parameters=[
            RESUMABLE,
            tus.header("Upload-Offset", "where the piece begins", required=True, pattern=r"^\d+$"),
            tus.header("Upload-Length", "once, if it was to be told later", pattern=r"^\d+$"),
            CHECKSUM,
        ],
        requestBody={**PIECE, "required": True},
    )
    def patch(self, upload_id: str) -> Response:
        """Send the next piece; with the last one the whole file is verified"""
        upload = find(upload_id)
        if upload.is_final:
            raise DomainError("upload_final_sealed")
        offset = tus.number_in("Upload-Offset")
        piece_checksum = tus.checksum()
        told_bytes = tus.late_length(
            upload.length_bytes, max_bytes=parts().settings.max_photo_bytes
        )
        tus.require_piece(room_bytes=max(0, _room(told_bytes) - offset))
        try:
            if upload.state == "open":
                reached = receive(upload, offset, piece_checksum, told_bytes=told_bytes)
                return _told(204, upload, reached)
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
        if upload.state == "open" and (
            upload.is_partial or offset_of(upload) != upload.length_bytes
        ):
            give_up(upload_id)
        else:
            terminate(upload_id)
        return Response(status=204)


def _room(length_bytes: int | None) -> int:
    """How many bytes may come: as many as are told, or as a photo may have."""
    return parts().settings.max_photo_bytes if length_bytes is None else length_bytes


def _length(upload: Upload) -> dict[str, str]:
    if upload.length_bytes is None:
        return {"Upload-Defer-Length": "1"}
    return {"Upload-Length": str(upload.length_bytes)}


def _told(status: int, upload: Upload, offset: int, **headers: str | None) -> Response:
    response = Response(status=status)
    response.headers["Upload-Offset"] = str(offset)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Upload-Expires"] = http_date(upload.expires_at)
    response.headers.update({name: value for name, value in headers.items() if value is not None})
    return response

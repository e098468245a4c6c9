"""Files that make no photo: what came, why it is kept aside, what a person found."""

from typing import Any

from flask import Response

from schemas.common import page_of
from schemas.quarantine import QuarantineArgs, QuarantinedSchema, SettleQuarantinedSchema
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.stored_files import ASK_EACH_TIME, answers_file, send_stored
from server.api.supervisor import supervisor
from server.parts import parts
from server.services.evidence.quarantine import (
    fetch_quarantined,
    list_quarantined,
    open_quarantined,
    read_quarantined,
    settle_quarantined,
)

OCTETS = "application/octet-stream"


@supervisor.route("/quarantine")
@error_responses(401, 403, 404)
@supervisor.arguments(QuarantineArgs, location="query")
@supervisor.response(200, page_of(QuarantinedSchema))
def quarantine(args: dict[str, Any]) -> dict[str, Any]:
    """Files kept aside that one's people sent: who, when, which photo, what is wrong"""
    after, limit = args.pop("after", None), args.pop("limit")
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return list_quarantined(session, actor=actor, filters=args, after=after, limit=limit)


@supervisor.route("/quarantine/<upload_id>")
@error_responses(401, 403, 404)
@supervisor.response(200, QuarantinedSchema)
def quarantined_file(upload_id: str) -> dict[str, Any]:
    """One file kept aside"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return read_quarantined(session, actor=actor, upload_id=upload_id)


@supervisor.route("/quarantine/<upload_id>/file")
@error_responses(401, 403, 404)
@answers_file(supervisor, OCTETS)
def quarantined_bytes(upload_id: str) -> Response:
    """Its bytes, as a download without a type; that they were fetched is noted"""
    with writing("supervisor", "admin", "auditor") as (session, actor):
        upload = fetch_quarantined(session, actor=actor, upload_id=upload_id, now=clock.now())
        content = open_quarantined(parts().media, upload)
    response = send_stored(
        content, OCTETS, name=f"{upload.id}.bin", etag=upload.received_sha256 or upload.id,
        cached=ASK_EACH_TIME, as_attachment=True,
    )  # fmt: skip
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@supervisor.route("/quarantine/<upload_id>/settle", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 413, 415)
@supervisor.arguments(SettleQuarantinedSchema)
@supervisor.response(200, QuarantinedSchema)
def settle(asked: dict[str, Any], upload_id: str) -> dict[str, Any]:
    """Say what was found of a file; it stays, and never becomes the photo it was sent for"""
    with writing("supervisor", "admin") as (session, actor):
        settle_quarantined(session, actor=actor, upload_id=upload_id, now=clock.now(), **asked)
        return read_quarantined(session, actor=actor, upload_id=upload_id)

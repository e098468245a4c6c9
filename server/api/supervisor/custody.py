"""What happened to photos: the ledger of each, and a package of an inspection for others."""

from typing import Any

from flask import Response

from media.anchors import AnchorFolder
from schemas.photos import CustodyArgs, CustodySchema
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.supervisor import supervisor
from server.parts import parts
from server.services.custody.packaging import gather_package, note_export, seal_task
from server.services.custody.reading import read_custody
from server.services.scope import Role
from server.services.tasks.lifecycle import find_task

SEE_EVIDENCE: tuple[Role, ...] = ("supervisor", "admin", "auditor")


@supervisor.route("/photos/<photo_id>/custody")
@error_responses(401, 403, 404)
@supervisor.arguments(CustodyArgs, location="query")
@supervisor.response(200, CustodySchema)
def custody_of_photo(args: dict[str, Any], photo_id: str) -> dict[str, Any]:
    """What happened to a photo: who, when, on which device; whether it is sealed and anchored"""
    with reading(*SEE_EVIDENCE) as (session, actor):
        return read_custody(session, actor=actor, photo_id=photo_id, **args)


@supervisor.route("/tasks/<task_id>/evidence-package")
@error_responses(401, 403, 404, 409, 500)
@supervisor.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
def evidence_package(task_id: str) -> Response:
    """Record, originals and chains of custody as one ZIP that verifies offline; that it went out
    stands in the ledger of each photo"""
    now, media = clock.now(), parts().media
    with writing(*SEE_EVIDENCE) as (session, actor):
        seal_task(session, task=find_task(session, actor=actor, task_id=task_id), now=now)
    with reading(*SEE_EVIDENCE) as (session, actor):
        task = find_task(session, actor=actor, task_id=task_id)
        name = f"practice-{task_id}" if task.practice else task_id
        package = gather_package(
            session, task=task, originals=media.originals,
            folder=AnchorFolder(parts().settings.anchors), now=now,
        )  # fmt: skip
    with writing(*SEE_EVIDENCE) as (session, actor):
        find_task(session, actor=actor, task_id=task_id)
        note_export(session, actor=actor, package=package, now=now)
    response = Response(package.stream(), mimetype="application/zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.zip"'
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response

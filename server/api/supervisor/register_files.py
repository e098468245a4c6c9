"""Registers as files: templates, exports, imports."""

import tempfile
from itertools import islice
from typing import Any

from flask import Response, send_file
from werkzeug.datastructures import FileStorage

from schemas.objects import ObjectListArgs
from schemas.register_files import ImportArgs, ImportedSchema, RegisterFileSchema
from schemas.registers import OfficerListArgs
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.supervisor import supervisor
from server.services.registers.exporting import export_register
from server.services.registers.importing import import_objects, stage_file
from server.services.registers.officer_files import import_officers
from server.services.registers.templates import write_register_template
from server.services.scope import own_organisation

TYPES = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MAX_TOLD = 500  # problems in an answer; all of them are in the command's --errors file
COPIED_BYTES = 64 * 1024


@supervisor.route("/registers/templates/<any(objects, officers):register>.<any(csv, xlsx):form>")
@error_responses(401, 403)
@supervisor.response(200, content_type="application/octet-stream")
def template(register: str, form: str) -> Response:
    """An empty file to fill in, with an example and, as XLSX, lists and an explaining sheet"""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the answer that sends it
    with reading("supervisor", "admin"):
        write_register_template(register, form, file)
    return _sent(file, f"{register}-template", form)


@supervisor.route("/registers/export/objects.<any(csv, xlsx):form>")
@error_responses(401, 403, 404, 422)
@supervisor.arguments(ObjectListArgs(exclude=("after", "limit")), location="query")
@supervisor.response(200, content_type="application/octet-stream")
def export_objects(args: dict[str, Any], form: str) -> Response:
    """The chosen objects as a file that can be corrected and brought back"""
    return _exported("objects", args, form)


@supervisor.route("/registers/export/officers.<any(csv, xlsx):form>")
@error_responses(401, 403, 404)
@supervisor.arguments(OfficerListArgs(exclude=("after", "limit")), location="query")
@supervisor.response(200, content_type="application/octet-stream")
def export_officers(args: dict[str, Any], form: str) -> Response:
    """The chosen officers as a file that can be corrected and brought back"""
    return _exported("officers", args, form)


@supervisor.route("/registers/import/objects", methods=["POST"])
@error_responses(400, 401, 403, 413, 415)
@supervisor.arguments(ImportArgs, location="query")
@supervisor.arguments(RegisterFileSchema, location="files")
@supervisor.response(200, ImportedSchema)
def upload_objects(args: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """Import objects into one's part of the tree; large files: flask registers import"""
    upload: FileStorage = files["file"]
    with reading("supervisor", "admin") as (session, actor):
        body = own_organisation(session, actor)
    with tempfile.TemporaryFile() as file:
        upload.save(file, COPIED_BYTES)
        file.seek(0)
        staged = stage_file(file, default_division=body.division_code)
    opened = reading if args["dry_run"] else writing
    try:
        with opened("supervisor", "admin") as (session, actor):
            report = import_objects(
                session, actor=actor, staged=staged,
                organisation=own_organisation(session, actor),
                source=args.get("source"), filename=upload.filename or "",
                dry_run=args["dry_run"], now=clock.now(),
            )  # fmt: skip
        problems = list(islice(staged.stage.problems(), MAX_TOLD))
    finally:
        staged.stage.close()
    skipped = sum(report.skipped.values())
    return {**vars(report), "skipped": skipped, "problems": problems, "notes": staged.notes}


@supervisor.route("/registers/import/officers", methods=["POST"])
@error_responses(400, 401, 403, 413, 415)
@supervisor.arguments(ImportArgs(only=("dry_run",)), location="query")
@supervisor.arguments(RegisterFileSchema, location="files")
@supervisor.response(200, ImportedSchema)
def upload_officers(args: dict[str, Any], files: dict[str, Any]) -> dict[str, Any]:
    """Import officers into one's part of the tree"""
    upload: FileStorage = files["file"]
    with tempfile.TemporaryFile() as file:
        upload.save(file, COPIED_BYTES)
        file.seek(0)
        with writing("supervisor", "admin") as (session, actor):
            report = import_officers(
                session, actor=actor, file=file, filename=upload.filename or "",
                dry_run=args["dry_run"], now=clock.now(),
            )  # fmt: skip
            if args["dry_run"]:
                session.rollback()
    return {
        **vars(report), "attached": 0, "proposed": 0, "skipped": len(report.problems), "notes": [],
        "problems": report.problems[:MAX_TOLD],
    }  # fmt: skip


def _exported(register: str, filters: dict[str, Any], form: str) -> Response:
    """Written to a file first, so that an answer is whole or an error, in constant memory."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the answer that sends it
    with reading("supervisor", "admin", "auditor") as (session, actor):
        export_register(
            session, actor=actor, register=register, filters=filters, form=form, file=file
        )
    return _sent(file, register, form)


def _sent(file: Any, name: str, form: str) -> Response:
    file.seek(0)
    return send_file(file, mimetype=TYPES[form], as_attachment=True, download_name=f"{name}.{form}")

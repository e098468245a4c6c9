"""Checklists: read, and made from JSON or from an XLSForm workbook."""

from typing import Any

from flask.views import MethodView
from sqlalchemy.orm import Session

from schemas.checklists import (
    ChecklistListArgs,
    ChecklistSchema,
    ChecklistSummarySchema,
    DraftSchema,
    ImportSchema,
)
from schemas.common import page_of
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.supervisor import supervisor
from server.checklist_forms.items import Draft, make_draft
from server.checklist_forms.workbook import MAX_FILE_BYTES
from server.checklist_forms.xlsform_in import read_xlsform
from server.models import Checklist
from server.services.scope import Actor
from server.services.tasks.checklists import get_checklist, list_checklists, store_version


@supervisor.route("/checklists")
class Checklists(MethodView):
    """The versions that one may use: one's own and those of the organisations above."""

    @error_responses(401, 403, 404)
    @supervisor.arguments(ChecklistListArgs, location="query")
    @supervisor.response(200, page_of(ChecklistSummarySchema))
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """The checklists by code, newest version first"""
        after, limit = args.pop("after", None), args.pop("limit")
        with reading("supervisor", "admin", "auditor") as (session, actor):
            found, mark = list_checklists(
                session, actor=actor, filters=args, after=after, limit=limit
            )
        return {"items": found, "next": mark}

    @error_responses(400, 401, 403, 409, 415)
    @supervisor.arguments(DraftSchema)
    @supervisor.alt_response(200, schema=ChecklistSchema, success=True)
    @supervisor.response(201, ChecklistSchema)
    def post(self, asked: dict[str, Any]) -> tuple[Checklist, int]:
        """Make a version; 200 with the version that stands where the content is the same"""
        with writing("supervisor", "admin") as (session, actor):
            return _store(session, actor, make_draft(**asked))


@supervisor.route("/checklists/import", methods=["POST"])
@error_responses(400, 401, 403, 409, 413, 415)
@supervisor.arguments(ImportSchema, location="files")
@supervisor.alt_response(200, schema=ChecklistSchema, success=True)
@supervisor.response(201, ChecklistSchema)
def import_checklist(files: dict[str, Any]) -> tuple[Checklist, int]:
    """Make a version from an XLSForm workbook; every cell to mend is named in `details.errors`"""
    draft = read_xlsform(files["file"].stream.read(MAX_FILE_BYTES + 1))
    with writing("supervisor", "admin") as (session, actor):
        return _store(session, actor, draft)


@supervisor.route("/checklists/<checklist_id>")
@error_responses(401, 403, 404)
@supervisor.response(200, ChecklistSchema)
def one_checklist(checklist_id: str) -> Checklist:
    """One version with its items"""
    with reading("supervisor", "admin", "auditor") as (session, actor):
        return get_checklist(session, actor=actor, checklist_id=checklist_id)


def _store(session: Session, actor: Actor, draft: Draft) -> tuple[Checklist, int]:
    checklist, is_new = store_version(
        session, actor=actor, owner_id=actor.organisation_id, draft=draft, now=clock.now()
    )
    return checklist, 201 if is_new else 200

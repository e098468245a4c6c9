"""Tags on many objects at once."""

from typing import Any

from flask.views import MethodView

from schemas.cleaning import TagActSchema, TagPreviewSchema, TagSchema
from schemas.common import PageArgs, page_of
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.models import TagAct
from server.services.registers.tagging import (
    list_tag_acts,
    preview_tag,
    tag_objects,
    undo_tag_act,
)


@supervisor.route("/registers/tags")
class Tags(MethodView):
    """Tag acts of one's organisation."""

    @error_responses(401, 403)
    @supervisor.arguments(PageArgs, location="query")
    @supervisor.response(200, page_of(TagActSchema))
    def get(self, args: dict[str, Any]) -> dict[str, Any]:
        """What was tagged, by id"""
        after, limit = args.pop("after", None), args.pop("limit")
        with reading("supervisor", "admin", "auditor") as (session, actor):
            rows = list_tag_acts(session, actor=actor, after=after, limit=limit)
        return page_of_rows(rows, limit=limit)

    @error_responses(400, 401, 403, 404, 415)
    @supervisor.arguments(TagSchema)
    @supervisor.response(201, TagActSchema)
    def post(self, asked: dict[str, Any]) -> TagAct:
        """Put a tag on, or take it off, all objects that a filter or a list names"""
        with writing("supervisor", "admin") as (session, actor):
            return tag_objects(session, actor=actor, **asked, now=clock.now())


@supervisor.route("/registers/tags/preview", methods=["POST"])
@error_responses(400, 401, 403, 404, 415)
@supervisor.arguments(TagSchema)
@supervisor.response(200, TagPreviewSchema)
def preview(asked: dict[str, Any]) -> dict[str, int]:
    """How many objects it would change; writes nothing"""
    with reading("supervisor", "admin") as (session, actor):
        return preview_tag(session, actor=actor, **asked)


@supervisor.route("/registers/tags/<tag_act_id>/undo", methods=["POST"])
@error_responses(401, 403, 404, 409)
@supervisor.response(201, TagActSchema)
def undo_tags(tag_act_id: str) -> TagAct:
    """The inverse, on exactly the objects that were changed"""
    with writing("supervisor", "admin") as (session, actor):
        return undo_tag_act(session, actor=actor, act_id=tag_act_id, now=clock.now())

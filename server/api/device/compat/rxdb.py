"""RxDB: the handlers of `replicateRxCollection`, one collection for each type."""

from functools import partial
from typing import Any

from flask import Response

from schemas.compat import TYPES, RxdbPageSchema, RxdbPullArgs, RxdbRowSchema
from server.api.device.compat import RULES, compat, portions
from server.api.device.cursors import cursor_secret
from server.api.device.events import EVENT_STREAM, stream_of
from server.api.glue import error_responses, reading, written
from server.clock import now
from server.services.sync.compat.rxdb import Row, documents_since, push_rows

_TYPE = f"<any({', '.join(TYPES)}):type_>"


@compat.route(f"/rxdb/{_TYPE}/pull")
@error_responses(400, 401, 403, 404, 410)
@compat.arguments(RxdbPullArgs(), location="query")
@compat.response(200, RxdbPageSchema)
def pull_for_rxdb(args: dict[str, Any], type_: str) -> dict[str, Any]:
    """The next documents of a type behind a checkpoint"""
    with reading() as (session, actor):
        page = documents_since(session, actor=actor, type_=type_, secret=cursor_secret(), **args)
    return {"documents": page.documents, "checkpoint": {"cursor": page.cursor}}


@compat.route(f"/rxdb/{_TYPE}/push", methods=["POST"])
@error_responses(400, 401, 403, 404, 413)
@compat.arguments(RxdbRowSchema(many=True))
@compat.response(200, description="The documents that stand otherwise than the client said")
def push_for_rxdb(rows: list[dict[str, Any]], type_: str) -> Any:
    """Write documents; those that then stand otherwise are answered, for RxDB to take over"""
    said = [Row(row["assumed_master_state"], row["new_document_state"]) for row in rows]
    otherwise: list[dict[str, Any]] = []
    for portion in portions(said):
        otherwise += written(partial(push_rows, type_=type_, rows=portion, rules=RULES, now=now()))
    return otherwise


@compat.route(f"/rxdb/{_TYPE}/stream")
@error_responses(401, 403, 404, 503)
@compat.response(200, content_type=EVENT_STREAM, description='`"RESYNC"` whenever there is more')
def stream_for_rxdb(type_: str) -> Response:
    """A stream that has RxDB pull whenever the feed moved"""
    return stream_of(lambda seq: '"RESYNC"')

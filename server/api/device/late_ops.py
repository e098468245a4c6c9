"""Late ops: what came too late to be merged, for those who are on the task and who supervise it."""

from typing import Any

from schemas.common import page_of
from schemas.late import AcceptLateOpSchema, LateOpArgs, LateOpSchema, RefuseLateOpSchema
from schemas.ops import check_op
from server import clock
from server.api.device import device
from server.api.glue import error_responses, reading, writing
from server.services.late.deciding import accept, refuse
from server.services.late.reading import list_late_ops, read_late_op
from server.services.late.taking import Decision


@device.route("/late-ops")
@error_responses(401, 403, 404)
@device.arguments(LateOpArgs, location="query")
@device.response(200, page_of(LateOpSchema))
def late_ops(args: dict[str, Any]) -> dict[str, Any]:
    """What was held too long, salvaged or came after approval; of one's tasks, or to supervise"""
    after, limit = args.pop("after", None), args.pop("limit")
    with reading() as (session, actor):
        return list_late_ops(
            session, actor=actor, filters=args, after=after, limit=limit, now=clock.now()
        )


@device.route("/late-ops/<late_op_id>")
@error_responses(401, 403, 404)
@device.response(200, LateOpSchema)
def late_op(late_op_id: str) -> dict[str, Any]:
    """One late op, whole"""
    with reading() as (session, actor):
        return read_late_op(session, actor=actor, late_op_id=late_op_id, now=clock.now())


@device.route("/late-ops/<late_op_id>/accept", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@device.arguments(AcceptLateOpSchema)
@device.response(200, LateOpSchema)
def accept_late_op(asked: dict[str, Any], late_op_id: str) -> dict[str, Any]:
    """Take a late op over, as it is or mended: it becomes a write of one's own"""
    moment = clock.now()
    with writing("officer", "supervisor") as (session, actor):
        accept(
            session, actor=actor, late_op_id=late_op_id, decision=Decision(**asked),
            check_op=check_op, now=moment,
        )  # fmt: skip
        return read_late_op(session, actor=actor, late_op_id=late_op_id, now=moment)


@device.route("/late-ops/<late_op_id>/refuse", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@device.arguments(RefuseLateOpSchema)
@device.response(200, LateOpSchema)
def refuse_late_op(asked: dict[str, Any], late_op_id: str) -> dict[str, Any]:
    """Set a late op aside, with the reason"""
    moment = clock.now()
    with writing("officer", "supervisor") as (session, actor):
        refuse(session, actor=actor, late_op_id=late_op_id, now=moment, **asked)
        return read_late_op(session, actor=actor, late_op_id=late_op_id, now=moment)

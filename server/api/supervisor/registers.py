"""Registers: the queue of objects whose banner (旗县区) waits for a person."""

from typing import Any

from schemas.common import page_of
from schemas.objects import (
    ConfirmedSchema,
    ConfirmSchema,
    DivisionsSchema,
    QueueArgs,
    WaitingObjectSchema,
)
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.services.registers.divisions import all_divisions
from server.services.registers.queue import Decision, confirm_divisions, list_waiting


@supervisor.route("/registers/divisions")
@error_responses(401, 403)
@supervisor.response(200, DivisionsSchema)
def divisions() -> dict[str, Any]:
    """The divisions that an object may lie in"""
    with reading():
        return {"items": list(all_divisions().values())}


@supervisor.route("/registers/divisions/queue")
@error_responses(401, 403)
@supervisor.arguments(QueueArgs, location="query")
@supervisor.response(200, page_of(WaitingObjectSchema))
def division_queue(args: dict[str, Any]) -> dict[str, Any]:
    """Objects whose banner nobody has settled, with what is proposed and why"""
    after, limit = args.pop("after", None), args.pop("limit")
    with reading("supervisor", "admin", "auditor") as (session, actor):
        rows = list_waiting(session, actor=actor, filters=args, after=after, limit=limit)
    return page_of_rows(rows, limit=limit)


@supervisor.route("/registers/divisions/confirm", methods=["POST"])
@error_responses(400, 401, 403, 404, 415)
@supervisor.arguments(ConfirmSchema)
@supervisor.response(200, ConfirmedSchema)
def confirm_division_queue(asked: dict[str, Any]) -> dict[str, Any]:
    """Settle the banners of many objects, all or none; each goes to the body that covers it"""
    decisions = [Decision(**item) for item in asked["items"]]
    with writing("supervisor", "admin") as (session, actor):
        return {
            "items": confirm_divisions(session, actor=actor, decisions=decisions, now=clock.now())
        }

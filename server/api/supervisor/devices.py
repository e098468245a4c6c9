"""Devices: who has which, when they were last heard of, and stopping one."""

from typing import Any

from schemas.auth import DeviceArgs, DeviceSchema, RevokeArgs
from schemas.common import page_of
from server import clock
from server.api.glue import error_responses, reading, writing
from server.api.paging import page_of_rows
from server.api.supervisor import supervisor
from server.parts import parts
from server.services.accounts.devices import list_devices, revoke_device, wipe_device


@supervisor.route("/devices")
@error_responses(401, 403)
@supervisor.arguments(DeviceArgs, location="query")
@supervisor.response(200, page_of(DeviceSchema))
def devices(args: dict[str, Any]) -> dict[str, Any]:
    """The devices of one's part of the tree, with their last contact"""
    limit = args["limit"]
    with reading("supervisor", "admin", "auditor") as (session, actor):
        rows = list_devices(
            session, actor=actor, user_id=args.get("user_id"), after=args.get("after"), limit=limit
        )
    return page_of_rows(rows, limit=limit)


@supervisor.route("/devices/<device_id>/revoke", methods=["POST"])
@error_responses(401, 403, 404, 409)
@supervisor.arguments(RevokeArgs, location="query")
@supervisor.response(204)
def revoke(args: dict[str, Any], device_id: str) -> None:
    """Stop a device: it may no longer log in nor sync, with `drain` once it sent what it holds"""
    drain_days = parts().settings.salvage_days if args["drain"] else None
    with writing("supervisor", "admin") as (session, actor):
        revoke_device(
            session, actor=actor, device_id=device_id, drain_days=drain_days, now=clock.now()
        )


@supervisor.route("/devices/<device_id>/wipe", methods=["POST"])
@error_responses(401, 403, 404)
@supervisor.response(204)
def wipe(device_id: str) -> None:
    """Declare a device lost: it is told to drop what it holds at its next contact"""
    with writing("supervisor", "admin") as (session, actor):
        wipe_device(session, actor=actor, device_id=device_id, now=clock.now())

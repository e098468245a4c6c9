"""Kept ops: what was not merged, whole, for who wrote it and for who supervises them."""

from typing import Any

from schemas.common import page_of
from schemas.late import KeptOpArgs, KeptOpSchema
from server.api.device import device
from server.api.glue import error_responses, reading
from server.services.late.kept import list_kept_ops


@device.route("/kept-ops")
@error_responses(400, 401, 403)
@device.arguments(KeptOpArgs, location="query")
@device.response(200, page_of(KeptOpSchema))
def kept_ops(args: dict[str, Any]) -> dict[str, Any]:
    """One's own ops that were rejected, are held or were salvaged; a supervisor sees everyone's"""
    after, limit, mended = args.pop("after", None), args.pop("limit"), args.pop("mended")
    with reading() as (session, actor):
        return list_kept_ops(
            session, actor=actor, filters=args, mended=mended, after=after, limit=limit
        )

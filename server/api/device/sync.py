"""Sync: capabilities, pull, push, receipts. The protocol stands in docs/sync.md."""

from functools import partial
from typing import Any

import orjson
from flask import Response, request

from schemas import sync as wire
from schemas.ops import check_op
from server.api.device import device
from server.api.device.cursors import cursor_secret, noting_a_set_back
from server.api.device.digests import in_hex
from server.api.glue import error_responses, glancing, reading, written
from server.clock import now, wire_time
from server.errors import DomainError
from server.failpoints import reach
from server.parts import parts
from server.services.sync.digests import Span, digest_of
from server.services.sync.epoch import epoch_of
from server.services.sync.pull import Page, changes_since, page_after
from server.services.sync.push import push_ops
from server.services.sync.receipts import results_of
from sync.digest import FORMAT

PROTOCOL = "suijian-sync/1"
SCHEMA_VERSION = 1
MIN_SCHEMA_VERSION = 1


@device.route("/sync/capabilities")
@error_responses(401, 403)
@device.response(200, wire.CapabilitiesSchema)
def capabilities() -> dict[str, Any]:
    """What this server speaks and allows"""
    with reading() as (session, _):
        epoch = epoch_of(session)
    settings = parts().settings
    return {
        "protocol": PROTOCOL,
        "epoch": epoch,
        "schema_version": SCHEMA_VERSION,
        "min_schema_version": MIN_SCHEMA_VERSION,
        "max_request_bytes": settings.max_request_bytes,
        "max_photo_bytes": settings.max_photo_bytes,
        "preferred_batch": wire.PREFERRED_BATCH,
        "tombstone_days": settings.tombstone_days,
        "conflict_term_hours": settings.conflict_term_hours,
        "keep_sent_days": settings.keep_sent_days,
        "digest": FORMAT,
        "server_time": wire_time(now()),
    }


@device.route("/sync/changes")
@error_responses(400, 401, 403, 410)
@device.arguments(wire.ChangesArgs(), location="query")
@device.response(200, wire.ChangesSchema)
@device.alt_response(304, description="Nothing new for the cursor named in If-None-Match")
def changes(args: dict[str, Any]) -> Response:
    """What changed since the cursor; without one, all that the officer holds"""
    if args["digest"]:
        return _changes_with_digest(args)
    cursor = args.get("cursor") or ""
    asked = {"cursor": cursor, "limit": args["limit"], "secret": cursor_secret()}
    with glancing() as (glance, claims):
        page = page_after(glance, user_id=claims.user_id, device_id=claims.device_id or "", **asked)
    if page is None:
        with noting_a_set_back(), reading() as (session, actor):
            page = changes_since(session, actor=actor, **asked)
    reach("pull.read")
    if not page.changes and cursor and request.if_none_match.contains_weak(cursor):
        # JSON like the page that it stands for, so that it varies by the same headers
        tag = {"ETag": f'"{cursor}"'}
        return Response(status=304, mimetype="application/json", headers=tag)
    return _page(page)


def _changes_with_digest(args: dict[str, Any]) -> Response:
    """The page, and the digest as of the same moment."""
    cursor, limit = args.get("cursor"), args["limit"]
    with noting_a_set_back(), reading() as (session, actor):
        page = changes_since(
            session, actor=actor, cursor=cursor, limit=limit, secret=cursor_secret()
        )
        if page.has_more:
            return _page(page)
        whole = digest_of(session, actor=actor, span=Span())
    return _page(page, digest={"count": whole.held, "digest": in_hex(whole.digest)})


def _page(page: Page, **more: Any) -> Response:
    end = orjson.dumps(
        {"cursor": page.cursor, "has_more": page.has_more, "server_time": wire_time(now()), **more}
    )
    body = b"".join((b'{"changes":[', b",".join(page.changes), b"],", end[1:]))
    return Response(body, mimetype="application/json", headers={"ETag": f'"{page.cursor}"'})


@device.route("/sync/push", methods=["POST"])
@error_responses(400, 401, 403, 413, 415, 426)
@device.arguments(wire.PushSchema())
@device.response(200, wire.PushResultSchema)
def push(body: dict[str, Any]) -> Response:
    """Send what was done offline; every op is answered with what became of it"""
    if body["schema_version"] < MIN_SCHEMA_VERSION:
        raise DomainError("client_too_old", details={"min_schema_version": MIN_SCHEMA_VERSION})
    moment = now()
    ops = [check_op(op) for op in body["ops"]]  # before the transaction: nobody waits for it
    reach("push.checked")
    results = written(
        partial(
            push_ops, device_time_ms=body["device_time"], ops=ops, check_op=check_op,
            pending=body["pending"], now=moment,
        )
    )  # fmt: skip
    reach("push.committed")
    # as it is: results are plain already, and a schema takes longer over them than the merge did
    answer = orjson.dumps({"results": results, "server_time": wire_time(moment)})
    return Response(answer, mimetype="application/json")


@device.route("/sync/receipts")
@error_responses(401, 403)
@device.arguments(wire.ReceiptsArgs, location="query")
@device.response(200, wire.ReceiptsSchema)
def receipts(args: dict[str, Any]) -> dict[str, Any]:
    """What became of earlier ops of this device; `unknown` for one that never arrived"""
    with reading() as (session, actor):
        results = results_of(session, actor=actor, op_ids=args["op_id"])
    reach("receipts.read")
    return {"results": results}

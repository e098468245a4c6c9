"""Digests: a device finds out whether and where it differs, and fetches only that."""

from typing import Any

from schemas import sync as wire
from server.api.device import device
from server.api.device.cursors import cursor_secret, noting_a_set_back
from server.api.glue import error_responses, reading
from server.services.sync.digests import Leaf, Part, Span, digest_of, entities_held, is_current


@device.route("/sync/digest")
@error_responses(400, 401, 403, 410)
@device.arguments(wire.DigestArgs, location="query")
@device.response(200, wire.DigestSchema)
def digest(args: dict[str, Any]) -> dict[str, Any]:
    """Digests of what the officer holds: whether a device differs, and where"""
    cursor, current = args.pop("cursor", None), None
    with noting_a_set_back(), reading() as (session, actor):
        if cursor is not None:
            current = is_current(session, actor=actor, cursor=cursor, secret=cursor_secret())
        found = digest_of(session, actor=actor, span=Span(**args))
    parts, entities = found.parts, found.entities
    return {
        "current": current,
        "held": found.held,
        "digest": in_hex(found.digest),
        "parts": None if parts is None else [_in_hex(part) for part in parts],
        "entities": None if entities is None else [_in_hex(leaf) for leaf in entities],
    }


@device.route("/sync/entities")
@error_responses(401, 403)
@device.arguments(wire.EntitiesArgs, location="query")
@device.response(200, wire.EntitiesSchema)
def entities(args: dict[str, Any]) -> dict[str, Any]:
    """Entities as they stand, to heal a device; those that the officer does not hold are missing"""
    with reading() as (session, actor):
        held = entities_held(session, actor=actor, type_=args["type"], ids=args["id"])
    return {"entities": held}


def in_hex(digest: bytes | None) -> str | None:
    """A digest on the wire, where there is one."""
    return None if digest is None else digest.hex()


def _in_hex(row: Part | Leaf) -> dict[str, Any]:
    return {**row._asdict(), "digest": in_hex(row.digest)}

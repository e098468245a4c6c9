"""The item lists (随机抽查事项清单) as JSON: what holds, and how it came to be (N11)."""

from typing import Any

from schemas.items import ItemsArgs, PublicBodiesSchema, PublicItemListSchema
from server import clock
from server.api.glue import error_responses
from server.api.public import public
from server.api.public.results import TAGGED, UNCHANGED
from server.parts import parts
from server.services.planning.items import publishing_bodies, read_items


@public.route("/item-lists")
@public.alt_response(304, **UNCHANGED)
@public.response(200, PublicBodiesSchema, headers=TAGGED)
def item_lists() -> dict[str, Any]:
    """The bodies that have published a list of what may be inspected"""
    with parts().database.read() as session:
        return {"items": publishing_bodies(session)}


@public.route("/item-lists/<organisation_id>")
@error_responses(404)
@public.alt_response(304, **UNCHANGED)
@public.arguments(ItemsArgs, location="query")
@public.response(200, PublicItemListSchema, headers=TAGGED)
def item_list(args: dict[str, Any], organisation_id: str) -> dict[str, Any]:
    """What may be inspected in a body's area today, or one version of its own list"""
    return find_items(organisation_id, args.get("version"))


def find_items(organisation_id: str, version: int | None) -> dict[str, Any]:
    """What everyone may read of a body's list."""
    today = clock.china_date(clock.now())
    with parts().database.read() as session:
        return read_items(session, organisation_id=organisation_id, today=today, version=version)

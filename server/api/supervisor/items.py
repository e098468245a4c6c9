"""Item lists (随机抽查事项清单): published by the corps and the detachments."""

from typing import Any

from schemas.items import ItemListSchema, PublishItemsSchema
from server import clock
from server.api.glue import error_responses, writing
from server.api.supervisor import supervisor
from server.models import ItemList
from server.services.planning.items import publish_items


@supervisor.route("/item-lists", methods=["POST"])
@error_responses(400, 401, 403, 404, 409, 415)
@supervisor.arguments(PublishItemsSchema)
@supervisor.response(201, ItemListSchema)
def publish_item_list(asked: dict[str, Any]) -> ItemList:
    """Publish the next version of the corps' or a detachment's list

    It holds from `effective_from` on; what a detachment adds stands beside the corps' list and
    takes nothing from it."""
    with writing("supervisor", "admin") as (session, actor):
        organisation_id = asked.pop("organisation_id") or actor.organisation_id
        return publish_items(
            session, actor=actor, organisation_id=organisation_id, now=clock.now(), **asked
        )

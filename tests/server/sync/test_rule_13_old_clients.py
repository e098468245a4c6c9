"""Rule 13: an old client is told so, readably, before anything of its push is taken."""

import re

from sqlalchemy import func, select

from server.api.device.sync import MIN_SCHEMA_VERSION
from server.models import Receipt
from tests.server.sync.ops import new_finding


def push(world, schema_version, *ops):
    return world.lead.post("/sync/push", {"schema_version": schema_version, "ops": list(ops)})


def test_below_the_minimum_a_push_is_426_with_a_reason_that_a_person_can_read(world):
    answer = push(world, MIN_SCHEMA_VERSION - 1, new_finding("f1", world.task()))
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (426, "client_too_old")
    assert re.search("升级", body["message"])
    assert body["details"] == {"min_schema_version": MIN_SCHEMA_VERSION}


def test_the_minimum_itself_is_served_and_named_in_the_capabilities(world):
    assert push(world, MIN_SCHEMA_VERSION).status_code == 200
    said = world.lead.get("/sync/capabilities").get_json()
    assert said["min_schema_version"] == MIN_SCHEMA_VERSION


def test_nothing_of_a_refused_push_is_kept_so_the_same_ops_come_again_after_the_update(world):
    pending = new_finding("f1", world.task())
    push(world, MIN_SCHEMA_VERSION - 1, pending)
    with world.parts.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 0
    answer = push(world, MIN_SCHEMA_VERSION, pending)
    assert answer.get_json()["results"][0]["status"] == "applied"


def test_an_old_client_still_hears_what_is_new_and_what_became_of_its_ops(world):
    """The version is said with a push; reading needs none, and nothing on the device is lost."""
    push(world, MIN_SCHEMA_VERSION - 1, new_finding("f1", world.task()))
    assert world.lead.pull()["changes"]
    assert world.lead.get("/sync/receipts?op_id=any").status_code == 200

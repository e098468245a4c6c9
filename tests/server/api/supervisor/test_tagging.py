"""One tag on many objects, over HTTP: counted first, done in one go, undone exactly (N16)."""

import pytest
from sqlalchemy import select

from server.models import AuditEntry
from tests.server.register_samples import credit_code


def tag(by, tag="夜市", act="add", preview=False, **which):
    path = "/registers/tags/preview" if preview else "/registers/tags"
    return by.post(path, {"tag": tag, "act": act, "which": which})


def tags(world):
    items = world.admin.get("/objects?limit=200").get_json()["items"]
    return {item["id"]: item["tags"] for item in items}


def refused(answer, status, code):
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text


def test_what_is_previewed_is_what_is_done(world):
    world.object(kind="key", tags=["夜市"])
    world.object(kind="key")
    world.object(kind="general")
    seen = tag(world.supervisor, preview=True, filter={"kind": "key"}).get_json()
    assert seen == {"chosen": 2, "changing": 1}
    assert tags(world)["obj-2"] == []
    done = tag(world.supervisor, filter={"kind": "key"})
    assert (done.status_code, done.get_json()["objects_count"]) == (201, 1)
    assert tags(world) == {"obj-1": ["夜市"], "obj-2": ["夜市"], "obj-3": []}


def test_ids_and_credit_codes_name_objects_and_others_are_left_alone(world):
    world.object()
    world.object(credit_code=credit_code(2))
    world.object()
    outside = world.object(organisation="brig-b")
    tag(world.supervisor, keys=["obj-1", credit_code(2), outside, "no-such"])
    assert {id_ for id_, had in tags(world).items() if had} == {"obj-1", "obj-2"}


def test_undoing_touches_only_what_was_changed(world):
    world.object(tags=["夜市", "临街"])
    world.object(tags=["临街"])
    done = tag(world.supervisor, filter={"kind": "small"}).get_json()["id"]
    undone = world.supervisor.post(f"/registers/tags/{done}/undo")
    assert (undone.status_code, undone.get_json()["objects_count"]) == (201, 1)
    assert tags(world) == {"obj-1": ["夜市", "临街"], "obj-2": ["临街"]}
    refused(world.supervisor.post(f"/registers/tags/{done}/undo"), 409, "tag_act_undone")
    again = world.supervisor.post(f"/registers/tags/{undone.get_json()['id']}/undo")
    assert again.status_code == 201
    assert tags(world)["obj-2"] == ["临街", "夜市"]


def test_an_act_is_audited_once_whatever_its_size_and_imports_keep_off(world):
    for _ in range(3):
        world.object()
    tag(world.supervisor, filter={"kind": "small"})
    with world.parts.database.read() as session:
        acts = session.scalars(select(AuditEntry).where(AuditEntry.action == "objects_tagged"))
        (entry,) = acts.all()
    assert (entry.after["objects"], entry.after["filter"]) == (3, {"kind": "small"})
    found = world.admin.get("/objects/obj-1").get_json()
    assert found["edited_fields"] == ["tags"]


def test_devices_hear_of_it(world):
    site = world.object()
    world.task(object_id=site)
    cursor = world.lead.pull()["cursor"]
    tag(world.supervisor, keys=[site])
    (change,) = world.lead.pull(cursor)["changes"]
    assert (change["type"], change["data"]["tags"]) == ("object", ["夜市"])


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"filter": {}}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
        ({"filter": {"organisation_id": "brig-b"}}, 404, "not_found"),
        ({"act": "set", "keys": ["x"]}, 422, "invalid_request"),
        ({"tag": "长" * 41, "keys": ["x"]}, 422, "invalid_request"),
    ],
)
def test_a_tag_act_that_cannot_be_is_refused(world, changes, status, code):
    refused(tag(world.supervisor, **changes), status, code)


def test_only_those_of_the_office_tag(world):
    for caller in (world.lead, world.auditor):
        refused(tag(caller, keys=["x"]), 403, "forbidden")
    done = tag(world.supervisor, keys=["x"]).get_json()["id"]
    refused(world.other_supervisor.post(f"/registers/tags/{done}/undo"), 404, "not_found")

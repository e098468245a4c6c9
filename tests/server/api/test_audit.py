"""The audit trail as those see it who answer for a part of the tree."""

from server.clock import now
from server.services.audit.acts import record_act
from server.services.audit.chain import seal_batch
from tests.server.entrance import code


def trail(caller, **query):
    answer = caller.get("/audit", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def act(world):
    world.supervisor.post("/devices/d-lead/revoke")
    world.other_supervisor.post("/devices/d-outsider/revoke")
    world.admin.post("/devices/d-assistant/revoke")


def test_it_says_who_did_what_when_and_on_which_device(world):
    world.supervisor.post("/devices/d-lead/revoke", headers={"X-Request-ID": "a-request-id"})
    (shown,) = trail(world.supervisor)["items"]
    assert shown["at"].endswith("Z")
    assert shown | {"id": 0, "at": ""} == {
        "id": 0, "at": "", "user_id": "u-supervisor", "device_id": "d-supervisor",
        "organisation_id": "brig-a", "request_id": "a-request-id", "action": "device_revoked",
        "target_type": "device", "target_id": "d-lead", "before": {"state": "active"},
        "after": {"state": "revoked"}, "sealed_at": None,
    }  # fmt: skip


def test_everyone_sees_the_acts_of_their_part_of_the_tree_only(world):
    act(world)
    assert [e["target_id"] for e in trail(world.supervisor)["items"]] == ["d-lead"]
    assert [e["target_id"] for e in trail(world.other_supervisor)["items"]] == ["d-outsider"]
    assert [e["target_id"] for e in trail(world.auditor)["items"]] == ["d-outsider", "d-lead"]
    assert len(trail(world.admin)["items"]) == 3


def test_officers_do_not_read_the_trail(world):
    assert code(world.lead.get("/audit")) == "forbidden"


def test_acts_of_the_operator_are_shown_to_who_holds_a_whole_tree(world):
    with world.parts.database.write() as session:
        record_act(
            session, actor=None, action="a", target_type="t", target_id="i", now=now()
        )  # fmt: skip
    assert [entry["action"] for entry in trail(world.admin)["items"]] == ["a"]
    assert trail(world.auditor)["items"] == []


def test_it_comes_newest_first_in_pages_and_by_target(world):
    act(world)
    first = trail(world.admin, limit=2)
    rest = trail(world.admin, limit=2, after=first["next"])
    ids = [entry["id"] for entry in first["items"] + rest["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), rest["next"]) == (3, None)
    by_target = trail(world.admin, target_type="device", target_id="d-lead")
    assert [entry["target_id"] for entry in by_target["items"]] == ["d-lead"]
    assert trail(world.admin, user_id="u-admin")["items"][0]["target_id"] == "d-assistant"
    assert trail(world.admin, action="nothing")["items"] == []
    for query in ({"after": 0}, {"after": 2**63}, {"limit": 201}, {"secret": 1}):
        assert code(world.admin.get("/audit", query_string=query)) == "invalid_request"


def test_it_says_when_an_entry_was_sealed(world):
    act(world)
    with world.parts.database.write() as session:
        seal_batch(session, now=now())
    assert all(entry["sealed_at"] for entry in trail(world.admin)["items"])

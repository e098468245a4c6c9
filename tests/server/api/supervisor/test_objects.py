"""Objects over HTTP: made and corrected by hand, found, and only in one's part of the tree."""

import pytest
from sqlalchemy import select

from server.clock import china_date, now
from server.models import AuditEntry
from tests.server.register_samples import credit_code


def asked(**changes):
    return {
        "name": "新城（第一）小吃店", "kind": "small", "small_kind": "catering",
        "address": "新城区中山东路9号", "division_code": "150102", **changes,
    }  # fmt: skip


def refused(answer, status, code):
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    return body["details"]


def made(world, by=None, **changes):
    answer = (by or world.supervisor).post("/objects", asked(**changes))
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def patch(caller, object_id, **changes):
    return caller.call("PATCH", f"/objects/{object_id}", json=changes)


def test_an_object_made_by_hand_is_settled_and_held_by_its_brigade(world):
    found = made(world, credit_code=credit_code(5).lower(), latitude=40.8, longitude=111.7)
    assert found["organisation_id"] == "brig-a"
    assert (found["division_state"], found["division_code"]) == ("settled", "150102")
    assert found["credit_code"] == credit_code(5)
    assert (found["source"], found["source_key"]) == ("人工录入", found["id"])
    assert world.supervisor.get(f"/objects/{found['id']}").get_json() == found


def test_an_object_with_a_league_only_waits_in_the_queue(world):
    found = made(world, by=world.admin, division_code="150100")
    assert (found["organisation_id"], found["division_state"]) == ("det", "proposed")
    assert found["proposed_division_code"] == "150102"
    answer = patch(world.admin, found["id"], address="呼和浩特市回民区1号")
    assert answer.get_json()["proposed_division_code"] == "150103"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"division_code": "159999"}, 422, "division_unknown"),
        ({"division_code": "150103"}, 422, "division_out_of_scope"),
        ({"division_code": "15010"}, 422, "invalid_request"),
        ({"credit_code": credit_code(1)[:-1] + "?"}, 422, "credit_code_invalid"),
        ({"kind": "general"}, 422, "invalid_request"),
        ({"latitude": 40.0}, 422, "invalid_request"),
        ({"latitude": 91, "longitude": 1}, 422, "invalid_request"),
        ({"floor_area": 5}, 422, "invalid_request"),
        ({"organisation_id": "brig-b"}, 422, "invalid_request"),
        ({"name": ""}, 422, "invalid_request"),
        ({"name": "a\x00b"}, 422, "invalid_request"),
        ({"tags": ["x"] * 51}, 422, "invalid_request"),
    ],
)
def test_an_object_that_cannot_be_is_refused(world, changes, status, code):
    refused(world.supervisor.post("/objects", asked(**changes)), status, code)


def test_a_credit_code_stands_for_one_object(world):
    first = made(world, credit_code=credit_code(1))
    refused(
        world.supervisor.post("/objects", asked(credit_code=credit_code(1))),
        409, "credit_code_taken",
    )  # fmt: skip
    second = made(world)
    refused(
        patch(world.supervisor, second["id"], credit_code=credit_code(1)), 409, "credit_code_taken"
    )
    assert patch(world.supervisor, first["id"], credit_code=credit_code(1)).status_code == 200


def test_a_correction_changes_what_it_names_and_is_remembered(world):
    object_id = made(world, contact_name="某某")["id"]
    answer = patch(world.supervisor, object_id, name="更名小吃店", contact_name=None)
    found = answer.get_json()
    assert (found["name"], found["contact_name"]) == ("更名小吃店", None)
    assert found["address"] == asked()["address"]
    assert found["edited_fields"] == ["contact_name", "name"]
    with world.parts.database.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "object_changed")
        ).one()
    assert entry.before == {"name": asked()["name"], "contact_name": "某某"}
    assert entry.after == {"name": "更名小吃店", "contact_name": None}


def test_a_correction_that_changes_nothing_leaves_no_trace(world):
    found = made(world)
    answer = patch(world.supervisor, found["id"], name=found["name"])
    assert answer.get_json() == found
    with world.parts.database.read() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert "object_changed" not in actions


def test_an_object_moves_to_the_brigade_of_its_new_division(world):
    object_id = made(world)["id"]
    refused(
        patch(world.supervisor, object_id, division_code="150103"), 422, "division_out_of_scope"
    )
    refused(patch(world.admin, object_id, division_code="150100"), 422, "division_unsettled")
    moved = patch(world.admin, object_id, division_code="150103").get_json()
    assert moved["organisation_id"] == "brig-b"
    assert world.supervisor.get(f"/objects/{object_id}").status_code == 404
    assert world.other_supervisor.get(f"/objects/{object_id}").status_code == 200


def test_a_correction_must_leave_the_object_coherent(world):
    object_id = made(world)["id"]
    refused(patch(world.supervisor, object_id, kind="key"), 422, "invalid_request")
    assert patch(world.supervisor, object_id, kind="key", small_kind=None).status_code == 200
    refused(patch(world.supervisor, object_id, latitude=40.8), 422, "invalid_request")


def test_devices_that_hold_a_task_there_see_the_correction(world):
    object_id = made(world)["id"]
    task = {
        "origin": "complaint", "source_document": "登记单1号", "object_id": object_id,
        "checklist_id": "list-1", "planned_on": china_date(now()).isoformat(),
        "assignments": [
            {"officer_id": "o-lead", "role": "lead"},
            {"officer_id": "o-assistant", "role": "assistant"},
        ],
    }  # fmt: skip
    assert world.supervisor.post("/tasks", task).status_code == 201
    lead, outsider = world.lead.pull()["cursor"], world.outsider.pull()["cursor"]
    patch(world.supervisor, object_id, address="新城区中山东路10号")
    (change,) = world.lead.pull(lead)["changes"]
    assert (change["type"], change["id"]) == ("object", object_id)
    assert change["data"]["address"] == "新城区中山东路10号"
    assert world.outsider.pull(outsider)["changes"] == []


def test_objects_are_found_by_their_words_whatever_the_width_of_brackets(world):
    found = made(world, credit_code=credit_code(7))
    made(world, name="无关", address="新城区别处")
    for words in ("(第一)", "（第一）", "中山东路9", credit_code(7).lower(), " 新城（第一） "):
        items = world.supervisor.get("/objects", query_string={"q": words}).get_json()["items"]
        assert [item["id"] for item in items] == [found["id"]], words
    for words in ("%", "_", "第_"):
        assert world.supervisor.get("/objects", query_string={"q": words}).get_json()["items"] == []


def test_objects_are_filtered_and_paged_within_ones_part_of_the_tree(world):
    mine = sorted(made(world)["id"] for _ in range(5))
    other = made(world, by=world.admin, division_code="150103")["id"]
    first = world.supervisor.get("/objects?limit=3").get_json()
    second = world.supervisor.get(f"/objects?limit=3&after={first['next']}").get_json()
    assert [item["id"] for item in first["items"] + second["items"]] == mine
    assert second["next"] is None
    everyone = {item["id"] for item in world.admin.get("/objects").get_json()["items"]}
    assert everyone == {*mine, other}
    for query, ids in (
        ("division_code=150103", {other}),
        ("organisation_id=brig-b", {other}),
        ("organisation_id=det", {*mine, other}),
        ("kind=key", set()),
        ("division_state=settled", {*mine, other}),
        ("active=false", set()),
    ):
        items = world.admin.get(f"/objects?{query}").get_json()["items"]
        assert {item["id"] for item in items} == ids, query
    refused(world.supervisor.get("/objects?organisation_id=brig-b"), 404, "not_found")


def test_what_lies_outside_is_not_shown_to_exist(world):
    object_id = made(world)["id"]
    for path in (object_id, "no-such-object"):
        refused(world.other_supervisor.get(f"/objects/{path}"), 404, "not_found")
        refused(patch(world.other_supervisor, path, name="x"), 404, "not_found")


def test_officers_and_auditors_do_not_write_the_register(world):
    object_id = made(world)["id"]
    refused(world.lead.get("/objects"), 403, "forbidden")
    assert world.auditor.get("/objects").status_code == 200
    for caller in (world.lead, world.auditor):
        refused(caller.post("/objects", asked()), 403, "forbidden")
        refused(patch(caller, object_id, name="x"), 403, "forbidden")

"""Officers over HTTP: who may be sent, with which certificate."""

import pytest

from server.clock import china_date, now


def asked(**changes):
    return {
        "organisation_id": "brig-a", "name": "某某", "post": "专职消防监督员", "rank": "一级指挥员",
        "certificate_number": "蒙A-1", "certificate_expires_on": "2030-12-31",
        "specialties": ["建筑防火"], "lead_qualified": True, **changes,
    }  # fmt: skip


def refused(answer, status, code):
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    return body["details"]


def patch(caller, officer_id, **changes):
    return caller.call("PATCH", f"/officers/{officer_id}", json=changes)


def test_an_officer_is_added_with_post_rank_specialties_and_certificate(world):
    answer = world.supervisor.post("/officers", asked())
    assert answer.status_code == 201, answer.text
    officer = answer.get_json()
    assert {**asked(), "id": officer["id"], "active": True} == officer
    assert world.supervisor.get(f"/officers/{officer['id']}").get_json() == officer


def test_an_officer_needs_only_body_name_and_post(world):
    least = {"organisation_id": "brig-a", "name": "某某", "post": "文员"}
    officer = world.supervisor.post("/officers", least).get_json()
    assert officer["certificate_number"] is None
    assert (officer["specialties"], officer["rank"]) == ([], "")
    assert officer["lead_qualified"] is False


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"organisation_id": "brig-b"}, 404, "not_found"),
        ({"certificate_number": "C-lead"}, 409, "certificate_taken"),
        ({"certificate_expires_on": "2030-02-30"}, 422, "invalid_request"),
        ({"specialties": ["x"] * 21}, 422, "invalid_request"),
        ({"salary": 1}, 422, "invalid_request"),
        ({"name": None}, 422, "invalid_request"),
    ],
)
def test_an_officer_that_cannot_be_is_refused(world, changes, status, code):
    refused(world.supervisor.post("/officers", asked(**changes)), status, code)


def test_what_is_not_named_stays(world):
    answer = patch(world.supervisor, "o-lead", rank="二级指挥长", certificate_expires_on=None)
    officer = answer.get_json()
    assert (officer["rank"], officer["certificate_expires_on"]) == ("二级指挥长", None)
    assert (officer["name"], officer["certificate_number"]) == ("lead", "C-lead")
    refused(patch(world.supervisor, "o-lead", certificate_number="C-assistant"), 409,
            "certificate_taken")  # fmt: skip


def test_an_officer_moves_only_within_ones_part_of_the_tree(world):
    refused(patch(world.supervisor, "o-lead", organisation_id="brig-b"), 404, "not_found")
    assert patch(world.admin, "o-lead", organisation_id="brig-b").status_code == 200
    refused(world.supervisor.get("/officers/o-lead"), 404, "not_found")


def test_a_new_name_reaches_the_devices_of_the_team(world):
    task = {
        "origin": "complaint", "source_document": "登记单1号", "object_id": world.object(),
        "checklist_id": "list-1", "planned_on": china_date(now()).isoformat(),
        "assignments": [
            {"officer_id": "o-lead", "role": "lead"},
            {"officer_id": "o-assistant", "role": "assistant"},
        ],
    }  # fmt: skip
    task_id = world.supervisor.post("/tasks", task).get_json()["id"]
    cursor = world.assistant.pull()["cursor"]
    assert patch(world.supervisor, "o-lead", name="改名").status_code == 200
    (change,) = world.assistant.pull(cursor)["changes"]
    assert (change["type"], change["id"]) == ("task", task_id)
    assert change["data"]["assignments"][0]["name"] == "改名"


def test_officers_are_found_within_ones_part_of_the_tree(world):
    def ids(caller, query=""):
        return [item["id"] for item in caller.get(f"/officers{query}").get_json()["items"]]

    assert ids(world.admin) == ["o-assistant", "o-lead", "o-outsider"]
    assert ids(world.supervisor) == ["o-assistant", "o-lead"]
    assert ids(world.admin, "?q=LEA") == ["o-lead"]
    assert ids(world.admin, "?q=C-outsider") == ["o-outsider"]
    assert ids(world.admin, "?organisation_id=brig-b") == ["o-outsider"]
    assert ids(world.admin, "?active=false") == []
    assert ids(world.admin, "?lead_qualified=true&limit=1") == ["o-assistant"]
    refused(world.supervisor.get("/officers?organisation_id=brig-b"), 404, "not_found")


def test_only_supervisors_and_administrators_write(world):
    for caller in (world.lead, world.auditor):
        refused(caller.post("/officers", asked()), 403, "forbidden")
        refused(patch(caller, "o-lead", name="x"), 403, "forbidden")
    refused(world.lead.get("/officers"), 403, "forbidden")
    assert world.auditor.get("/officers").status_code == 200

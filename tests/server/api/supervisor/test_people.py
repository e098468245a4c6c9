"""Interests, certificates and experts over HTTP (N17, N34, N35)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.clock import china_date, now
from server.models import AuditEntry, Officer
from tests.server.register_samples import credit_code

GROUND = "配偶为该店经营者"


def declare(by, officer_id="o-lead", **target):
    return by.post(f"/officers/{officer_id}/interests", {"ground": GROUND, **target})


def refused(answer, status, code):
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    return body["details"]


def send(world, object_id):
    task = {
        "origin": "complaint", "source_document": "登记单1号", "object_id": object_id,
        "checklist_id": "list-1", "planned_on": china_date(now()).isoformat(),
        "assignments": [
            {"officer_id": "o-lead", "role": "lead"},
            {"officer_id": "o-assistant", "role": "assistant"},
        ],
    }  # fmt: skip
    return world.supervisor.post("/tasks", task)


@pytest.fixture
def site(world):
    return world.object(credit_code=credit_code(1))


@pytest.mark.parametrize(
    "target",
    [
        {"object_id": "obj-1"},
        {"credit_code": credit_code(1).lower()},
        {"organisation_id": "brig-a"},
    ],
)
def test_who_has_an_interest_is_not_sent(world, site, target):
    assert declare(world.lead, **target).status_code == 201
    problems = refused(send(world, site), 422, "officer_recused")["problems"]
    assert problems == [{"code": "officer_recused", "officer_id": "o-lead"}]


def test_an_interest_that_was_withdrawn_keeps_nobody_away_and_stays_on_record(world, site):
    interest = declare(world.supervisor, object_id=site).get_json()["id"]
    path = f"/officers/interests/{interest}/withdraw"
    refused(world.lead.post(path, {"reason": "x"}), 403, "forbidden")
    refused(world.other_supervisor.post(path, {"reason": "x"}), 404, "not_found")
    assert world.supervisor.post(path, {"reason": "已离婚"}).status_code == 200
    refused(world.supervisor.post(path, {"reason": "x"}), 409, "interest_withdrawn")
    (kept,) = world.supervisor.get("/officers/interests").get_json()["items"]
    assert (kept["ground"], kept["withdraw_reason"]) == (GROUND, "已离婚")
    assert send(world, site).status_code == 201


def test_the_ground_is_shown_to_nobody_but_the_supervisor(world, site):
    answers = [declare(world.lead, object_id=site)]
    answers += [world.lead.get("/officers/interests/own"), world.admin.get("/officers/o-lead")]
    answers += [world.admin.get("/audit"), world.auditor.get("/officers"), send(world, site)]
    for answer in answers:
        assert GROUND not in answer.get_data(as_text=True)
        assert answer.get_json()
    for caller in (world.admin, world.auditor, world.lead):
        refused(caller.get("/officers/interests"), 403, "forbidden")
    assert world.other_supervisor.get("/officers/interests").get_json()["items"] == []
    assert GROUND in world.supervisor.get("/officers/interests").get_data(as_text=True)
    with world.parts.database.read() as session:
        for entry in session.scalars(select(AuditEntry)):
            assert GROUND not in str((entry.before, entry.after))


def test_an_interest_that_cannot_be_is_refused(world, site):
    refused(declare(world.lead), 422, "invalid_request")
    refused(declare(world.lead, object_id=site, organisation_id="brig-a"), 422, "invalid_request")
    refused(declare(world.lead, object_id="no-such"), 404, "not_found")
    refused(declare(world.lead, credit_code="9" * 18), 422, "credit_code_invalid")
    refused(declare(world.lead, "o-assistant", object_id=site), 404, "not_found")
    refused(declare(world.supervisor, "o-outsider", object_id=site), 404, "not_found")
    refused(declare(world.admin, object_id=site), 403, "forbidden")


def test_certificates_that_end_are_told_ahead_the_most_urgent_first(world):
    today = china_date(now())
    for name, facts in {
        "none": {"certificate_number": None, "certificate_expires_on": None},
        "over": {"certificate_expires_on": today - timedelta(days=1)},
        "soon": {"certificate_expires_on": today + timedelta(days=60)},
        "later": {"certificate_expires_on": today + timedelta(days=61)},
        "left": {"certificate_expires_on": today - timedelta(days=9), "active": False},
    }.items():
        world.officer(name, **facts)
    items = world.supervisor.get("/officers/certificates").get_json()["items"]
    told = [(item["officer"]["id"], item["state"], item["days_left"]) for item in items]
    assert told == [
        ("o-none", "missing", None),
        ("o-over", "expired", -1),
        ("o-soon", "expiring", 60),
    ]
    listed = world.supervisor.get(f"/officers?drawable_on={today}").get_json()["items"]
    assert {"o-none", "o-over", "o-left"}.isdisjoint(one["id"] for one in listed)
    assert {"o-soon", "o-later", "o-lead"} <= {one["id"] for one in listed}
    refused(world.lead.get("/officers/certificates"), 403, "forbidden")


def test_an_expert_is_kept_apart_from_officers_and_never_sent(world, site):
    asked = {
        "organisation_id": "brig-a",
        "name": "某教授",
        "employer": "某大学",
        "specialties": ["电气"],
    }
    answer = world.supervisor.post("/experts", asked)
    assert answer.status_code == 201, answer.text
    expert = answer.get_json()
    assert expert["id"] not in {o["id"] for o in world.admin.get("/officers").get_json()["items"]}
    with world.parts.database.read() as session:
        assert session.get(Officer, expert["id"]) is None
    task = send(world, site).get_json()["id"]
    posts = [
        {"officer_id": "o-lead", "role": "lead"},
        {"officer_id": expert["id"], "role": "assistant"},
    ]
    answer = world.supervisor.call(
        "PUT", f"/tasks/{task}/assignments", json={"assignments": posts, "reason": "x"}
    )
    refused(answer, 422, "officer_unknown")


def test_experts_are_changed_and_found_within_ones_part_of_the_tree(world):
    asked = {"organisation_id": "brig-a", "name": "某教授"}
    expert = world.supervisor.post("/experts", asked).get_json()["id"]
    patched = world.supervisor.call("PATCH", f"/experts/{expert}", json={"active": False})
    assert patched.get_json()["active"] is False
    assert world.supervisor.get("/experts?active=true").get_json()["items"] == []
    assert len(world.supervisor.get("/experts?q=教授").get_json()["items"]) == 1
    assert world.other_supervisor.get("/experts").get_json()["items"] == []
    other = world.other_supervisor.call("PATCH", f"/experts/{expert}", json={"name": "x"})
    refused(other, 404, "not_found")
    refused(
        world.supervisor.post("/experts", {**asked, "organisation_id": "brig-b"}), 404, "not_found"
    )
    refused(world.lead.post("/experts", asked), 403, "forbidden")

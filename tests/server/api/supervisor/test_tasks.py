"""Tasks over HTTP: who may make one, of which origin, with whom, and how often."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from server import create_app
from server.clock import china_date, now
from server.parts import parts_of
from tests.world import World


def asked(world: World, **changes):
    today = china_date(now())
    return {
        "origin": "complaint",
        "source_document": "举报投诉登记单〔2026〕7号",
        "object_id": changes.pop("object_id", None) or world.object(),
        "checklist_id": "list-1",
        "planned_on": today.isoformat(),
        **changes,
    }


TEAM = [
    {"officer_id": "o-lead", "role": "lead"},
    {"officer_id": "o-assistant", "role": "assistant"},
]


def refused(answer, code: str, status: int) -> dict:
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    return body["details"]


def in_months(months: int) -> str:
    return (china_date(now()) + timedelta(days=31 * months)).isoformat()


def test_a_supervisor_makes_and_assigns_a_task_in_one_request(world):
    answer = world.supervisor.post("/tasks", asked(world, assignments=TEAM))
    assert answer.status_code == 201, answer.text
    task = answer.get_json()
    year = china_date(now()).year
    assert task["number"] == f"150102-{year}-00001"
    assert (task["status"], task["round"], task["requested_by"]) == ("assigned", 1, "u-supervisor")
    assert task["organisation_id"] == "brig-a"
    assert task["checklist"] == {
        "id": "list-1", "code": "short", "version": 1, "title": "小场所检查表",
    }  # fmt: skip
    assert [(a["officer_id"], a["role"]) for a in task["assignments"]] == [
        ("o-lead", "lead"), ("o-assistant", "assistant"),
    ]  # fmt: skip
    assert task["frequency"]["warnings"] == []
    assert world.supervisor.get(f"/tasks/{task['id']}").get_json() == task


def test_numbers_run_on_and_a_draft_is_no_ones_yet(world):
    numbers = [world.supervisor.post("/tasks", asked(world)).get_json()["number"] for _ in range(3)]
    assert [number[-5:] for number in numbers] == ["00001", "00002", "00003"]


@pytest.mark.parametrize("origin", ["drawn", "campaign"])
def test_what_must_be_drawn_cannot_be_made_by_hand(world, origin):
    answer = world.supervisor.post("/tasks", asked(world, origin=origin))
    refused(answer, "origin_not_by_hand", 422)


def test_a_task_needs_its_source_document(world):
    refused(world.supervisor.post("/tasks", asked(world, source_document="")),
            "invalid_request", 422)  # fmt: skip
    refused(world.supervisor.post("/tasks", asked(world, source_document="  ")),
            "source_document_needed", 422)  # fmt: skip


def test_the_planned_day_lies_between_today_and_two_years_ahead(world):
    today = china_date(now())
    for days, status in ((0, 201), (731, 201), (-1, 422), (732, 422)):
        day = (today + timedelta(days=days)).isoformat()
        answer = world.supervisor.post("/tasks", asked(world, planned_on=day))
        assert answer.status_code == status, (days, answer.text)
    late = asked(world, planned_on=in_months(2), due_on=in_months(1))
    assert refused(world.supervisor.post("/tasks", late), "date_out_of_range", 422) == {
        "field": "due_on"
    }
    far = asked(world, planned_on="9999-12-31")
    refused(world.supervisor.post("/tasks", far), "date_out_of_range", 422)


@pytest.mark.parametrize("caller", ["lead", "auditor"])
def test_neither_officers_nor_auditors_make_tasks(world, caller):
    refused(getattr(world, caller).post("/tasks", asked(world)), "forbidden", 403)


def test_another_brigades_object_and_task_do_not_exist_for_me(world):
    foreign = world.object(organisation="brig-b")
    details = refused(world.supervisor.post("/tasks", asked(world, object_id=foreign)),
                      "not_found", 404)  # fmt: skip
    assert details == {"field": "object_id"}
    task_id = world.task()
    for answer in (
        world.other_supervisor.get(f"/tasks/{task_id}"),
        world.other_supervisor.post(f"/tasks/{task_id}/cancel", {"reason": "误建"}),
        world.other_supervisor.post(f"/tasks/{task_id}/approve-request"),
        world.other_supervisor.call(
            "PUT", f"/tasks/{task_id}/assignments", json={"assignments": TEAM, "reason": "x"}
        ),
        world.supervisor.get("/tasks/..%2f..%00"),
    ):
        refused(answer, "not_found", 404)
    assert world.other_supervisor.get("/tasks").get_json()["items"] == []


def test_an_unknown_checklist_is_named(world):
    answer = world.supervisor.post("/tasks", asked(world, checklist_id="none"))
    assert refused(answer, "not_found", 404) == {"field": "checklist_id"}


TEAMS = [
    ([("lead", "lead")], "assistant_needed"),
    ([("assistant", "assistant")], "one_lead_needed"),
    ([("lead", "lead"), ("assistant", "lead")], "one_lead_needed"),
    ([("lead", "lead"), ("lead", "assistant")], "officer_twice"),
    ([("nobody", "lead"), ("assistant", "assistant")], "officer_unknown"),
    ([("lead", "lead"), ("outsider", "assistant")], "officer_unknown"),
    ([("junior", "lead"), ("assistant", "assistant")], "lead_not_qualified"),
    ([("lead", "lead"), ("expired", "assistant")], "certificate_expired"),
    ([("lead", "lead"), ("uncertified", "assistant")], "certificate_missing"),
    ([("lead", "lead"), ("endless", "assistant")], "certificate_missing"),
    ([("lead", "lead"), ("retired", "assistant")], "officer_inactive"),
]


@pytest.fixture
def crowd(world):
    """The world with officers who may not be sent."""
    today = china_date(now())
    world.officer("junior", lead_qualified=False)
    world.officer("expired", certificate_expires_on=today - timedelta(days=1))
    world.officer("uncertified", certificate_number=None)
    world.officer("endless", certificate_expires_on=None)
    world.officer("retired", active=False)
    return world


@pytest.mark.parametrize(("team", "code"), TEAMS)
def test_who_may_not_be_sent_is_refused_with_a_reason(crowd, team, code):
    posts = [{"officer_id": f"o-{name}", "role": role} for name, role in team]
    details = refused(crowd.supervisor.post("/tasks", asked(crowd, assignments=posts)), code, 422)
    assert details["problems"][0]["code"] == code
    assert crowd.supervisor.get("/tasks").get_json()["items"] == []  # nothing half made


def test_all_failures_of_a_team_are_named_at_once(crowd):
    posts = [{"officer_id": "o-junior", "role": "lead"},
             {"officer_id": "o-expired", "role": "lead"}]  # fmt: skip
    answer = crowd.supervisor.post("/tasks", asked(crowd, assignments=posts))
    details = refused(answer, "one_lead_needed", 422)
    assert [problem["code"] for problem in details["problems"]] == [
        "one_lead_needed", "assistant_needed", "lead_not_qualified", "certificate_expired",
    ]  # fmt: skip


def test_a_certificate_must_be_valid_on_the_planned_day_itself(world):
    day = china_date(now()) + timedelta(days=30)
    world.officer("last-day", certificate_expires_on=day)
    posts = [TEAM[0], {"officer_id": "o-last-day", "role": "assistant"}]
    ok = asked(world, planned_on=day.isoformat(), assignments=posts)
    assert world.supervisor.post("/tasks", ok).status_code == 201
    late = asked(world, planned_on=(day + timedelta(days=1)).isoformat(), assignments=posts)
    refused(world.supervisor.post("/tasks", late), "certificate_expired", 422)


def test_other_needs_an_approver_who_is_not_the_requester(world):
    second = world.account("second-sup", role="supervisor")
    task = world.supervisor.post("/tasks", asked(world, origin="other")).get_json()
    path = f"/tasks/{task['id']}"
    team = {"assignments": TEAM}
    refused(world.supervisor.call("PUT", f"{path}/assignments", json=team), "approval_needed", 409)
    refused(world.supervisor.post(f"{path}/approve-request"), "approver_is_requester", 403)
    refused(world.lead.post(f"{path}/approve-request"), "forbidden", 403)
    approved = second.post(f"{path}/approve-request")
    assert approved.get_json()["approved_by"] == "u-second-sup"
    refused(second.post(f"{path}/approve-request"), "state_invalid", 409)
    assigned = world.supervisor.call("PUT", f"{path}/assignments", json=team)
    assert assigned.get_json()["status"] == "assigned"


def test_other_cannot_be_assigned_in_the_request_that_asks_for_it(world):
    answer = world.supervisor.post("/tasks", asked(world, origin="other", assignments=TEAM))
    refused(answer, "approval_needed", 409)
    assert world.supervisor.get("/tasks").get_json()["items"] == []


def test_cap_and_interval_warn_a_complaint_and_block_other(world):
    object_id = world.object()
    for _ in range(2):
        world.task(object_id=object_id)
    complaint = world.supervisor.post("/tasks", asked(world, object_id=object_id)).get_json()
    assert complaint["frequency"]["counted_in_year"] == 2
    assert complaint["frequency"]["warnings"] == ["cap_reached", "interval_too_short"]
    other = asked(world, object_id=object_id, origin="other")
    details = refused(world.supervisor.post("/tasks", other), "cap_reached", 409)
    assert details["counted_in_year"] == 3
    assert details["cap_per_year"] == 2


def test_a_setting_keeps_complaints_out_of_the_cap(settings):
    app = create_app(replace(settings, exempt_checks_count=False))
    world = World(app)
    object_id = world.object()
    for _ in range(2):
        world.task(object_id=object_id)
    third = world.supervisor.post("/tasks", asked(world, object_id=object_id)).get_json()
    parts_of(app).database.engine.dispose()
    assert third["frequency"]["counted_in_year"] == 0
    assert third["frequency"]["warnings"] == ["interval_too_short"]


def test_an_override_needs_a_reason_and_an_approver(world):
    object_id = world.object()
    world.task(object_id=object_id)
    other = asked(world, object_id=object_id, origin="other")
    refused(world.supervisor.post("/tasks", other), "interval_too_short", 409)
    overridden = world.supervisor.post("/tasks", {**other, "override_reason": "上级督办"})
    assert overridden.status_code == 201
    task = overridden.get_json()
    assert (task["override_reason"], task["approved_by"]) == ("上级督办", None)
    approved = world.admin.post(f"/tasks/{task['id']}/approve-request").get_json()
    assert approved["approved_by"] == "u-admin"
    assert approved["frequency"]["warnings"] == ["interval_too_short"]


def test_a_request_that_fitted_when_made_is_weighed_again_when_approved(world):
    object_id = world.object()
    task = world.supervisor.post(
        "/tasks", asked(world, object_id=object_id, origin="other")
    ).get_json()
    world.task(object_id=object_id)
    refused(world.admin.post(f"/tasks/{task['id']}/approve-request"), "interval_too_short", 409)


def test_a_cancelled_task_leaves_its_place_to_another(world):
    object_id = world.object()
    cancelled = world.task(object_id=object_id)
    world.supervisor.post(f"/tasks/{cancelled}/cancel", {"reason": "重复受理"})
    again = world.supervisor.post("/tasks", asked(world, object_id=object_id, origin="other"))
    assert again.status_code == 201


def test_reassigning_needs_a_reason_and_keeps_who_left_in_sight(world):
    third = world.officer("third")
    task_id = world.task()
    team = [TEAM[0], {"officer_id": third.officer_id, "role": "assistant"}]
    path = f"/tasks/{task_id}/assignments"
    refused(world.supervisor.call("PUT", path, json={"assignments": team}), "reason_needed", 422)
    task = world.supervisor.call(
        "PUT", path, json={"assignments": team, "reason": "协办出差"}
    ).get_json()
    assert [(a["officer_id"], a["end_reason"]) for a in task["assignments"]] == [
        ("o-lead", None), ("o-third", None), ("o-assistant", "协办出差"),
    ]  # fmt: skip
    assert task["assignments"][2]["ended_at"] is not None


def test_a_cancelled_task_is_settled_for_good(world):
    task_id = world.task()
    cancelled = world.supervisor.post(f"/tasks/{task_id}/cancel", {"reason": "对象已关闭"})
    assert cancelled.get_json()["status"] == "cancelled"
    assert cancelled.get_json()["cancel_reason"] == "对象已关闭"
    refused(world.supervisor.post(f"/tasks/{task_id}/cancel", {"reason": "x"}),
            "state_invalid", 409)  # fmt: skip
    again = {"assignments": TEAM, "reason": "x"}
    refused(world.supervisor.call("PUT", f"/tasks/{task_id}/assignments", json=again),
            "state_invalid", 409)  # fmt: skip


def test_the_list_is_paged_newest_first_and_filtered(world):
    made = [world.task() for _ in range(5)]
    draft = world.supervisor.post("/tasks", asked(world)).get_json()["id"]
    seen, after = [], None
    while True:
        query = {"limit": 2, **({"after": after} if after else {})}
        page = world.auditor.get("/tasks", query_string=query).get_json()
        seen += [task["id"] for task in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == sorted([*made, draft])
    assert len(seen) == 6

    def listed(**filters):
        answer = world.supervisor.get("/tasks", query_string=filters)
        assert answer.status_code == 200, answer.text
        return {task["id"] for task in answer.get_json()["items"]}

    assert listed(status="draft") == {draft}
    assert listed(officer_id="o-lead") == set(made)
    assert listed(origin="recheck") == set()
    assert listed(organisation_id="brig-b") == set()
    refused(world.supervisor.get("/tasks?status=lost"), "invalid_request", 422)
    refused(world.supervisor.get("/tasks?after=nobody"), "not_found", 404)


@pytest.mark.parametrize(
    "body",
    [
        {"origin": "complaint"},
        {"origin": "gossip", "source_document": "x", "object_id": "o", "checklist_id": "c",
         "planned_on": "2026-12-01"},
        {"origin": "complaint", "source_document": "a\x00b", "object_id": "../x",
         "checklist_id": "c", "planned_on": "tomorrow", "surprise": 1},
        [],
    ],
)  # fmt: skip
def test_a_bad_request_is_answered_in_the_envelope_and_makes_nothing(world, body):
    refused(world.supervisor.post("/tasks", body), "invalid_request", 422)
    assert world.supervisor.get("/tasks").get_json()["items"] == []


def test_every_act_on_a_task_is_in_the_audit_trail(world):
    from sqlalchemy import select

    from server.models import AuditEntry

    task_id = world.task()
    world.supervisor.post(f"/tasks/{task_id}/cancel", {"reason": "误建"})
    with world.parts.database.read() as session:
        acts = session.scalars(
            select(AuditEntry).where(AuditEntry.target_id == task_id).order_by(AuditEntry.id)
        ).all()
    assert [act.action for act in acts] == ["task.create", "task.assign", "task.cancel"]
    assert acts[0].after["frequency"]["warnings"] == []
    assert acts[2].after["reason"] == "误建"
    assert date.fromisoformat(acts[0].after["planned_on"])

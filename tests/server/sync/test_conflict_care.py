"""In whose care a conflict is (承办), and where it is shown."""

import pytest
from sqlalchemy import text

from server.clock import now
from server.services.conflicts.care import adopt_conflicts
from server.services.sync.documents import ServerDocument, put_documents, read_documents
from tests.server.sync.disputes import disputed, hand_over, listed, on_device, settle, told
from tests.server.sync.ops import op

CARE_FIELDS = ("assigned_to", "escalated_at")
LEAD = {"kind": "officer", "id": "o-lead", "name": "lead"}


def assign(world, conflict_id, **who):
    return world.supervisor.post(f"/conflicts/{conflict_id}/assign", who)


def assignee(caller, conflict_id):
    return on_device(caller, conflict_id)["data"]["assigned_to"]


def test_a_conflict_begins_in_the_care_of_the_lead(world):
    conflict_id = disputed(world, world.task())
    assert assignee(world.assistant, conflict_id) == LEAD
    care = told(world.supervisor, conflict_id)["care"]
    assert (care["assigned_to"], care["assigned_by"], care["overdue"]) == (LEAD, None, False)
    assert listed(world.lead, assigned_to="o-lead") == [conflict_id]
    assert listed(world.lead, assigned_to="o-assistant") == []


def test_a_supervisor_gives_the_care_to_the_assistant_who_may_then_settle(world):
    conflict_id = disputed(world, world.task())
    rev = on_device(world.lead, conflict_id)["rev"]
    assert settle(world.assistant, conflict_id, {"value": "pass"}).status_code == 403
    answer = assign(world, conflict_id, officer_id="o-assistant")
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["care"]["assigned_by"] == "u-supervisor"
    change = on_device(world.assistant, conflict_id)
    assert change["data"]["assigned_to"]["id"] == "o-assistant"
    assert change["rev"] == rev  # the care makes no version: nobody's settlement is refused for it
    [result] = world.assistant.push(
        op("conflict", conflict_id, {"value": "pass"}, base_rev=change["rev"])
    )
    assert result["status"] == "applied", result


def test_the_care_moved_while_somebody_settled_does_not_refuse_them(world):
    conflict_id = disputed(world, world.task())
    seen = told(world.lead, conflict_id)["rev"]
    assign(world, conflict_id, user_id="u-supervisor")
    assert settle(world.lead, conflict_id, {"value": "fail"}, rev=seen).status_code == 200


def test_a_supervisor_takes_the_care_and_the_act_is_audited(world):
    conflict_id = disputed(world, world.task())
    assign(world, conflict_id, user_id="u-supervisor")
    assert assignee(world.lead, conflict_id) == {
        "kind": "supervisor", "id": "u-supervisor", "name": "supervisor",
    }  # fmt: skip
    assert listed(world.supervisor, assigned_to="u-supervisor") == [conflict_id]
    [act] = world.supervisor.get("/audit", query_string={"action": "conflict.assign"}).get_json()[
        "items"
    ]
    assert (act["target_id"], act["user_id"]) == (conflict_id, "u-supervisor")
    assert act["before"]["officer_id"] == "o-lead"
    assert act["after"]["user_id"] == "u-supervisor"


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ({"officer_id": "o-outsider"}, 422, "conflict_assignee"),
        ({"officer_id": "o-nobody"}, 422, "conflict_assignee"),
        ({"user_id": "u-other-sup"}, 422, "conflict_assignee"),
        ({"user_id": "u-lead"}, 422, "conflict_assignee"),
        ({"user_id": "u-auditor"}, 422, "conflict_assignee"),
        ({}, 422, "invalid_request"),
        ({"officer_id": "o-lead", "user_id": "u-supervisor"}, 422, "invalid_request"),
    ],
)
def test_the_care_goes_only_to_who_may_settle(world, who, status, code):
    conflict_id = disputed(world, world.task())
    answer = assign(world, conflict_id, **who)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert assignee(world.lead, conflict_id) == LEAD


def test_who_may_not_assign(world):
    conflict_id = disputed(world, world.task())
    path, who = f"/conflicts/{conflict_id}/assign", {"officer_id": "o-assistant"}
    assert world.lead.post(path, who).status_code == 403
    assert world.auditor.post(path, who).status_code == 403
    assert world.other_supervisor.post(path, who).status_code == 404
    assert world.supervisor.post("/conflicts/c-none/assign", who).status_code == 404


def test_a_settled_conflict_is_assigned_to_nobody_else(world):
    conflict_id = disputed(world, world.task())
    assert settle(world.lead, conflict_id, {"value": "fail"}).status_code == 200
    answer = assign(world, conflict_id, officer_id="o-assistant")
    assert (answer.status_code, answer.get_json()["details"]["state"]) == (409, "resolved")


def test_reassigning_the_task_moves_the_care_to_the_new_lead(world):
    task = world.task()
    conflict_id = disputed(world, task)
    settled = disputed(world, task, "1.2")
    assert settle(world.lead, settled, {"value": "fail"}).status_code == 200
    newcomer = world.officer("newcomer")
    hand_over(world, task, lead="o-newcomer", assistant="o-assistant")
    for each in (conflict_id, settled):
        assert assignee(newcomer, each)["id"] == "o-newcomer"
        assert assignee(world.assistant, each)["id"] == "o-newcomer"
    assert listed(newcomer, assigned_to="o-newcomer") == [conflict_id]
    assert listed(world.lead) == []


def test_swapping_the_roles_moves_what_the_lead_had_by_default_only(world):
    task = world.task()
    by_default, assigned = disputed(world, task), disputed(world, task, "1.2")
    assign(world, assigned, officer_id="o-lead")
    hand_over(world, task, lead="o-assistant", assistant="o-lead")
    assert assignee(world.lead, by_default)["id"] == "o-assistant"
    assert assignee(world.lead, assigned)["id"] == "o-lead"


def test_what_was_assigned_to_one_who_leaves_goes_to_the_lead(world):
    task = world.task()
    left, above = disputed(world, task), disputed(world, task, "1.2")
    assign(world, left, officer_id="o-assistant")
    assign(world, above, user_id="u-supervisor")
    world.officer("newcomer")
    hand_over(world, task, lead="o-lead", assistant="o-newcomer")
    assert assignee(world.lead, left) == LEAD
    assert told(world.lead, left)["care"]["assigned_by"] is None
    assert assignee(world.lead, above)["id"] == "u-supervisor"


def test_who_had_the_care_has_it_again_when_a_latecomer_opens_the_conflict_anew(world):
    task = world.task()
    conflict_id = disputed(world, task)
    assign(world, conflict_id, officer_id="o-assistant")
    assert settle(world.lead, conflict_id, {"value": "pass"}).status_code == 200
    late = world.device("u-assistant", officer_id="o-assistant", name="d-late")
    late.push(op("answer", f"{task}.1.1", {"value": "fail"}))
    data = on_device(world.lead, conflict_id)["data"]
    assert (data["state"], data["assigned_to"]["id"]) == ("open", "o-assistant")


def test_conflicts_are_listed_by_state_and_page_oldest_first(world):
    task = world.task()
    first, second, third = (disputed(world, task, item) for item in ("1.1", "1.2", "1.3"))
    assert settle(world.lead, second, {"value": "fail"}).status_code == 200
    assert listed(world.supervisor) == [first, third]
    assert listed(world.supervisor, state="resolved") == [second]
    assert listed(world.supervisor, state="all") == [first, second, third]
    page = world.lead.get("/conflicts", query_string={"limit": 1}).get_json()
    assert (len(page["items"]), page["next"]) == (1, first)
    assert listed(world.lead, limit=1, after=first) == [third]
    last = world.lead.get("/conflicts", query_string={"limit": 1, "after": first}).get_json()
    assert last["next"] is None
    assert world.lead.get("/conflicts", query_string={"after": "c-none"}).status_code == 404
    assert world.lead.get("/conflicts", query_string={"state": "closed"}).status_code == 422


def test_conflicts_are_seen_within_ones_tasks_or_part_of_the_tree(world):
    conflict_id = disputed(world, world.task())
    for caller in (world.lead, world.assistant, world.supervisor, world.admin, world.auditor):
        assert listed(caller) == [conflict_id]
    for caller in (world.outsider, world.other_supervisor):
        assert listed(caller) == []
        assert caller.get(f"/conflicts/{conflict_id}").status_code == 404
        assert settle(caller, conflict_id, {"value": "pass"}, rev=2).status_code == 404


def test_a_conflict_of_a_cancelled_task_waits_for_nobody(world):
    task = world.task()
    conflict_id = disputed(world, task)
    world.supervisor.post(f"/tasks/{task}/cancel", {"reason": "举报人撤回"})
    assert listed(world.supervisor) == []
    assert listed(world.supervisor, state="all") == [conflict_id]
    assert told(world.supervisor, conflict_id)["care"]["due_at"] is None


def test_what_a_version_without_care_opened_is_taken_into_care(world):
    task = world.task()
    conflict_id = disputed(world, task)
    with world.parts.database.write() as session:
        session.execute(text("DELETE FROM conflict_care"))
        [before] = read_documents(session, [("conflict", conflict_id)]).values()
        bare = {name: v for name, v in before.data.items() if name not in CARE_FIELDS}
        put_documents(session, [ServerDocument("conflict", conflict_id, bare, task)], now=now())
    assert listed(world.supervisor) == []
    for _ in range(2):
        with world.parts.database.write() as session:
            adopt_conflicts(session)
    assert listed(world.supervisor, assigned_to="o-lead") == [conflict_id]
    world.assistant.push(op("answer", f"{task}.1.1", {"value": "not_applicable"}))
    assert assignee(world.lead, conflict_id) == LEAD

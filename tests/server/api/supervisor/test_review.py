"""Review: the supervisor sees everything, sends it back or approves it."""

import pytest
from sqlalchemy import select

from server.models import AuditEntry
from tests.server.inspections import by_id_of, new_photo, ok, set_photo, submit, submitted
from tests.server.sync.ops import new_finding, op


def review(world, task_id):
    answer = world.supervisor.get(f"/tasks/{task_id}/review")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def codes(notices):
    return [notice["code"] for notice in notices]


def acts(world, action):
    with world.parts.database.read() as session:
        return session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()


def test_the_review_shows_the_whole_record_in_the_checklists_order(world):
    task_id = submitted(world)
    seen = review(world, task_id)
    assert (seen["task"]["status"], seen["task"]["round"]) == ("submitted", 1)
    assert seen["record"]["data"]["outcome"] == "term_correction"
    assert [each["item"]["code"] for each in seen["items"]] == ["1.1", "1.2", "1.3"]
    said = [each["answer"] and each["answer"]["data"]["value"] for each in seen["items"]]
    assert said == ["fail", "pass", None]
    [finding] = seen["findings"]
    assert finding["data"]["title"] == "灭火器失效"
    assert [officer["role"] for officer in seen["officers"]] == ["lead", "assistant"]
    assert (seen["blocking"], seen["conflicts"], seen["salvaged"]) == ([], [], [])


def test_photos_are_counted_as_declared_received_and_verified(world):
    task_id = submitted(world)
    ok(world.lead.push(*(new_photo(f"{task_id}-{n}", task_id) for n in range(4))))
    set_photo(world, f"{task_id}-1", state="received")
    set_photo(world, f"{task_id}-2", state="quarantined")
    set_photo(world, f"{task_id}-3", state="lost", lost_reason="终端损坏")
    seen = review(world, task_id)
    assert seen["photos"]["counts"] == {
        "declared": 5, "received": 2, "verified": 1, "quarantined": 1, "lost": 1, "deleted": 0,
    }  # fmt: skip
    assert seen["findings"][0]["photo_counts"]["verified"] == 1
    assert codes(seen["blocking"]) == [
        "photo_not_received", "photo_not_verified", "photo_quarantined",
    ]  # fmt: skip


def test_the_history_tells_who_wrote_what_on_which_device_in_order_of_effective_time(world):
    task_id = submitted(world)
    answer = f"{task_id}.1.2"
    rev = by_id_of(world, "answer", answer)["rev"]
    ok(world.assistant.push(op("answer", answer, {"value": "not_applicable"}, base_rev=rev)))
    seen = review(world, task_id)
    versions = [each for each in seen["history"] if each["id"] == answer]
    assert [each["patch"].get("value") for each in versions] == ["pass", "not_applicable"]
    assert versions[1]["before"] == {"value": "pass"}
    assert [each["user_name"] for each in versions] == ["lead", "assistant"]
    assert versions[1]["device_name"] == "d-assistant"
    times = [each["effective_at"] for each in seen["history"]]
    assert times == sorted(times)


def test_an_open_conflict_shows_its_candidates_and_blocks_until_it_is_resolved(world):
    task_id = submitted(world)
    answer = f"{task_id}.1.1"
    world.assistant.push(op("answer", answer, {"value": "pass"}))
    seen = review(world, task_id)
    [conflict] = seen["conflicts"]
    assert {each["value"] for each in conflict["data"]["candidates"]} == {"pass", "fail"}
    assert codes(seen["blocking"]) == ["conflict_open"]
    assert world.supervisor.post(f"/tasks/{task_id}/approve").status_code == 409
    settled = world.supervisor.post(
        f"/conflicts/{conflict['id']}/resolve",
        {"value": "pass"},
        headers={"If-Match": f'"{conflict["rev"]}"'},
    )
    assert settled.status_code == 200, settled.text
    assert review(world, task_id)["blocking"] == []
    assert review(world, task_id)["conflicts"] == []
    assert world.supervisor.post(f"/tasks/{task_id}/approve").status_code == 200


def test_the_review_tells_conflicts_in_full_also_settled_ones(world):
    task_id = submitted(world)
    world.assistant.push(op("answer", f"{task_id}.1.1", {"value": "pass"}))
    [conflict] = review(world, task_id)["conflicts"]
    assert conflict["label"]["subject"] == "1.1 灭火器配置"
    assert conflict["care"]["assigned_to"]["id"] == "o-lead"
    assert [each["by"]["name"] for each in conflict["candidates"]] == ["lead", "assistant"]
    choice = {"candidate": conflict["candidates"][0]["key"], "note": "见照片"}
    world.supervisor.post(
        f"/conflicts/{conflict['id']}/resolve", choice,
        headers={"If-Match": f'"{conflict["rev"]}"'},
    )  # fmt: skip
    [settled] = review(world, task_id)["settled_conflicts"]
    assert settled["history"][-1]["settling"] == choice


def test_a_complete_record_is_approved_and_told_to_its_holders(world):
    task_id = submitted(world)
    answer = world.supervisor.post(f"/tasks/{task_id}/approve")
    assert answer.status_code == 200, answer.text
    assert (answer.get_json()["status"], answer.get_json()["reviewed_by"]) == (
        "reviewed", world.supervisor.user_id,
    )  # fmt: skip
    assert by_id_of(world, "task", task_id)["data"]["status"] == "reviewed"
    [act] = acts(world, "task.approve")
    assert (act.user_id, act.target_id) == (world.supervisor.user_id, task_id)


def test_an_approved_check_belongs_to_the_objects_history(world):
    object_id = world.object()
    task_id = submitted(world, object_id=object_id)
    assert world.supervisor.post(f"/tasks/{task_id}/approve").status_code == 200
    [check] = by_id_of(world, "history", object_id)["data"]["checks"]
    assert (check["task_id"], check["hazards_count"]) == (task_id, 1)


def test_an_incomplete_record_is_not_approved_and_the_answer_lists_what_is_missing(world):
    task_id = world.task()
    ok(world.lead.push(op("task", task_id, {"status": "in_progress"})))
    submit(world, task_id)
    answer = world.supervisor.post(f"/tasks/{task_id}/approve")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "approval_blocked")
    assert codes(answer.get_json()["details"]["blocking"]) == ["answer_missing"]
    assert review(world, task_id)["task"]["status"] == "submitted"
    assert acts(world, "task.approve") == []


def test_a_task_that_was_not_submitted_is_not_approved(world):
    task_id = world.task()
    answer = world.supervisor.post(f"/tasks/{task_id}/approve")
    assert codes(answer.get_json()["details"]["blocking"]) == ["not_submitted", "answer_missing"]


def test_a_task_is_approved_once(world):
    task_id = submitted(world)
    assert world.supervisor.post(f"/tasks/{task_id}/approve").status_code == 200
    again = world.supervisor.post(f"/tasks/{task_id}/approve")
    assert (again.status_code, again.get_json()["code"]) == (409, "state_invalid")


def test_sending_back_opens_a_new_round_with_its_reason(world):
    task_id = submitted(world)
    answer = world.supervisor.post(f"/tasks/{task_id}/send-back", {"reason": "请补拍疏散通道"})
    assert answer.status_code == 200, answer.text
    assert (answer.get_json()["status"], answer.get_json()["round"]) == ("in_progress", 2)
    held = by_id_of(world, "task", task_id)["data"]
    assert (held["status"], held["round"], held["send_back_reason"]) == (
        "in_progress", 2, "请补拍疏散通道",
    )  # fmt: skip
    [act] = acts(world, "task.send_back")
    assert act.after == {"status": "in_progress", "round": 2, "reason": "请补拍疏散通道"}


def test_after_a_new_round_the_lead_submits_again_and_it_is_approved(world):
    task_id = submitted(world)
    world.supervisor.post(f"/tasks/{task_id}/send-back", {"reason": "请补充说明"})
    submit(world, task_id)
    answer = world.supervisor.post(f"/tasks/{task_id}/approve")
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["round"] == 2


def test_a_submission_that_had_not_seen_the_sending_back_does_not_undo_it(world):
    task_id = submitted(world)
    world.supervisor.post(f"/tasks/{task_id}/send-back", {"reason": "请补充说明"})
    world.lead.push(op("task", task_id, {"status": "submitted"}, base_rev=1))
    assert review(world, task_id)["task"]["status"] == "in_progress"


@pytest.mark.parametrize("reason", [None, "", "x" * 1001])
def test_sending_back_needs_a_reason_of_a_readable_length(world, reason):
    task_id = submitted(world)
    answer = world.supervisor.post(f"/tasks/{task_id}/send-back", {"reason": reason})
    assert answer.status_code == 422


def test_only_a_submitted_task_is_sent_back(world):
    task_id = world.task()
    answer = world.supervisor.post(f"/tasks/{task_id}/send-back", {"reason": "请补充说明"})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "state_invalid")


@pytest.mark.parametrize("step", ["review", "approve", "send-back", "publish"])
def test_another_brigades_task_is_not_shown_to_exist(world, step):
    task_id = submitted(world)
    method = "GET" if step == "review" else "POST"
    body = {"reason": "请补充说明"} if step in ("send-back", "publish") else None
    answer = world.other_supervisor.call(method, f"/tasks/{task_id}/{step}", json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("step", ["approve", "send-back", "publish"])
@pytest.mark.parametrize("person", ["lead", "auditor", "admin"])
def test_only_supervisors_decide(world, step, person):
    task_id = submitted(world)
    answer = getattr(world, person).post(f"/tasks/{task_id}/{step}", {"reason": "请补充说明"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")


def test_an_auditor_may_read_the_review_and_an_officer_may_not(world):
    task_id = submitted(world)
    assert world.auditor.get(f"/tasks/{task_id}/review").status_code == 200
    assert world.lead.get(f"/tasks/{task_id}/review").status_code == 403


@pytest.mark.parametrize("step", ["approve", "send-back", "publish"])
def test_nobody_reviews_a_task_on_which_they_are_an_officer(world, step):
    own = world.account("both", role="supervisor")
    lead = world.officer("chief")
    with world.parts.database.write() as session:
        from server.models import User

        session.get_one(User, lead.user_id).officer_id = None
        session.flush()
        session.get_one(User, own.user_id).officer_id = "o-chief"
    task_id = world.task(lead=lead)
    answer = own.post(f"/tasks/{task_id}/{step}", {"reason": "请补充说明"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "reviewer_on_task")


def test_late_work_is_shown_as_salvaged_with_its_text(world):
    task_id = submitted(world)
    world.supervisor.post(f"/tasks/{task_id}/approve")
    [late] = world.assistant.push(op("answer", f"{task_id}.1.3", {"value": "pass"}))
    assert late["status"] == "salvaged"
    seen = review(world, task_id)
    [salvaged] = seen["salvaged"]
    assert (salvaged["id"], salvaged["user_name"]) == (f"{task_id}.1.3", "assistant")
    assert '"value":"pass"' in salvaged["body"]
    assert "op_salvaged" in codes(seen["warnings"])


def test_refused_and_held_ops_are_shown_and_only_the_held_ones_block(world):
    task_id = submitted(world)
    world.assistant.push(
        op("answer", f"{task_id}.9.9", {"value": "pass"}),
        op("answer", f"{task_id}.1.3", {"value": "pass"}, depends_on=["not-yet"]),
    )
    seen = review(world, task_id)
    assert {each["status"] for each in seen["unmerged"]} == {"rejected", "deferred"}
    assert {"op_rejected", "op_held"} <= set(codes(seen["warnings"]))
    assert codes(seen["blocking"]) == ["device_op_held"]


def test_the_devices_of_the_task_are_named_with_their_last_contact(world):
    task_id = submitted(world)
    seen = review(world, task_id)
    devices = {device["id"]: device for device in seen["devices"]}
    assert set(devices) == {"d-lead", "d-assistant"}
    assert devices["d-lead"]["heard_since_submission"] is True
    assert devices["d-assistant"]["heard_since_submission"] is False
    [silent] = [notice for notice in seen["warnings"] if notice["code"] == "device_silent"]
    assert silent["id"] == "d-assistant"
    ok(world.assistant.push(new_finding("f-late", task_id, title="晚到的问题")))
    assert "device_silent" not in codes(review(world, task_id)["warnings"])


def test_a_deleted_finding_is_in_the_history_only(world):
    task_id = submitted(world)
    [finding] = review(world, task_id)["findings"]
    ok(world.lead.push(op("finding", finding["id"], action="delete", base_rev=finding["rev"])))
    seen = review(world, task_id)
    assert seen["findings"] == []
    assert [each["action"] for each in seen["history"] if each["id"] == finding["id"]] == [
        "create", "delete",
    ]  # fmt: skip

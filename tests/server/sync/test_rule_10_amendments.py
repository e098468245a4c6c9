"""Rule 10: after approval the record is immutable; a late edit becomes an amendment (补正)."""

import pytest

from tests.server.inspections import approved, published
from tests.server.late import accept, data_of, late_op_of, late_ops, refuse
from tests.server.sync.ops import new_finding, op


def late_edit(world, task_id, **patch):
    """The lead writes to the approved record's hazard; gives the result."""
    [result] = world.lead.push(op("finding", f"f-{task_id}", patch, base_rev=1))
    return result


def test_a_late_edit_changes_nothing_and_becomes_an_amendment_that_both_sides_see(world):
    task_id = approved(world)
    result = late_edit(world, task_id, severity="critical")
    assert (result["status"], result["error"]["code"]) == ("salvaged", "task_reviewed")
    assert data_of(world.lead, "finding", f"f-{task_id}")["severity"] == "serious"
    [amendment] = late_ops(world.supervisor, kind="amendment", state="open")
    assert amendment["id"] == late_op_of(result)
    assert amendment["body"]["patch"] == {"severity": "critical"}
    assert amendment["stands"] == {"severity": "serious"}
    assert (amendment["user_name"], amendment["device_name"]) == ("lead", "d-lead")
    assert amendment["error"]["code"] == "task_reviewed"
    [shown] = data_of(world.lead, "task", task_id)["salvaged"]
    assert (shown["late_op_id"], shown["state"]) == (amendment["id"], "open")


def test_an_accepted_amendment_is_a_new_version_and_the_original_stays_in_the_history(world):
    task_id = approved(world)
    amendment = late_op_of(late_edit(world, task_id, severity="critical"))
    answer = accept(world.supervisor, amendment, reason="现场照片可证")
    assert answer.status_code == 200, answer.text
    made = answer.get_json()
    assert (made["state"], made["decided_by_name"]) == ("accepted", "supervisor")
    assert data_of(world.lead, "finding", f"f-{task_id}")["severity"] == "critical"
    task = data_of(world.lead, "task", task_id)
    assert task["status"] == "reviewed"
    assert (task["salvaged"][0]["state"], task["salvaged"][0]["reason"]) == (
        "accepted", "现场照片可证",
    )  # fmt: skip
    review = world.supervisor.get(f"/tasks/{task_id}/review").get_json()
    [version] = [v for v in review["history"] if v["id"] == f"f-{task_id}" and v["rev"] > 1]
    assert version["before"] == {"severity": "serious"}
    assert (version["rev"], version["user_name"]) == (made["rev"], "supervisor")
    assert (version["device_name"], version["op_id"]) == ("d-lead", made["op_id"])


def test_a_published_record_gets_its_correction_with_the_reason(world):
    task_id, notice_id = published(world)
    amendment = late_op_of(late_edit(world, task_id, severity="critical"))
    assert accept(world.supervisor, amendment, reason="程度补正").status_code == 200
    public = world.app.test_client().get(f"/api/v1/public/results/{notice_id}").get_json()
    assert (public["version"], public["supersedes"], public["reason"]) == (2, 1, "程度补正")
    assert public["record"]["findings"][0]["severity"] == "critical"
    first = world.app.test_client().get(f"/api/v1/public/results/{notice_id}?version=1").get_json()
    assert first["record"]["findings"][0]["severity"] == "serious"


def test_an_amendment_that_the_public_does_not_see_makes_no_new_version_of_the_notice(world):
    task_id, notice_id = published(world)
    amendment = late_op_of(late_edit(world, task_id, tags=["内部"]))
    assert accept(world.supervisor, amendment, reason="补标签").status_code == 200
    public = world.app.test_client().get(f"/api/v1/public/results/{notice_id}").get_json()
    assert public["version"] == 1


def test_a_withdrawn_notice_is_not_brought_back_by_an_amendment(world):
    task_id, notice_id = published(world)
    withdrawn = world.supervisor.post(f"/publications/{notice_id}/withdraw", {"reason": "有误"})
    assert withdrawn.status_code == 200
    amendment = late_op_of(late_edit(world, task_id, severity="critical"))
    assert accept(world.supervisor, amendment, reason="补正").status_code == 200
    public = world.app.test_client().get(f"/api/v1/public/results/{notice_id}").get_json()
    assert (public["version"], public["status"]) == (1, "withdrawn")


def test_the_result_of_the_notice_follows_the_amended_record(world):
    task_id, notice_id = published(world)
    [result] = world.lead.push(
        op("finding", f"f-{task_id}", {"action": "temporary_seal"}, base_rev=1)
    )
    assert accept(world.supervisor, late_op_of(result), reason="已临时查封").status_code == 200
    public = world.app.test_client().get(f"/api/v1/public/results/{notice_id}").get_json()
    assert public["record"]["result"] == "pending"


def test_a_refused_amendment_stays_to_be_read_with_its_reason(world):
    task_id = approved(world)
    result = late_edit(world, task_id, severity="critical")
    assert refuse(world.supervisor, late_op_of(result), "缺少依据").status_code == 200
    assert data_of(world.lead, "finding", f"f-{task_id}")["severity"] == "serious"
    [amendment] = late_ops(world.lead)
    assert (amendment["state"], amendment["reason"]) == ("refused", "缺少依据")
    assert amendment["body"]["patch"] == {"severity": "critical"}
    asked = world.lead.get("/sync/receipts", query_string={"op_id": result["op_id"]}).get_json()
    details = asked["results"][0]["error"]["details"]
    assert (details["state"], details["reason"]) == ("refused", "缺少依据")


@pytest.mark.parametrize("decide", [accept, refuse])
def test_an_amendment_is_decided_once(world, decide):
    task_id = approved(world)
    amendment = late_op_of(late_edit(world, task_id, severity="critical"))
    assert accept(world.supervisor, amendment, reason="补正").status_code == 200
    again = decide(world.supervisor, amendment, reason="又一次")
    assert (again.status_code, again.get_json()["code"]) == (409, "state_invalid")


def test_accepting_needs_a_reason_and_a_supervisor_of_the_task(world):
    task_id = approved(world)
    amendment = late_op_of(late_edit(world, task_id, severity="critical"))
    assert accept(world.supervisor, amendment).get_json()["code"] == "amendment_reason_needed"
    assert accept(world.lead, amendment, reason="我自己改").status_code == 403
    assert refuse(world.lead, amendment).status_code == 403
    assert accept(world.auditor, amendment, reason="看看").status_code == 403
    assert accept(world.other_supervisor, amendment, reason="外地").status_code == 404
    assert late_ops(world.other_supervisor) == late_ops(world.outsider) == []


def test_an_amendment_is_mended_before_it_is_accepted(world):
    task_id = approved(world)
    amendment = late_op_of(late_edit(world, task_id, severity="critical"))
    wrong = accept(world.supervisor, amendment, reason="补正", patch={"severity": "huge"})
    assert (wrong.status_code, wrong.get_json()["details"]["code"]) == (422, "field_invalid")
    right = accept(world.supervisor, amendment, reason="补正", patch={"severity": "moderate"})
    assert right.status_code == 200, right.text
    assert right.get_json()["patch"] == {"severity": "moderate"}
    assert data_of(world.lead, "finding", f"f-{task_id}")["severity"] == "moderate"


def test_a_late_finding_with_its_photo_is_taken_parent_first(world):
    task_id = approved(world)
    photo = {
        "task_id": task_id, "of_type": "finding", "of_id": "f-late", "kind": "evidence",
        "sha256": "b" * 64, "size_bytes": 3,
    }  # fmt: skip
    found, shot = world.assistant.push(
        new_finding("f-late", task_id, title="迟到"), op("photo", "p-late", photo, action="create")
    )
    early = accept(world.supervisor, late_op_of(shot), reason="补正")
    assert (early.status_code, early.get_json()["details"]["code"]) == (422, "parent_missing")
    for late in (found, shot):
        assert accept(world.supervisor, late_op_of(late), reason="补正").status_code == 200
    assert data_of(world.lead, "finding", "f-late")["title"] == "迟到"
    assert data_of(world.lead, "photo", "p-late")["state"] == "declared"


def test_an_accepted_amendment_reaches_the_objects_history(world):
    object_id = world.object()
    task_id = approved(world, object_id=object_id)
    world.task(object_id=object_id)
    late = op("record", task_id, {"outcome": "case_filed"}, base_rev=1)
    [result] = world.lead.push(late)
    assert accept(world.supervisor, late_op_of(result), reason="已立案").status_code == 200
    [check] = data_of(world.lead, "history", object_id)["checks"]
    assert check["outcome"] == "case_filed"


def test_a_task_is_not_submitted_anew_by_an_amendment(world):
    task_id = approved(world)
    [result] = world.lead.push(op("task", task_id, {"status": "submitted"}))
    answer = accept(world.supervisor, late_op_of(result), reason="补正")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "state_invalid")
    assert refuse(world.supervisor, late_op_of(result)).status_code == 200


def test_every_decision_is_an_act_in_the_audit(world):
    task_id = approved(world)
    one, two = (late_op_of(late_edit(world, task_id, title=title)) for title in ("甲", "乙"))
    accept(world.supervisor, one, reason="补正")
    refuse(world.supervisor, two, "重复")
    acts = world.auditor.get("/audit", query_string={"target_type": "late_op"}).get_json()["items"]
    assert [(act["action"], act["after"]["reason"]) for act in acts] == [
        ("late_op.refused", "重复"), ("late_op.accepted", "补正"),
    ]  # fmt: skip

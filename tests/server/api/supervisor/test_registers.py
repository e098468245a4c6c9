"""The queue of objects whose banner waits for a person, over HTTP."""

import tempfile

import pytest
from sqlalchemy import select

from server.clock import now
from server.models import AuditEntry, InspectionObject
from server.services.registers.importing import import_objects, stage_file
from server.services.registers.jurisdiction import root_organisation
from tests.server.register_samples import MARKET_HEADER, as_csv, cells, credit_code, firm

ADDRESSES = {
    1: "呼和浩特市新城区中山东路1号",
    2: "呼和浩特市新城区中山东路2号",
    3: "呼和浩特市回民区新华街3号",
    4: "呼和浩特市如意开发区4号",
}


@pytest.fixture
def waiting(world):
    """Four imported firms; gives their ids by number."""
    content = as_csv(
        cells([firm(n, 注册地址=address) for n, address in ADDRESSES.items()], MARKET_HEADER)
    )
    with tempfile.TemporaryFile() as file, world.parts.database.write() as session:
        file.write(content)
        file.seek(0)
        staged = stage_file(file, default_division="150000")
        root = root_organisation(session)
        import_objects(session, actor=None, staged=staged, organisation=root, now=now())
        staged.stage.close()
        by_code = {one.credit_code: one.id for one in session.scalars(select(InspectionObject))}
    return {number: by_code[credit_code(number)] for number in ADDRESSES}


def queue(caller, query=""):
    answer = caller.get(f"/registers/divisions/queue{query}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def confirm(caller, **decisions):
    return caller.post(
        "/registers/divisions/confirm",
        {"items": [{"object_id": i, "division_code": code} for i, code in decisions.items()]},
    )


def refused(answer, status, code):
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    return body["details"]


def test_the_queue_shows_what_is_proposed_and_why(world, waiting):
    items = {item["id"]: item for item in queue(world.admin)["items"]}
    assert set(items) == set(waiting.values())
    first, last = items[waiting[1]], items[waiting[4]]
    assert (first["division_code"], first["proposed_division_code"]) == ("150100", "150102")
    assert first["proposal_reason"] == "地址写明“新城区”"
    assert (last["division_state"], last["proposed_division_code"]) == ("unknown", None)
    assert "开发区" in last["proposal_reason"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("?proposed_division_code=150102", {1, 2}),
        ("?division_state=unknown", {4}),
        ("?division_state=proposed", {1, 2, 3}),
        ("?division_code=150100", {1, 2, 3, 4}),
        ("?division_code=150200", set()),
    ],
)
def test_the_queue_is_filtered(world, waiting, query, numbers):
    ids = {item["id"] for item in queue(world.admin, query)["items"]}
    assert ids == {waiting[number] for number in numbers}


def test_the_queue_is_paged(world, waiting):
    first = queue(world.admin, "?limit=3")
    second = queue(world.admin, f"?limit=3&after={first['next']}")
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted(waiting.values())
    assert second["next"] is None


def test_a_brigade_sees_nothing_that_its_detachment_still_holds(world, waiting):
    assert queue(world.supervisor)["items"] == []
    details = refused(confirm(world.supervisor, **{waiting[1]: "150102"}), 404, "not_found")
    assert details["object_ids"] == [waiting[1]]


def test_many_are_settled_at_once_by_proposal_or_otherwise(world, waiting):
    decisions = {waiting[1]: "150102", waiting[3]: "150103", waiting[4]: "150105"}
    answer = confirm(world.admin, **decisions)
    assert answer.status_code == 200, answer.text
    holders = {item["object_id"]: item["organisation_id"] for item in answer.get_json()["items"]}
    assert holders == {waiting[1]: "brig-a", waiting[3]: "brig-b", waiting[4]: "det"}
    assert [item["id"] for item in queue(world.admin)["items"]] == [waiting[2]]
    settled = world.supervisor.get(f"/objects/{waiting[1]}").get_json()
    assert (settled["division_code"], settled["division_state"]) == ("150102", "settled")
    assert settled["proposal_reason"] is None
    assert settled["edited_fields"] == ["division_code"]


def test_each_decision_is_audited_with_what_was_proposed(world, waiting):
    confirm(world.admin, **{waiting[1]: "150103"})
    with world.parts.database.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "division_confirmed")
        ).one()
    assert (entry.user_id, entry.target_id) == ("u-admin", waiting[1])
    assert entry.before["proposed_division_code"] == "150102"
    assert entry.before["division_code"] == "150100"
    assert (entry.after["division_code"], entry.after["organisation_id"]) == ("150103", "brig-b")


def test_a_settled_object_may_be_settled_otherwise_later(world, waiting):
    confirm(world.admin, **{waiting[1]: "150103"})
    assert confirm(world.admin, **{waiting[1]: "150102"}).status_code == 200
    found = world.admin.get(f"/objects/{waiting[1]}").get_json()
    assert found["organisation_id"] == "brig-a"


@pytest.mark.parametrize(
    ("code", "error"),
    [("150199", "division_unknown"), ("150100", "division_unsettled")],
)
def test_one_bad_decision_settles_none_and_is_named(world, waiting, code, error):
    answer = confirm(world.admin, **{waiting[1]: "150102", waiting[2]: code})
    assert refused(answer, 422, error)["object_ids"] == [waiting[2]]
    assert len(queue(world.admin)["items"]) == 4


def test_nobody_settles_into_another_part_of_the_tree(world, waiting):
    head = world.account("det-head", role="supervisor", organisation="det")
    answer = confirm(head, **{waiting[1]: "150102", waiting[2]: "150203"})
    assert refused(answer, 422, "division_out_of_scope")["object_ids"] == [waiting[2]]
    assert confirm(head, **{waiting[1]: "150102"}).status_code == 200


def test_a_development_zone_may_be_chosen_by_a_person(world, waiting):
    answer = confirm(world.admin, **{waiting[4]: "150172"})
    assert answer.get_json()["items"][0]["organisation_id"] == "det"


def test_an_unknown_object_is_named(world, waiting):
    answer = confirm(world.admin, **{waiting[1]: "150102", "no-such": "150102"})
    assert refused(answer, 404, "not_found")["object_ids"] == ["no-such"]


def test_one_object_is_decided_once(world, waiting):
    twice = [{"object_id": waiting[1], "division_code": code} for code in ("150102", "150103")]
    answer = world.admin.post("/registers/divisions/confirm", {"items": twice})
    assert refused(answer, 422, "invalid_request")["repeated_object_ids"] == [waiting[1]]


@pytest.mark.parametrize(("count", "status"), [(0, 422), (500, 404), (501, 422)])
def test_decisions_come_in_limited_numbers(world, count, status):
    items = [{"object_id": f"x{n}", "division_code": "150102"} for n in range(count)]
    answer = world.admin.post("/registers/divisions/confirm", {"items": items})
    assert answer.status_code == status


def test_only_supervisors_settle(world, waiting):
    for caller in (world.lead, world.auditor):
        refused(confirm(caller, **{waiting[1]: "150102"}), 403, "forbidden")
    refused(world.lead.get("/registers/divisions/queue"), 403, "forbidden")
    assert queue(world.auditor)["items"]


def test_the_divisions_are_listed_for_choosing(world):
    items = world.supervisor.get("/registers/divisions").get_json()["items"]
    assert len(items) == 121
    assert items[0] == {
        "code": "150000", "name": "内蒙古自治区", "level": "region", "parent_code": "",
    }  # fmt: skip

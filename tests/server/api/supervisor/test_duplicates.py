"""Objects that may be one: found by a search, decided by a person over HTTP, undone exactly."""

import pytest

from server.clock import china_date, now
from server.models import InspectionObject
from server.services.registers import duplicates
from server.services.registers.duplicates import find_duplicates


def search(world):
    return find_duplicates(world.parts.database, now=now(), progress=lambda *_: None)


def pairs(by, query=""):
    return by.get(f"/registers/duplicates{query}").get_json()["items"]


def act(by, pair, what, **asked):
    return by.post(f"/registers/duplicates/{pair}/{what}", {"note": "电话核实", **asked})


def refused(answer, status, code):
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text


def rows(world):
    names = InspectionObject.__table__.columns.keys()
    with world.parts.database.read() as session:
        found = session.query(InspectionObject).order_by(InspectionObject.id).all()
        return [{name: getattr(one, name) for name in names} for one in found]


@pytest.fixture
def twins(world):
    """Two rows of one shop and a third that is another; gives both ids and the pair's."""
    first = world.object(name="某某小吃店", address="新城区中山东路1号")
    second = world.object(name="内蒙古某某小吃店", address="呼和浩特市新城区中山东路1号")
    world.object(name="某某小吃店", address="新城区中山东路2号")
    assert search(world).new == 1
    (pair,) = pairs(world.supervisor)
    return first, second, pair["id"]


def test_a_search_proposes_with_score_and_reasons_and_repeats_nothing(world, twins):
    first, second, _ = twins
    (pair,) = pairs(world.supervisor)
    assert {pair["first"]["id"], pair["second"]["id"]} == {first, second}
    assert pair["score"] >= 95
    assert pair["reasons"] == ["same_name", "same_address"]
    again = search(world)
    assert (again.found, again.new) == (1, 0)


def test_merged_objects_keep_all_and_one_stands_for_both(world, twins):
    first, second, pair = twins
    answer = act(world.supervisor, pair, "merge", keep_id=first)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["merged_id"] == second
    gone = world.supervisor.get(f"/objects/{second}").get_json()
    assert (gone["state"], gone["merged_into"], gone["active"]) == ("merged", first, False)
    past = world.supervisor.get(f"/objects/{first}/past").get_json()
    assert set(past["family"]) == {first, second}
    assert {act["object_id"] for act in past["acts"]} == {first, second}
    assert pairs(world.supervisor) == []


def complaint(world, site):
    return {
        "origin": "other", "source_document": "通知1号", "object_id": site,
        "checklist_id": "list-1", "planned_on": china_date(now()).isoformat(),
    }  # fmt: skip


def test_the_interval_counts_the_checks_of_both(world, twins):
    first, second, pair = twins
    world.task(object_id=second)
    assert world.supervisor.post("/tasks", complaint(world, first)).status_code == 201
    act(world.supervisor, pair, "merge", keep_id=first)
    refused(world.supervisor.post("/tasks", complaint(world, first)), 409, "cap_reached")


def test_undoing_restores_exactly(world, twins):
    first, _, pair = twins
    before = rows(world)
    act(world.supervisor, pair, "merge", keep_id=first)
    assert rows(world) != before
    assert act(world.supervisor, pair, "undo").status_code == 200
    assert rows(world) == before
    assert [one["state"] for one in pairs(world.supervisor)] == ["open"]


def test_who_is_different_stays_different(world, twins):
    _, _, pair = twins
    assert act(world.supervisor, pair, "different").status_code == 200
    assert search(world).new == 0
    assert pairs(world.supervisor) == []
    assert len(pairs(world.supervisor, "?state=different")) == 1
    refused(act(world.supervisor, pair, "different"), 409, "pair_decided")


def test_a_chain_of_merges_counts_as_one_family(world, twins):
    first, second, pair = twins
    act(world.supervisor, pair, "merge", keep_id=second)
    third = world.object(name="某某小吃店", address="新城区中山东路1号")
    search(world)
    (other,) = pairs(world.supervisor)
    act(world.supervisor, other["id"], "merge", keep_id=third)
    past = world.supervisor.get(f"/objects/{first}/past").get_json()
    assert set(past["family"]) == {first, second, third}


def test_a_decision_that_cannot_be_is_refused(world, twins):
    _, _, pair = twins
    refused(act(world.supervisor, pair, "merge", keep_id="obj-3"), 422, "invalid_request")
    refused(act(world.supervisor, pair, "undo"), 409, "not_merged")
    refused(act(world.supervisor, "no-such", "different"), 404, "not_found")
    refused(act(world.other_supervisor, pair, "different"), 404, "not_found")
    refused(act(world.lead, pair, "different"), 403, "forbidden")
    refused(act(world.auditor, pair, "different"), 403, "forbidden")
    assert pairs(world.other_supervisor) == []


def test_a_pair_across_two_brigades_is_for_those_above(world):
    first = world.object(name="某某小吃店")
    world.object(name="某某小吃店", organisation="brig-b")
    search(world)
    assert pairs(world.supervisor) == []
    (pair,) = pairs(world.admin)
    assert act(world.admin, pair["id"], "merge", keep_id=first).status_code == 200


def test_a_block_too_large_is_walked_and_what_is_left_out_is_counted(world, monkeypatch):
    monkeypatch.setattr(duplicates, "MAX_BLOCK", 3)
    monkeypatch.setattr(duplicates, "NEIGHBOURS", 2)
    for number in range(5):
        world.object(name=f"某某小吃店{number}", address="")
    found = search(world)
    assert (found.large_blocks, found.compared, found.cut) == (1, 7, 3)
    assert found.compared + found.cut == 5 * 4 // 2

"""What happens after the draw goes on in the drawn order, and the tasks follow."""

import pytest

from tests.server.plans import stratum


@pytest.fixture
def drawn(world, stage):
    for _ in range(8):
        world.object()
    return stage.drawn(stratum(quotas=[3], reserve=1))


def tasks(world, status="assigned"):
    listed = world.supervisor.get(f"/tasks?status={status}").get_json()["items"]
    return {
        each["object"]["id"]: {
            (post["officer_id"], post["role"])
            for post in each["assignments"]
            if post["ended_at"] is None
        }
        for each in listed
    }


def teams(draw):
    found = {}
    for each in draw["assignments"]:
        found.setdefault(each["object"], set()).add((each["officer"], each["role"]))
    return found


def test_tasks_are_as_drawn(world, drawn):
    assert tasks(world) == teams(drawn)


def test_the_next_substitute_takes_an_objects_place(world, stage, drawn):
    old, new = drawn["objects"][0]["id"], drawn["reserve"][0]["id"]
    told = stage.event(drawn, "object_replaced", object=old)
    assert told["after"][0]["replacement"] == new
    assert old not in tasks(world)
    assert tasks(world)[new] == {
        (each["officer"], each["role"]) for each in told["after"][0]["assignments"]
    }
    assert old in tasks(world, "cancelled")
    assert stage.report(drawn).faults == []
    again = stage.event(drawn, "object_replaced", object=new, status=422)
    assert again["details"]["faults"][0]["code"] == "no_substitute"


def test_a_recused_officer_is_replaced_and_the_other_stays_n34(world, stage, drawn):
    first = drawn["assignments"][0]
    told = stage.event(drawn, "officer_recused", object=first["object"], officer=first["officer"])
    [new] = told["after"][0]["assignments"]
    assert new["officer"] != first["officer"]
    team = tasks(world)[first["object"]]
    assert (new["officer"], first["role"]) in team
    assert len(team) == 2
    assert stage.report(drawn).faults == []


def test_an_officer_who_falls_ill_leaves_the_objects_that_are_listed(world, stage, drawn):
    officer = drawn["assignments"][0]["officer"]
    theirs = [each["object"] for each in drawn["assignments"] if each["officer"] == officer]
    stage.event(drawn, "officer_unavailable", officer=officer, objects=theirs)
    assert all(officer not in {post[0] for post in team} for team in tasks(world).values())
    assert stage.report(drawn).faults == []


def test_an_event_that_is_not_allowed_changes_nothing(world, stage, drawn):
    before, site = tasks(world), drawn["objects"][0]["id"]
    for kind, about, code in (
        ("object_replaced", {"object": "nobody"}, "object_not_standing"),
        (
            "officer_recused",
            {"object": site, "officer": "o-x"},
            "officer_unknown",
        ),
        (
            "object_replaced",
            {"object": site, "officer": "o-lead"},
            "unknown_key",
        ),
    ):
        told = stage.event(drawn, kind, status=422, **about)
        assert told["details"]["faults"][0]["code"] == code
    assert tasks(world) == before
    shown = world.supervisor.get(f"/draws/{drawn['id']}").get_json()
    assert (shown["events"], shown["after"]) == ([], [])


def test_each_event_stands_in_the_ledger_with_its_ground(world, stage, drawn, http):
    first = drawn["assignments"][0]
    told = stage.event(drawn, "officer_recused", object=first["object"], officer=first["officer"])
    position = told["entries"]["draw_event/1"]
    entry = http.get(f"/ledger/entry/{position}").get_json()
    assert entry["name"] == f"{drawn['slot']}/1"
    assert http.get(f"/ledger/body/{entry['digest']}").get_json()["event"]["reason"] == "依法回避"


def cancel(world, object_id):
    listed = world.supervisor.get("/tasks?status=assigned").get_json()["items"]
    [task] = [each for each in listed if each["object"]["id"] == object_id]
    answer = world.supervisor.post(f"/tasks/{task['id']}/cancel", {"reason": "已停业"})
    assert answer.status_code == 200, answer.text


def test_a_task_that_was_cancelled_by_hand_stays_so(world, stage, drawn):
    first = drawn["assignments"][0]
    cancel(world, first["object"])
    stage.event(drawn, "officer_recused", object=first["object"], officer=first["officer"])
    assert first["object"] not in tasks(world)
    stage.event(drawn, "object_replaced", object=first["object"])
    assert drawn["reserve"][0]["id"] in tasks(world)
    assert stage.report(drawn).faults == []

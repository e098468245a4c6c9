"""Who may set terms, hold, release, ask for deletion and approve it: tried from outside."""

from datetime import timedelta
from typing import Any

import pytest

from server.clock import china_date, now
from server.services.retention.due import tally_due
from tests.server.evidence.facts import kinds_of_custody
from tests.server.retention.closed import (
    approved_act,
    carry_out,
    closed,
    due,
    hold,
    is_stored,
    items,
    long_ago,
    put_term,
    release,
    request,
    seal,
    set_terms,
    states,
)
from tests.server.tus.speaker import photo
from tests.world import Caller, World


@pytest.fixture
def task_id(world: World) -> str:
    """Past its term."""
    task_id = closed(world, photo())
    long_ago(world, task_id)
    set_terms(world)
    return task_id


def statuses(world: World, method: str, path: str, body: Any = None) -> dict[str, int]:
    everyone = ("lead", "assistant", "outsider", "supervisor", "other_supervisor", "auditor")
    return {
        name: getattr(world, name).call(method, path, json=body).status_code for name in everyone
    }


def test_only_an_administrator_sets_terms_and_only_in_their_own_tree(world: World):
    body = {"years": 30, "reason": "保管期限表"}
    found = statuses(world, "PUT", "/retention/terms/corps/with_findings", body)
    assert set(found.values()) == {403}
    below = world.account("det-admin", role="admin", organisation="det")
    put_term(below, "corps", "with_findings", 30, 404)
    put_term(world.admin, "nowhere", "with_findings", 30, 404)
    put_term(world.admin, "corps", "thumbnails", 30, 404)


@pytest.mark.parametrize("years", [0, 101, 1.5, "10", -1])
def test_a_term_is_a_number_of_years(world: World, years: Any):
    assert put_term(world.admin, "corps", "with_findings", years, 422)["code"] == "invalid_request"


def test_a_term_is_never_shorter_than_the_floor_or_than_what_stands_above(world: World):
    below = world.account("det-admin", role="admin", organisation="det")
    assert put_term(world.admin, "corps", "with_findings", 9, 422)["code"] == "term_too_short"
    answer = put_term(below, "det", "with_findings", 100, 422)  # above it: for ever
    assert (answer["code"], answer["details"]) == ("term_too_short", {"base_years": None})
    put_term(world.admin, "corps", "with_findings", 10)
    assert put_term(below, "det", "with_findings", 9, 422)["details"] == {"base_years": 10}
    assert put_term(below, "det", "with_findings", 30)["years"] == 30
    assert put_term(below, "brig-a", "with_findings", 29, 422)["details"] == {"base_years": 30}
    assert put_term(world.admin, "corps", "with_findings", 40)["years"] == 40
    listed = world.auditor.get("/retention/terms").get_json()["items"]
    assert {
        (each["organisation_id"], each["years"], each["set"] and each["set"]["years"])
        for each in listed
        if each["kind"] == "with_findings"
    } == {("det", 40, 30), ("brig-a", 40, None), ("brig-b", 40, None)}
    assert put_term(below, "det", "with_findings", None)["years"] is None


def test_one_asks_and_another_approves(world: World, task_id: str):
    act_id = request(world.supervisor)["id"]
    path = f"/retention/acts/{act_id}/approve"
    assert statuses(world, "POST", path, {}) == {
        "lead": 403, "assistant": 403, "outsider": 403, "supervisor": 403,
        "other_supervisor": 404, "auditor": 403,
    }  # fmt: skip
    assert world.supervisor.post(path, {}).get_json()["code"] == "approver_is_requester"
    carry_out(world)
    assert states(world, task_id) == {f"p0-{task_id}": "verified"}
    assert world.admin.post(path, {}).status_code == 200
    assert world.admin.post(path, {}).get_json()["code"] == "state_invalid"


def test_only_those_in_charge_ask_and_only_for_their_own_tree(world: World, task_id: str):
    assert request(world.other_supervisor, 409)["code"] == "nothing_due"
    for name in ("lead", "auditor"):
        assert request(getattr(world, name), 403)["code"] == "forbidden"
        assert name == "auditor" or getattr(world, name).get("/retention/due").status_code == 403
    act_id = request(world.supervisor)["id"]
    for path in (f"/retention/acts/{act_id}", f"/retention/acts/{act_id}/items"):
        assert statuses(world, "GET", path) == {
            "lead": 403, "assistant": 403, "outsider": 403, "supervisor": 200,
            "other_supervisor": 404, "auditor": 200,
        }  # fmt: skip
    assert world.other_supervisor.get("/retention/acts").get_json()["items"] == []
    assert request(world.admin, 409)["details"]["kept"][0]["kept_because"] == "in_another_act"


def test_a_refused_act_keeps_everything_and_another_may_follow(world: World, task_id: str):
    act_id = request(world.supervisor)["id"]
    answer = world.supervisor.post(f"/retention/acts/{act_id}/refuse", {"reason": "撤回"})
    assert answer.get_json()["state"] == "refused"
    carry_out(world)
    assert items(world, act_id) == {f"p0-{task_id}": ("kept", "act_refused")}
    approved_act(world)
    carry_out(world)
    assert states(world, task_id) == {f"p0-{task_id}": "deleted"}


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x", "kinds": []},
                                  {"reason": "x", "kinds": ["all"]}])  # fmt: skip
def test_an_act_needs_a_reason_and_kinds_that_there_are(world: World, body: dict):
    assert world.supervisor.post("/retention/acts", body).status_code == 422


def targets(world: World, task_id: str) -> dict[str, str]:
    task = world.supervisor.get(f"/tasks/{task_id}").get_json()
    return {"task": task_id, "object": task["object"]["id"], "photo": f"p0-{task_id}"}


@pytest.mark.parametrize("target_type", ["task", "object", "photo"])
def test_a_hold_wins_over_an_act_that_was_approved_before_it(
    world: World, task_id: str, target_type: str
):
    act_id = approved_act(world)
    placed = hold(world.supervisor, target_type, targets(world, task_id)[target_type])
    assert placed["deleted_before"] == 0
    carry_out(world)
    assert items(world, act_id) == {f"p0-{task_id}": ("kept", "held")}
    assert due(world.supervisor) == {("with_findings", "held"): 1}
    release(world.supervisor, placed["id"])
    assert release(world.supervisor, placed["id"], 409)["code"] == "state_invalid"
    approved_act(world)
    carry_out(world)
    assert not is_stored(world, photo())
    assert kinds_of_custody(world, f"p0-{task_id}")[-3:] == ["hold", "release", "deleted"]
    again = hold(world.supervisor, target_type, targets(world, task_id)[target_type])
    assert again["deleted_before"] == 1


def test_a_hold_ends_with_its_last_day(world: World, task_id: str):
    today = china_date(now())
    past = hold(world.supervisor, "task", task_id, 422, until_on=str(today - timedelta(days=1)))
    assert past["code"] == "date_out_of_range"
    hold(world.supervisor, "task", task_id, until_on=str(today))
    assert due(world.supervisor) == {("with_findings", "held"): 1}
    seal(world)
    with world.parts.database.read() as session:
        (tomorrow,) = tally_due(session, path="/corps/", now=now() + timedelta(days=1))
    assert tomorrow.kept_because is None


def test_those_in_charge_hold_what_is_theirs(world: World, task_id: str):
    for target_type, target_id in targets(world, task_id).items():
        for name, status in (
            ("lead", 403), ("auditor", 403), ("other_supervisor", 404), ("supervisor", 201),
        ):  # fmt: skip
            hold(getattr(world, name), target_type, target_id, status)
    hold(world.supervisor, "task", "unknown", 404)
    hold(world.supervisor, "finding", "f", 422)
    assert len(world.supervisor.get("/holds").get_json()["items"]) == 3
    assert world.other_supervisor.get("/holds").get_json()["items"] == []


def test_what_a_body_above_holds_only_it_lets_go(world: World, task_id: str):
    placed = hold(world.admin, "task", task_id)
    assert release(world.supervisor, placed["id"], 403)["code"] == "forbidden"
    assert release(world.other_supervisor, placed["id"], 404)["code"] == "not_found"
    assert release(world.admin, placed["id"])["release_reason"] == "复议终结"
    standing = world.supervisor.get("/holds", query_string={"standing": "true"})
    assert standing.get_json()["items"] == []


def test_pages_of_holds_and_acts_go_on(world: World, task_id: str):
    for _ in range(3):
        hold(world.supervisor, "task", task_id)
    assert len(walk(world.supervisor, "/holds")) == 3


def walk(caller: Caller, path: str) -> list[str]:
    found, after = [], {}
    while True:
        page = caller.get(path, query_string={"limit": 1, **after}).get_json()
        found += [each["id"] for each in page["items"]]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}

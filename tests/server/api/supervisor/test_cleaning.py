"""The "1+3" cleaning of the register over HTTP (N13, N15): parts, proposals, sign-off, coverage."""

import pytest

from server.clock import china_date, now


@pytest.fixture
def team(world):
    """The lead of brig-a's cleaning, and the other three, who have helpers' accounts."""
    people = {"lead": world.lead}
    for part in ("clerk", "market", "police"):
        people[part] = world.account(part, role="helper")
    for part, caller in people.items():
        named = name(world.supervisor, caller.user_id, part)
        assert named.status_code == 201, named.text
    return people


def name(by, user_id, part, organisation_id="brig-a"):
    asked = {"organisation_id": organisation_id, "user_id": user_id, "part": part}
    return by.post("/registers/cleaning/members", asked)


def propose(by, object_id, note="实地查看", **changes):
    asked = {"object_id": object_id, "changes": changes, "note": note}
    return by.post("/registers/cleaning/proposals", asked)


def sign(by, *ids, accept=True, note="同意"):
    items = [{"proposal_id": one, "accept": accept} for one in ids]
    return by.post("/registers/cleaning/sign-off", {"items": items, "note": note})


def made(answer):
    assert answer.status_code == 201, answer.text
    return answer.get_json()["id"]


def refused(answer, status, code):
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    return body["details"]


def object_of(world, object_id):
    return world.admin.get(f"/objects/{object_id}").get_json()


def test_each_of_the_four_proposes_and_the_lead_signs_off_at_once(world, team):
    sites = {part: world.object() for part in team}
    ids = [made(propose(team[part], sites[part], kind="general", small_kind=None)) for part in team]
    answer = sign(team["lead"], *ids)
    assert answer.status_code == 200, answer.text
    assert {item["part"] for item in answer.get_json()["items"]} == set(team)
    for site in sites.values():
        found = object_of(world, site)
        assert (found["kind"], found["verified_at"] is not None) == ("general", True)
        assert "kind" in found["edited_fields"]


@pytest.mark.parametrize("state", ["closed", "not_found", "moved"])
def test_what_no_longer_stands_is_never_checked_and_says_why(world, team, state):
    site = world.object()
    refused(propose(team["police"], site, note=" ", state=state), 422, "note_needed")
    sign(team["lead"], made(propose(team["police"], site, note="现场已搬空", state=state)))
    found = object_of(world, site)
    assert (found["state"], found["active"], found["state_reason"]) == (state, False, "现场已搬空")
    task = {
        "origin": "complaint", "source_document": "登记单1号", "object_id": site,
        "checklist_id": "list-1", "planned_on": china_date(now()).isoformat(),
    }  # fmt: skip
    refused(world.supervisor.post("/tasks", task), 404, "not_found")


def test_a_proposal_without_changes_verifies_the_object_as_it_stands(world, team):
    site = world.object()
    before = object_of(world, site)
    sign(team["lead"], made(propose(team["clerk"], site)))
    after = object_of(world, site)
    assert after.pop("verified_at") is not None
    before.pop("verified_at")
    assert after == before


def test_a_refused_proposal_changes_nothing_and_leaves_the_object_unverified(world, team):
    site = world.object()
    before = object_of(world, site)
    answer = sign(team["lead"], made(propose(team["market"], site, kind="key")), accept=False)
    assert answer.get_json()["items"][0]["state"] == "refused"
    assert object_of(world, site) == before


def test_only_the_lead_signs_off_and_one_bad_item_stops_all(world, team):
    first, second = world.object(), world.object()
    ids = [
        made(propose(team["clerk"], site, kind="key", small_kind=None)) for site in (first, second)
    ]
    assert refused(sign(team["clerk"], *ids), 403, "lead_signs_off")["proposal_ids"]
    refused(sign(world.supervisor, *ids), 404, "not_found")
    assert refused(sign(team["lead"], *ids, "no-such"), 404, "not_found") == {
        "proposal_ids": ["no-such"]
    }
    assert object_of(world, first)["kind"] == "small"
    assert sign(team["lead"], *ids).status_code == 200
    refused(sign(team["lead"], ids[0]), 409, "proposal_decided")


def test_a_second_proposal_of_the_same_person_takes_the_place_of_the_first(world, team):
    site = world.object()
    first = made(propose(team["clerk"], site, kind="key", small_kind=None))
    second = made(propose(team["clerk"], site, kind="general", small_kind=None))
    items = team["lead"].get("/registers/cleaning/proposals").get_json()["items"]
    assert [item["id"] for item in items] == [second]
    refused(sign(team["lead"], first), 409, "proposal_decided")


def test_what_was_signed_off_is_undone_by_a_new_decision(world, team):
    site = world.object()
    before = object_of(world, site)
    done = made(propose(team["police"], site, note="无人", state="not_found"))
    sign(team["lead"], done)
    path = f"/registers/cleaning/proposals/{done}/undo"
    refused(team["police"].post(path, {"note": "找到了"}), 403, "lead_signs_off")
    reverse = team["lead"].post(path, {"note": "找到了"})
    assert reverse.status_code == 200, reverse.text
    after = object_of(world, site)
    for field in ("state", "state_reason", "active", "verified_at"):
        assert after[field] == before[field]
    history = world.admin.get(f"/objects/{site}/past").get_json()["acts"]
    assert [act["action"] for act in history].count("object_changed") == 2
    refused(team["lead"].post(path, {"note": "再撤"}), 409, "state_invalid")


def test_nothing_is_undone_over_a_later_change(world, team):
    site = world.object()
    done = made(propose(team["clerk"], site, kind="key", small_kind=None))
    sign(team["lead"], done)
    world.supervisor.call("PATCH", f"/objects/{site}", json={"kind": "other"})
    answer = team["lead"].post(f"/registers/cleaning/proposals/{done}/undo", {"note": "x"})
    refused(answer, 409, "changed_since")


def test_a_helper_sees_the_cleaning_of_their_organisation_and_nothing_else(world, team):
    mine, others = world.object(), world.object(organisation="brig-b")
    listed = team["police"].get("/registers/cleaning/objects").get_json()["items"]
    assert [item["id"] for item in listed] == [mine]
    refused(propose(team["police"], others), 404, "not_found")
    for path in (
        "/objects", f"/objects/{mine}", "/tasks", "/officers", "/audit", "/conflicts",
        "/sync/changes", "/sync/digest", "/registers/coverage", "/registers/duplicates",
        "/registers/export/objects.csv", "/registers/divisions", "/officers/interests",
    ):  # fmt: skip
        assert team["police"].get(path).status_code == 403, path
    refused(team["police"].post("/sync/push", {"schema_version": 1, "ops": []}), 403, "forbidden")
    assert team["police"].call("POST", "/auth/logout").status_code == 204


def test_a_helper_without_a_part_sees_no_object(world):
    stranger = world.account("stranger", role="helper")
    world.object()
    assert stranger.get("/registers/cleaning/objects").get_json()["items"] == []


def test_a_part_that_has_ended_opens_nothing_more(world, team):
    site = world.object()
    members = world.supervisor.get("/registers/cleaning/members?organisation_id=brig-a")
    ids = {item["part"]: item["id"] for item in members.get_json()["items"]}
    path = f"/registers/cleaning/members/{ids['market']}"
    assert world.supervisor.call("DELETE", path).status_code == 204
    refused(propose(team["market"], site), 404, "not_found")
    assert name(world.supervisor, team["market"].user_id, "market").status_code == 201


def test_one_lead_each_and_only_an_inspector_leads(world, team):
    helper = world.account("helper-2", role="helper")
    refused(name(world.supervisor, helper.user_id, "lead"), 422, "lead_must_be_officer")
    refused(name(world.supervisor, "u-assistant", "lead"), 409, "lead_taken")
    refused(name(world.supervisor, "u-police", "clerk"), 409, "conflict")
    refused(name(world.supervisor, "u-outsider", "clerk"), 404, "not_found")
    refused(name(world.supervisor, "u-assistant", "clerk", "brig-b"), 404, "not_found")
    refused(name(team["lead"], "u-assistant", "clerk"), 403, "forbidden")


def test_a_proposal_that_cannot_be_is_refused(world, team):
    site = world.object()
    refused(propose(team["clerk"], site, division_code="159999"), 422, "division_unknown")
    refused(propose(team["clerk"], site, division_code="150100"), 422, "division_unsettled")
    refused(propose(team["clerk"], site, state="merged"), 422, "invalid_request")
    far = made(propose(team["clerk"], site, division_code="150103"))
    refused(sign(team["lead"], far), 422, "division_out_of_scope")
    assert object_of(world, site)["organisation_id"] == "brig-a"


def test_coverage_counts_by_organisation_and_kind(world, team):
    verified = world.object(small_kind="shop")
    world.object(small_kind="shop", division_state="proposed")
    world.object(organisation="brig-b", kind="key")
    sign(team["lead"], made(propose(team["clerk"], verified)))
    made(propose(team["clerk"], verified, kind="key", small_kind=None))
    rows = world.admin.get("/registers/coverage").get_json()["items"]
    told = {(row["organisation_id"], row["kind"], row["small_kind"]): row for row in rows}
    shops = told["brig-a", "small", "shop"]
    assert (shops["objects"], shops["verified_share"], shops["unsettled_share"]) == (2, 0.5, 0.5)
    assert (shops["without_credit_code"], shops["proposals_waiting"]) == (2, 1)
    assert told["brig-b", "key", None]["objects"] == 1
    mine = world.supervisor.get("/registers/coverage").get_json()["items"]
    assert {row["organisation_id"] for row in mine} == {"brig-a"}
    refused(world.supervisor.get("/registers/coverage?organisation_id=brig-b"), 404, "not_found")

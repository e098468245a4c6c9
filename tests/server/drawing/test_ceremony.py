"""The ceremony over HTTP, step by step: who may, in what order, what is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from server.clock import china_date, now
from server.models import Draw, Organisation, Plan
from tests.server.plans import content, decide, file, stratum

FOUR = stratum(quotas=[4], reserve=2)


@pytest.fixture
def shops(world):
    return [world.object() for _ in range(12)]


def test_a_whole_ceremony_is_replayed_by_the_verifier(world, stage, shops):
    frozen = stage.freeze(stage.plan(FOUR))
    assert frozen["pool_counts"] == {"small": {"all": 12, "eligible": 12}}
    witnesses = [stage.witness(frozen, kind) for kind in ("media", "deputy")]
    for each in witnesses:
        each.commit()
    committed = stage.commit(frozen)
    assert witnesses[0].call("GET")["commitment"] == committed["commitment"]
    for each in witnesses:
        each.reveal()
    drawn = stage.roll(frozen)
    assert (len(drawn["objects"]), len(drawn["reserve"])) == (4, 2)
    assert len(drawn["assignments"]) == 8
    report = stage.report(frozen)
    assert report.faults == []
    assert report.commitment == committed["commitment"]
    assert witnesses[1].call("GET")["dice"] == drawn["dice"]
    assert witnesses[1].call("PUT", "/signature")["signed_at"]
    shown = world.supervisor.get(f"/draws/{frozen['id']}").get_json()
    people = {each["code"]: each for each in shown["witnesses"]}
    assert people["w1"]["signed_at"] is None
    assert people["w2"]["signed_at"]


def test_officers_get_their_tasks_at_the_next_sync(world, stage, shops):
    drawn = stage.drawn(FOUR)
    assert "draw_result" in drawn["entries"]
    teams = {(each["object"], each["officer"]) for each in drawn["assignments"]}
    seen = set()
    for caller in [world.lead, world.assistant]:
        for change in caller.pull()["changes"]:
            if change["type"] == "task":
                assert change["data"]["origin"] == "drawn"
                assert change["data"]["source_document"] == drawn["slot"]
                seen.add((change["data"]["object_id"], caller.officer_id))
    of_both = {world.lead.officer_id, world.assistant.officer_id}
    assert seen == {(site, officer) for site, officer in teams if officer in of_both}


def test_every_step_has_its_place(world, stage, shops):
    plan = stage.plan(FOUR)
    frozen = stage.freeze(plan)
    assert stage.roll(frozen, status=409)["code"] == "draw_state"
    assert stage.freeze(plan, status=409)["code"] == "draw_exists"
    stage.commit(frozen)
    assert stage.commit(frozen, status=409)["code"] == "draw_state"
    late = {"kind": "media", "name": "某", "body": "某"}
    assert stage.post(f"/draws/{frozen['id']}/witnesses", late, status=409)["code"] == "draw_state"
    stage.roll(frozen)
    assert stage.roll(frozen, status=409)["code"] == "draw_state"
    assert stage.abandon(frozen, status=409)["code"] == "draw_state"
    assert stage.freeze(plan, status=409)["code"] == "draw_exists"


def test_an_abandoned_attempt_stays_and_the_next_counts_up(world, stage, shops):
    plan = stage.plan(FOUR)
    first = stage.commit(stage.freeze(plan))
    abandoned = stage.abandon(first)
    assert abandoned["state"] == "abandoned"
    assert {"draw_commitment", "draw_abandoned"} == set(abandoned["entries"])
    second = stage.freeze(plan)
    assert (first["slot"][-2:], second["slot"][-2:]) == ("#1", "#2")
    listed = world.supervisor.get("/draws").get_json()["items"]
    assert {each["slot"] for each in listed} == {first["slot"], second["slot"]}


@pytest.mark.parametrize("dice", ["1" * 19, "1" * 19 + "x", "", "１" * 20])
def test_dice_that_are_none_change_nothing(world, stage, shops, dice):
    committed = stage.commit(stage.freeze(stage.plan(FOUR)))
    assert stage.roll(committed, dice, status=422)["code"] == "draw_refused"
    assert world.supervisor.get(f"/draws/{committed['id']}").get_json()["state"] == "committed"


def test_a_share_that_does_not_open_is_refused_and_the_deadline_waits_for_nobody(
    world, stage, shops
):
    frozen = stage.freeze(stage.plan(FOUR))
    witness, silent = stage.witness(frozen), stage.witness(frozen)
    witness.commit(), silent.commit()
    stage.commit(frozen)
    assert witness.reveal(b"\0" * 32, status=422)["code"] == "draw_refused"
    witness.reveal()
    told = stage.roll(frozen, status=409)
    assert (told["code"], told["details"]["witnesses"]) == ("shares_waited_for", ["w2"])
    with world.parts.database.write() as session:
        session.execute(update(Draw).values(reveal_until=now() - timedelta(seconds=1)))
    assert silent.reveal(status=409)["code"] == "draw_state"
    stage.roll(frozen)
    report = stage.report(frozen)
    assert report.faults == []


def test_a_witness_hands_in_before_the_commitment_and_once_more_if_they_like(world, stage, shops):
    frozen = stage.freeze(stage.plan(FOUR))
    witness = stage.witness(frozen)
    witness.commit()
    witness.share = b"\1" * 32
    witness.commit()
    stage.commit(frozen)
    assert witness.commit(status=409)["code"] == "draw_state"
    witness.reveal()
    stage.roll(frozen)


@pytest.mark.parametrize("token", ["", "x", "x" * 300])
def test_without_their_token_nobody_is_a_witness(world, stage, shops, http, token):
    stage.witness(stage.freeze(stage.plan(FOUR)))
    answer = http.get("/api/v1/draw-watch", headers={"X-Witness-Token": token})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "witness_token_wrong")


def test_what_changes_in_the_register_after_the_freeze_changes_nothing(world, stage, shops):
    frozen = stage.freeze(stage.plan(FOUR))
    world.object()
    assert world.supervisor.call(
        "PATCH", f"/objects/{shops[0]}", json={"tags": ["人员密集"]}
    ).status_code in (200, 428)
    drawn = stage.roll(stage.commit(frozen))
    assert drawn["pool_root"] == frozen["pool_root"]
    assert stage.report(frozen).faults == []


def test_who_is_who(world, stage, shops):
    plan = stage.plan(FOUR)
    for caller in (world.lead, world.auditor):
        assert stage.freeze(plan, by=caller, status=403)["code"] == "forbidden"
    assert stage.freeze(plan, by=world.other_supervisor, status=404)["code"] == "not_found"
    frozen = stage.freeze(plan)
    assert world.other_supervisor.get(f"/draws/{frozen['id']}").status_code == 404
    assert world.auditor.get(f"/draws/{frozen['id']}").status_code == 200


def test_without_a_key_of_the_ledger_nothing_is_committed_to(world, stage, shops):
    frozen = stage.freeze(stage.plan(FOUR))
    keyless = replace(world.parts, settings=replace(world.parts.settings, ledger_key=""))
    world.app.extensions["suijian"] = keyless
    assert stage.commit(frozen, status=503)["code"] == "ledger_key_missing"
    world.app.extensions["suijian"] = world.parts
    assert world.supervisor.get(f"/draws/{frozen['id']}").get_json()["state"] == "frozen"


def test_a_campaign_has_one_slot_on_whatever_day_it_is_drawn(world, stage, shops):
    today = china_date(now())
    began = today - timedelta(days=40)
    body = {
        "kind": "campaign", "code": "fire-month", "from_day": today.isoformat(),
        "to_day": (today + timedelta(days=20)).isoformat(), "content": content(FOUR),
    }  # fmt: skip
    plan = decide(stage.second, file(world.supervisor, body))
    with world.parts.database.write() as session:  # as if 40 days had gone by
        session.execute(update(Plan).values(from_day=began))
    assert stage.freeze(plan)["slot"] == f"{began:%Y-%m}/150102/fire-month#1"


def test_bodies_that_share_a_code_do_not_share_a_draw(world, stage, shops):
    stage.freeze(stage.plan(FOUR))
    with world.parts.database.write() as session:
        session.execute(update(Organisation).values(division_code="150102"))
    for _ in range(4):
        world.object(organisation="brig-b")
    for number in range(3):
        world.officer(f"there-{number}", organisation="brig-b")
    there = world.account("there", role="supervisor", organisation="brig-b")
    plan = stage.plan(FOUR, by=there, approver=world.other_supervisor)
    assert stage.freeze(plan, by=there)["slot"][-2:] == "#2"


@pytest.mark.parametrize("step", ["commit", "roll"])
def test_what_was_changed_by_hand_in_the_database_stops_the_ceremony(world, stage, shops, step):
    plan = stage.plan(FOUR)
    draw = stage.freeze(plan)
    if step == "roll":
        stage.commit(draw)
    with world.parts.database.write() as session:
        drawing = session.get_one(Draw, draw["id"])
        if step == "commit":
            drawing.pool_root = "0" * 64
        else:
            drawing.officers = [{**each, "balls": each["balls"] + 1} for each in drawing.officers]
    told = getattr(stage, step)(draw, status=422)
    assert told["details"]["faults"][0]["code"] == "commitment_differs"

"""What everyone sees of a draw, and what a seal withholds."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import update

from server.clock import china_date, now
from server.models import Draw
from server.services.planning.plan_rules import period_of
from tests.server.plans import next_month, stratum

JSON = "/api/v1/public/draws"
THREE = stratum(quotas=[3], reserve=1)


@pytest.fixture
def shops(world):
    return [world.object() for _ in range(8)]


def seen(http, draw):
    return http.get(f"{JSON}/{draw['id']}").get_json()


def test_a_commitment_is_public_at_once_and_a_frozen_pool_is_not(http, stage, shops):
    frozen = stage.freeze(stage.plan(THREE))
    assert http.get(f"{JSON}/{frozen['id']}").status_code == 404
    assert http.get(JSON).get_json()["items"] == []
    committed = stage.commit(frozen)
    told = seen(http, frozen)
    assert (told["commitment"], told["dice"], told["checks"]) == (committed["commitment"], None, [])
    assert told["strata"][0] | {"label": ""} == {
        "code": "small", "label": "", "quota": 3, "reserve": 1, "forced": False, "all": 8,
        "eligible": 8,
    }  # fmt: skip


def test_a_stranger_downloads_the_bundle_and_replays_it(http, stage, shops, tmp_path):
    drawn = stage.drawn(THREE)
    first = drawn["assignments"][0]
    stage.event(drawn, "officer_recused", object=first["object"], officer=first["officer"])
    for name, step in (("d.json", "bundle"), ("d.pool.ndjson", "pool")):
        (tmp_path / name).write_bytes(http.get(f"{JSON}/{drawn['id']}/{step}").data)
    verifying = [sys.executable, "-m", "draw", "verify", str(tmp_path / "d.json"), "--json"]
    done = subprocess.run(verifying, capture_output=True, check=False, env={})
    assert done.returncode == 0, done.stdout
    lines = (tmp_path / "d.pool.ndjson").read_text().splitlines()
    changed = json.loads(lines[0]) | {"weight": 99}
    (tmp_path / "d.pool.ndjson").write_text("\n".join([json.dumps(changed), *lines[1:]]) + "\n")
    assert subprocess.run(verifying, capture_output=True, check=False, env={}).returncode == 1


def test_names_are_public_ahead_of_the_checks_n24(http, world, stage, shops):
    drawn = stage.drawn(THREE)
    checks = seen(http, drawn)["checks"]
    assert {each["object_id"] for each in checks} == {each["id"] for each in drawn["objects"]}
    assert all(each["name"].endswith("小吃店") for each in checks)
    assert all(len(each["officers"]) == 2 for each in checks)
    page = http.get(f"/public/draws/{drawn['id']}").text
    assert checks[0]["name"] in page
    assert drawn["seed"] in page


def test_witnesses_stand_by_kind_and_never_by_name(http, stage, shops):
    frozen = stage.freeze(stage.plan(THREE))
    stage.witness(frozen, "deputy")
    stage.commit(frozen)
    for path in (f"{JSON}/{frozen['id']}", f"/public/draws/{frozen['id']}"):
        text = http.get(path).text
        assert "见证人某某" not in text
        assert "某日报社" not in text
    assert "人大代表" in http.get(f"/public/draws/{frozen['id']}").text


def test_an_abandoned_attempt_stays_with_its_reason(http, stage, shops):
    abandoned = stage.abandon(stage.commit(stage.freeze(stage.plan(THREE))))
    assert seen(http, abandoned)["abandon_reason"] == "设备故障"
    assert "已放弃" in http.get("/public/draws").text
    assert http.get(f"{JSON}/{abandoned['id']}/bundle").status_code == 404


def test_under_a_seal_no_witness_has_all_that_makes_the_seed(world, stage, shops):
    until = china_date(now()) + timedelta(days=40)
    day = period_of("monthly", year=next_month()[0], month=next_month()[1])[1]
    plan = stage.plan(THREE, sealed_until=min(until, day).isoformat())
    frozen = stage.freeze(plan, by=world.account("sealer", role="admin"))
    mine, other = stage.witness(frozen), stage.witness(frozen)
    mine.commit(), other.commit()
    stage.commit(frozen)
    mine.reveal(), other.reveal()
    stage.roll(frozen)
    for shown in (mine.call("GET"), mine.call("PUT", "/signature")):
        assert all(each["open"] for each in shown["shares"])
        assert [each["reveal"] for each in shown["shares"]] == [mine.share.hex(), None]
    with world.parts.database.write() as session:
        session.execute(update(Draw).values(sealed_until=china_date(now())))
    assert mine.call("GET")["shares"][1]["reveal"] == other.share.hex()


@pytest.fixture
def sealed(world, stage, shops):
    """A drawn draw under a seal that ends on the sixth day of its month."""
    until = period_of("monthly", year=next_month()[0], month=next_month()[1])[0] + timedelta(days=5)
    plan = stage.plan(THREE, sealed_until=until.isoformat())
    admin = world.account("sealer", role="admin")
    assert stage.freeze(plan, status=403)["code"] == "seal_not_yours"
    return stage.roll(stage.commit(stage.freeze(plan, by=admin)))


def test_a_seal_withholds_names_and_seed_but_not_the_counts(http, world, stage, sealed):
    told = seen(http, sealed)
    assert (told["sealed"], told["dice"], told["seed"], told["checks"]) == (True, None, None, [])
    assert told["strata"][0]["quota"] == 3
    for step in ("bundle", "pool"):
        assert http.get(f"{JSON}/{sealed['id']}/{step}").status_code == 404
    page = http.get(f"/public/draws/{sealed['id']}").text
    assert "封存至" in page
    assert sealed["seed"] not in page
    entry = http.get(f"/ledger/entry/{sealed['entries']['draw_result']}").get_json()
    body = http.get(f"/ledger/body/{entry['digest']}").text
    assert sealed["seed"] not in body
    assert sealed["dice"] not in body
    assert sealed["objects"][0]["id"] not in body


def test_devices_get_sealed_tasks_when_the_seal_ends(http, world, stage, sealed):
    world.parts.jobs.run_now("open_draws")
    assert not [each for each in world.lead.pull()["changes"] if each["type"] == "task"]
    with world.parts.database.write() as session:
        session.execute(update(Draw).values(sealed_until=china_date(now())))
    world.parts.jobs.run_now("open_draws")
    world.parts.jobs.run_now("open_draws")
    listed = world.supervisor.get("/tasks?status=assigned").get_json()["items"]
    assert {each["object"]["id"] for each in listed} == {each["id"] for each in sealed["objects"]}
    assert len(listed) == 3
    assert seen(http, sealed)["checks"]
    assert stage.report(sealed).faults == []


def test_nothing_happens_under_a_seal_that_the_ledger_would_tell(stage, sealed):
    told = stage.event(sealed, "object_replaced", object=sealed["objects"][0]["id"], status=409)
    assert told["code"] == "draw_state"


def test_no_check_may_start_under_the_seal(stage, sealed):
    assert sealed["from_day"] == sealed["sealed_until"]


def test_every_attempt_is_found_page_by_page_however_old(http, stage, shops):
    plan = stage.plan(THREE)
    slots = [stage.abandon(stage.commit(stage.freeze(plan)))["slot"] for _ in range(5)]
    page, told = http.get(JSON, query_string={"limit": 2}).get_json(), []
    while True:
        told += [each["slot"] for each in page["items"]]
        if page["next"] is None:
            break
        query = {"limit": 2, "after": page["next"]}
        page = http.get(JSON, query_string=query).get_json()
    assert told == slots[::-1]
    shown = http.get("/public/draws", query_string={"limit": 2}).text
    assert shown.count("/public/draws/") == 2
    assert 'rel="next"' in shown


def test_a_mark_that_is_no_public_draw_is_not_found(http, stage, shops):
    frozen = stage.freeze(stage.plan(THREE))
    for after in (frozen["id"], "nothing"):
        assert http.get(JSON, query_string={"after": after}).status_code == 404

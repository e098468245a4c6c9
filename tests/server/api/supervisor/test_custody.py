"""The ledger of a photo as a supervisor reads it, from outside."""

import pytest

from server.clock import china_date, now
from tests.server.services.custody.evidence import (
    YESTERDAY,
    anchor,
    anchored_day,
    look_at,
    make_small,
    verified_photo,
)
from tests.server.tus.speaker import digest
from tests.world import World


@pytest.fixture
def photo_id(world: World) -> str:
    return verified_photo(world, world.task())


def ledger(world: World, photo_id: str, **query: int) -> dict:
    answer = world.supervisor.get(f"/photos/{photo_id}/custody", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_it_says_who_did_what_when_on_which_device(world: World, photo_id: str):
    make_small(world)
    look_at(world, photo_id)
    anchor(world, YESTERDAY)
    items = ledger(world, photo_id)["items"]
    assert [item["kind"] for item in items] == [
        "captured", "declared", "received", "verified", "derived", "derived", "viewed",
    ]  # fmt: skip
    assert [item["position"] for item in items] == [1, 2, 3, 4, 5, 6, 7]
    assert {item["anchored_on"] for item in items} == {anchored_day(YESTERDAY).isoformat()}
    assert (items[0]["user_name"], items[0]["device_name"]) == ("lead", "d-lead")
    assert items[0]["details"]["taken_at"] == "2026-11-23T08:00:00.000Z"
    derived = {item["details"]["derivative"]: item for item in items[4:6]}
    for kind, item in derived.items():
        small = world.lead.get(f"/photos/{photo_id}/{kind}").data
        assert (item["user_id"], item["details"]["derivative_sha256"]) == (None, digest(small))
    assert sorted(derived) == ["screen", "thumbnail"]
    assert anchored_day(YESTERDAY) < china_date(now())


def test_what_is_not_sealed_yet_stands_at_the_end(world: World, photo_id: str):
    world.parts.jobs.run_now("seal_custody")
    look_at(world, photo_id)
    last = ledger(world, photo_id)["items"][-1]
    assert (last["kind"], last["position"], last["digest"], last["sealed_at"]) == (
        "viewed", None, None, None,
    )  # fmt: skip


def test_it_is_read_page_by_page(world: World, photo_id: str):
    world.parts.jobs.run_now("seal_custody")
    look_at(world, photo_id)
    first = ledger(world, photo_id, limit=3)
    assert ([item["position"] for item in first["items"]], first["next"]) == ([1, 2, 3], 3)
    second = ledger(world, photo_id, limit=3, after=first["next"])
    assert ([item["position"] for item in second["items"]], second["next"]) == ([4, None], None)


@pytest.mark.parametrize(
    ("who", "status"), [("lead", 403), ("other_supervisor", 404), ("auditor", 200), ("admin", 200)]
)
def test_only_those_in_charge_read_it(world: World, photo_id: str, who: str, status: int):
    assert getattr(world, who).get(f"/photos/{photo_id}/custody").status_code == status


@pytest.mark.parametrize("query", [{"limit": 201}, {"limit": 0}, {"after": -1}, {"x": 1}])
def test_a_wrong_page_is_refused(world: World, photo_id: str, query: dict):
    answer = world.supervisor.get(f"/photos/{photo_id}/custody", query_string=query)
    assert answer.status_code == 422

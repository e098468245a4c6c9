"""A photo that can never come is declared lost, with a reason that stays."""

import pytest
from sqlalchemy import select

from server.models import AuditEntry
from tests.server.evidence.facts import kinds_of_custody
from tests.server.tus.speaker import declare, new_photo_id, photo, state_of, upload
from tests.world import World

REASON = {"reason": "手机在现场被水浸泡，无法恢复"}


def test_a_supervisor_declares_it_lost_and_everyone_sees_why(world: World):
    photo_id = new_photo_id()
    declare(world.lead, world.task(), photo_id, photo())
    answer = world.supervisor.post(f"/photos/{photo_id}/lost", REASON)
    assert answer.status_code == 200
    assert (answer.get_json()["state"], answer.get_json()["lost_reason"]) == (
        "lost", REASON["reason"],
    )  # fmt: skip
    shown = state_of(world.assistant, photo_id)
    assert (shown["state"], shown["lost_reason"]) == ("lost", REASON["reason"])
    assert kinds_of_custody(world, photo_id) == ["declared", "lost"]
    with world.parts.database.read() as session:
        act = session.scalars(select(AuditEntry).where(AuditEntry.action == "photo.lost")).one()
    assert act.user_id == world.supervisor.user_id
    assert (act.before, act.after["lost_reason"]) == ({"state": "declared"}, REASON["reason"])


def test_a_photo_that_turns_up_after_all_is_evidence_and_the_reason_stays(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    world.supervisor.post(f"/photos/{photo_id}/lost", REASON)
    assert upload(world.lead, data, photo_id).status_code == 204
    shown = state_of(world.lead, photo_id)
    assert (shown["state"], shown["lost_reason"]) == ("verified", REASON["reason"])


def test_what_is_verified_or_lost_already_cannot_be_lost(world: World):
    data, photo_id, task_id = photo(), new_photo_id(), world.task()
    declare(world.lead, task_id, photo_id, data)
    upload(world.lead, data, photo_id)
    answer = world.supervisor.post(f"/photos/{photo_id}/lost", REASON)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "state_invalid")
    other = new_photo_id()
    declare(world.lead, task_id, other, photo(2))
    assert world.supervisor.post(f"/photos/{other}/lost", REASON).status_code == 200
    assert world.supervisor.post(f"/photos/{other}/lost", REASON).status_code == 409


@pytest.mark.parametrize(
    ("who", "status"),
    [("lead", 403), ("auditor", 403), ("other_supervisor", 404), ("admin", 200)],
)
def test_only_those_in_charge_may(world: World, who: str, status: int):
    photo_id = new_photo_id()
    declare(world.lead, world.task(), photo_id, photo())
    assert getattr(world, who).post(f"/photos/{photo_id}/lost", REASON).status_code == status


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 1001}, {"why": "x"}])
def test_a_reason_is_needed(world: World, body: dict):
    photo_id = new_photo_id()
    declare(world.lead, world.task(), photo_id, photo())
    assert world.supervisor.post(f"/photos/{photo_id}/lost", body).status_code == 422
    assert state_of(world.lead, photo_id)["state"] == "declared"


def test_an_unknown_photo_is_not_found(world: World):
    assert world.supervisor.post("/photos/unknown/lost", REASON).status_code == 404

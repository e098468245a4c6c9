"""`photos/check`: what is there already need not be sent, and nobody learns what others have."""

import pytest

from tests.server.tus.speaker import (
    declare,
    digest,
    new_photo_id,
    photo,
    state_of,
    upload,
)
from tests.world import Caller, World


def check(caller: Caller, *datas: bytes) -> dict[str, list[str]]:
    answer = caller.post("/photos/check", {"sha256": [digest(data) for data in datas]})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_it_tells_what_is_there_from_what_is_needed(world: World):
    there, missing = photo(1), photo(2)
    upload(world.lead, there)
    assert check(world.lead, missing, there, missing) == {
        "have": [digest(there)],
        "need": [digest(missing)],
    }
    assert check(world.lead) == {"have": [], "need": []}


def test_a_digest_that_is_only_known_elsewhere_is_needed(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    upload(world.lead, data, photo_id)
    assert check(world.outsider, data)["need"] == [digest(data)]
    assert check(world.assistant, data)["have"] == [digest(data)]  # holds the task


def test_one_who_left_the_task_no_longer_has_its_photos_but_their_own(world: World):
    task_id, own, others = world.task(), photo(1), photo(2)
    for caller, data in ((world.assistant, own), (world.lead, others)):
        photo_id = new_photo_id()
        declare(caller, task_id, photo_id, data)
        upload(caller, data, photo_id)
    answer = world.supervisor.call(
        "PUT",
        f"/tasks/{task_id}/assignments",
        json={
            "assignments": [
                {"officer_id": world.lead.officer_id, "role": "lead"},
                {"officer_id": world.officer("third").officer_id, "role": "assistant"},
            ],
            "reason": "出差",
        },
    )
    assert answer.status_code == 200, answer.text
    assert check(world.assistant, own, others) == {"have": [digest(own)], "need": [digest(others)]}


def test_what_is_there_need_not_be_sent_again_for_another_photo(world: World):
    data, task_id = photo(), world.task()
    upload(world.lead, data)
    again = new_photo_id()
    assert check(world.lead, data)["have"] == [digest(data)]
    declare(world.lead, task_id, again, data)
    assert state_of(world.lead, again)["state"] == "verified"
    assert world.lead.get(f"/photos/{again}/original").data == data


def test_one_declared_before_the_check_is_verified_by_it(world: World):
    data, task_id = photo(), world.task()
    waiting, sent = new_photo_id(), new_photo_id()
    declare(world.assistant, task_id, waiting, data)
    declare(world.lead, task_id, sent, data)
    upload(world.lead, data, sent)
    assert state_of(world.assistant, waiting)["state"] == "declared"
    assert check(world.assistant, data)["have"] == [digest(data)]
    assert state_of(world.assistant, waiting)["state"] == "verified"


def test_naming_a_digest_seen_elsewhere_verifies_nothing(world: World):
    data, task_id = photo(), world.task()
    upload(world.outsider, data)
    photo_id = new_photo_id()
    declare(world.lead, task_id, photo_id, data)
    check(world.lead, data)
    assert state_of(world.lead, photo_id)["state"] == "declared"
    assert world.lead.get(f"/photos/{photo_id}/original").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sha256": "x"},
        {"sha256": ["abc"]},
        {"sha256": ["A" * 64]},
        {"sha256": ["a" * 64 + "\n"]},
        {"sha256": ["a" * 64] * 1001},
        {"sha256": [], "more": 1},
    ],
)
def test_what_is_no_list_of_digests_is_refused(world: World, body: dict):
    answer = world.lead.post("/photos/check", body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")


def test_a_thousand_digests_are_checked_at_once(world: World):
    answer = world.lead.post("/photos/check", {"sha256": [digest(b"%d" % n) for n in range(1000)]})
    assert len(answer.get_json()["need"]) == 1000

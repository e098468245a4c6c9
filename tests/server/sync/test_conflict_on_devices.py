"""The reference device meets a conflict: two inspectors offline, a supervisor online."""

import pytest

from client import Device, Moved, Patience
from tests.server.sync.disputes import settle, told
from tests.server.sync.ops import op
from tests.simulator.network import Network
from tests.world import PASSWORD


@pytest.fixture
def carry(world):
    """A reference device in somebody's hand, synced."""
    carried = []

    def make(username):
        device = Device(
            ":memory:", server="http://server", transport=Network(world.app.test_client()),
            patience=Patience(attempts=1),
        )  # fmt: skip
        carried.append(device)
        device.login(username, PASSWORD)
        device.sync()
        return device

    yield make
    for device in carried:
        device.close()


@pytest.fixture
def disputed(world, carry):
    """Both answered 1.1 offline, then met: the two devices, the task, the conflict's id."""
    task = world.task()
    lead, assistant = carry("lead"), carry("assistant")
    lead.answer(task, "1.1", "pass")
    assistant.answer(task, "1.1", "fail")
    lead.sync()
    assistant.sync()
    lead.sync()
    [conflict] = lead.conflicts()
    return lead, assistant, task, conflict.id


def value_on(device, task):
    return device.get("answer", f"{task}.1.1").data["value"]


def test_the_lead_settles_offline_and_both_devices_agree(disputed):
    lead, assistant, task, conflict_id = disputed
    keys = {each["value"]: each["key"] for each in lead.conflicts()[0].data["candidates"]}
    lead.settle(conflict_id, candidate=keys["pass"], note="见照片")
    assert lead.sync().clean
    assistant.sync()
    for device in (lead, assistant):
        assert (device.conflicts(), value_on(device, task)) == ([], "pass")
    whole = lead.conflict_in_full(conflict_id)
    assert whole["history"][-1]["settling"]["note"] == "见照片"


def test_the_device_of_a_latecomer_is_shown_the_conflict_again(world, disputed):
    lead, _, task, conflict_id = disputed
    lead.settle(conflict_id, value="pass")
    assert settle(world.supervisor, conflict_id, {"value": "fail"}).status_code == 200
    report = lead.sync()
    assert report.receipts["conflict"] == 1
    assert report.conflict_ids == [conflict_id]
    [again] = lead.conflicts()
    assert {each["value"] for each in again.data["candidates"]} == {"pass", "fail"}
    assert not lead.pending()
    lead.settle(conflict_id, value="fail")
    lead.sync()
    assert (lead.conflicts(), value_on(lead, task)) == ([], "fail")


def test_the_assistants_settlement_is_refused_and_kept_until_the_care_is_theirs(world, disputed):
    _, assistant, task, conflict_id = disputed
    assistant.settle(conflict_id, value="fail")
    assistant.sync()
    [refused] = assistant.pending().refused
    assert refused.reason["code"] == "lead_only"
    world.supervisor.post(f"/conflicts/{conflict_id}/assign", {"officer_id": "o-assistant"})
    assistant.mend(refused.op_id)
    assistant.sync()
    assert (assistant.conflicts(), value_on(assistant, task)) == ([], "fail")


def test_resolving_what_has_moved_is_refused_until_it_was_looked_at(world, disputed):
    lead, _, task, conflict_id = disputed
    world.assistant.push(op("answer", f"{task}.1.1", {"value": "not_applicable"}))
    with pytest.raises(Moved):
        lead.resolve(conflict_id, value="pass")
    lead.sync()
    lead.resolve(conflict_id, value="pass")
    lead.sync()
    assert (lead.conflicts(), value_on(lead, task)) == ([], "pass")
    assert told(world.supervisor, conflict_id)["data"]["state"] == "resolved"

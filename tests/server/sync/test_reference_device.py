"""The reference device against a real server, through the rules about what comes late."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from client import ApiError, Device, Patience
from server.config import Settings
from tests.server.inspections import ok
from tests.server.late import accept, late_ops
from tests.server.sync.ops import op
from tests.server.tus.speaker import declare, photo
from tests.server_process import serving
from tests.world import PASSWORD, World


@pytest.fixture
def device(settings: Settings, world: World, tmp_path: Path) -> Iterator[Device]:
    """The assistant's phone, signed in at a real server."""
    with serving(settings, folder=tmp_path) as server:
        patience = Patience(attempts=2)
        with Device(tmp_path / "phone.sqlite3", server=server.url, patience=patience) as device:
            device.login("assistant", PASSWORD)
            yield device


def test_a_device_is_waited_for_amends_what_was_approved_and_drains(world: World, device: Device):
    task_id = world.task()
    device.sync()
    device.answer(task_id, "1.1", "pass")
    device.answer(task_id, "1.2", "pass")
    ok(world.lead.push(op("task", task_id, {"status": "submitted"})))

    blocked = world.supervisor.post(f"/tasks/{task_id}/approve").get_json()
    codes = {gap["code"] for gap in blocked["details"]["blocking"]}
    assert codes == {"answer_missing", "device_silent"}
    assert device.sync().clean
    assert world.supervisor.post(f"/tasks/{task_id}/approve").status_code == 200

    device.answer(task_id, "1.3", "fail")
    assert device.sync().receipts == {"salvaged": 1}
    [amendment] = late_ops(world.supervisor, kind="amendment")
    assert accept(world.supervisor, amendment["id"], reason="补正").status_code == 200
    device.sync()
    assert device.get("answer", f"{task_id}.1.3").data["value"] == "fail"
    [kept] = device.pending().refused
    assert kept.reason is not None
    assert kept.reason["details"]["state"] == "accepted"

    other = world.task()
    device.sync()
    device.answer(other, "1.1", "pass")
    device_id = device.account.device_id
    assert world.supervisor.post(f"/devices/{device_id}/revoke?drain=true").status_code == 204
    report = device.sync()
    assert (report.draining, report.receipts) == (True, {"applied": 1})
    with pytest.raises(ApiError) as stopped:
        device.sync()
    assert stopped.value.code == "device_revoked"


def test_a_device_tells_what_is_missing_and_asks_to_call_it_lost(
    world: World, device: Device, tmp_path: Path
):
    task_id, picture = world.task(), tmp_path / "own.jpg"
    picture.write_bytes(photo())
    declare(world.lead, task_id, "theirs", photo(2))
    device.sync()
    own = device.attach_photo(picture, of=("record", task_id))
    assert {each.photo_id: each.where for each in device.missing_photos(task_id)} == {
        own: "在本机，等待上传", "theirs": "不在本机：在lead的终端 d-lead 上",
    }  # fmt: skip
    device.call_lost("theirs", "主办的手机烧毁")
    assert device.sync().clean
    [left] = device.missing_photos(task_id)
    assert (left.photo_id, left.lost) == ("theirs", "open")
    answer = world.supervisor.post("/photos/theirs/lost/approve", {})
    assert answer.get_json()["lost_request"]["asked_by"] == "u-assistant"
    device.sync()
    assert device.missing_photos(task_id) == []
    assert device.get("photo", "theirs").data["lost_reason"] == "主办的手机烧毁"

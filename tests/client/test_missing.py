"""What has not reached the server is shown with where it is, and can be asked to be called lost."""

from collections.abc import Callable
from pathlib import Path

from client import Device
from client.cli import main
from client.missing import MissingPhoto
from tests.client.standin import Partner


def told(device: Device) -> dict[str, MissingPhoto]:
    return {each.photo_id: each for each in device.missing_photos("t1")}


def test_one_that_waits_here_says_so_until_the_server_has_it(
    device: Device, partner: Partner, jpeg: Path
) -> None:
    photo_id = device.attach_photo(jpeg, of=("record", "t1"))
    here = told(device)[photo_id]
    assert (here.of_type, here.of_id, here.filename) == ("record", "t1", "stairs.jpg")
    assert (here.where, here.lost) == ("在本机，等待上传", None)
    partner.fail("POST", "/files", 415)
    device.sync()
    assert told(device)[photo_id].where.startswith("在本机，服务器未采用")
    device.retry_photo(photo_id)
    device.sync()
    assert told(device) == {}


def test_one_of_another_phone_is_told_by_its_owner_and_device(
    device: Device, partner: Partner
) -> None:
    team = [{"officer_id": "o-wang", "name": "王芳", "role": "assistant"}]
    partner.say("task", "t1", assignments=team)
    facts = {"task_id": "t1", "of_type": "record", "of_id": "t1"}
    for photo_id, officer_id, device_id in (("p1", "o-wang", "d-9"), ("p2", "o-left", "d-8")):
        partner.entities["photo", photo_id] = {"rev": 0, "data": {"by": officer_id}}
        partner.say("photo", photo_id, **facts, state="declared", device=device_id)
    partner.say("photo", "p3", **facts, state="verified")
    partner.say("photo", "p4", **facts, state="deleted")
    partner.say("record", "t1", task_id="t1", photos=["p1", "p9"])
    device.sync()
    shown = {photo_id: each.where for photo_id, each in told(device).items()}
    assert shown == {
        "p1": "不在本机：在王芳的终端 d-9 上",
        "p2": "不在本机：在o-left的终端 d-8 上",
        "p9": "已被引用，其申报尚未到达",
    }


def test_it_is_asked_for_offline_and_what_became_of_it_is_shown(
    device: Device, partner: Partner
) -> None:
    facts = {
        "task_id": "t1",
        "of_type": "record",
        "of_id": "t1",
        "state": "declared",
        "sha256": "0",
    }
    partner.say("photo", "p1", **facts)
    device.sync()
    assert device.call_lost("p1", "手机烧毁") is not None
    assert device.call_lost("p1", "手机烧毁") is None
    assert told(device)["p1"].lost == "open"
    device.sync()
    assert partner.pushes[-1]["ops"][0]["patch"] == {"lost": "手机烧毁"}
    partner.say("photo", "p1", **facts, lost="手机烧毁", lost_request={"state": "refused"})
    device.sync()
    assert told(device)["p1"].lost == "refused"
    partner.say("photo", "p1", **{**facts, "state": "lost"})
    device.sync()
    assert told(device) == {}


def test_the_command_line_lists_them_and_asks(
    make_device: Callable[..., Device], device: Device, jpeg: Path, capsys, tmp_path: Path
) -> None:
    photo_id = device.attach_photo(jpeg, of=("record", "t1"))
    device.close()
    store = ["--store", str(tmp_path / "one.sqlite3")]
    assert main([*store, "photos", "t1"]) == 1
    assert "1 张照片尚未到达服务器" in capsys.readouterr().out
    assert main([*store, "lost", photo_id[:8], "相机进水"]) == 0
    assert main([*store, "photos", "t1"]) == 1
    assert "申报遗失：待批准" in capsys.readouterr().out
    assert main([*store, "show", "t1"]) == 0
    assert "1 张照片尚未到达服务器" in capsys.readouterr().out

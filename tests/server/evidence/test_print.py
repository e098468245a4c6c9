"""The printed copy: who may have it, what it says, and that it is noted."""

import io
import re

import pytest
from PIL import Image
from sqlalchemy import select, update

from server.clock import now
from server.models import AuditEntry, CustodyEvent, Officer, Photo
from server.services.evidence.printing import UNKNOWN, print_photo
from tests.media.pictures import camera_exif, clip, encoded, four_corners
from tests.server.evidence.facts import kinds_of_custody
from tests.server.tus.speaker import declare, digest, new_photo_id, photo, upload
from tests.world import World

POSITION = {"latitude": 40.84, "longitude": -111.75, "accuracy_m": 12.4}


def verified(world: World, data: bytes | None = None, **facts: object) -> str:
    """A photo whose small pictures are made; gives its id."""
    data, photo_id = data or photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data, **facts)
    upload(world.lead, data, photo_id)
    world.parts.jobs.run_now("make_derivatives")
    return photo_id


def said(world: World, photo_id: str) -> dict[str, str]:
    """What stands on the copy."""
    with world.parts.database.write() as session:
        actor = world.actor(world.supervisor)
        lines = print_photo(session, actor=actor, photo_id=photo_id, now=now()).lines
    return {line.label: line.value for line in lines}


@pytest.mark.parametrize("who", ["lead", "assistant", "supervisor", "admin", "auditor"])
def test_holders_and_their_superiors_print_it_and_that_is_noted(world: World, who: str):
    data = photo(width_px=900, height_px=600)
    photo_id = verified(world, data)
    answer = getattr(world, who).get(f"/photos/{photo_id}/print")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    sheet = Image.open(io.BytesIO(answer.data))
    assert (sheet.width, sheet.height > 600) == (900, True)
    with world.parts.database.read() as session:
        event = session.scalars(select(CustodyEvent).where(CustodyEvent.kind == "viewed")).one()
        act = session.scalars(select(AuditEntry).where(AuditEntry.action == "photo.print")).one()
    assert event.details == {"sha256": digest(data), "purpose": "print"}
    assert (event.photo_id, act.target_id) == (photo_id, photo_id)
    assert event.user_id == act.user_id == getattr(world, who).user_id
    assert getattr(world, who).get(f"/photos/{photo_id}/original").data == data


@pytest.mark.parametrize("who", ["outsider", "other_supervisor"])
def test_others_do_not(world: World, who: str):
    photo_id = verified(world)
    assert getattr(world, who).get(f"/photos/{photo_id}/print").status_code == 404
    assert world.lead.get("/photos/unknown/print").status_code == 404
    assert "viewed" not in kinds_of_custody(world, photo_id)


def test_it_says_when_where_who_and_which_original(world: World):
    photo_id = verified(world, **POSITION)
    lines = said(world, photo_id)
    assert re.fullmatch(r"第\d+小吃店（任务 \S+）", lines["检查对象"])
    assert lines["地址"] == "新城区中山东路1号"
    assert lines["拍摄时间"] == "2026-11-23 16:00:00（终端所报）"  # 08:00 UTC
    assert lines["坐标"] == "40.840000°N 111.750000°W（终端所报，±12 米）"
    assert lines["执法人员"] == "lead（证件号 C-lead）"
    assert lines["照片编号"] == photo_id
    assert lines["原件 SHA-256"] == f"{digest(photo())[:16]}…"
    assert lines["打印"].endswith("，supervisor")
    assert lines["送达时间"].endswith("（服务器）")


def test_where_the_device_said_no_position_that_of_the_file_is_named_as_such(world: World):
    data = encoded(four_corners(), exif=camera_exif())
    assert said(world, verified(world, data))["坐标"] == "40.840000°N 111.750000°E（照片所载）"


def test_a_receiver_without_a_fix_said_no_position(world: World):
    """Zero and zero lies in the sea, and the facts of the photo leave it out too."""
    nowhere = {"latitude": 0.0, "longitude": 0.0, "accuracy_m": 5.0}
    assert said(world, verified(world, **nowhere))["坐标"] == UNKNOWN
    data = encoded(four_corners(), exif=camera_exif())
    assert said(world, verified(world, data, **nowhere))["坐标"].endswith("（照片所载）")


def test_what_is_not_known_is_said_to_be_unknown(world: World):
    photo_id = verified(world, taken_at=None)
    with world.parts.database.write() as session:
        session.execute(
            update(Officer).where(Officer.id == world.lead.officer_id).values(
                certificate_number=None
            )
        )  # fmt: skip
        session.execute(update(Photo).values(received_at=None))
    lines = said(world, photo_id)
    assert lines["坐标"] == UNKNOWN
    assert lines["拍摄时间"] == f"{UNKNOWN}（终端所报）"
    assert lines["送达时间"] == f"{UNKNOWN}（服务器）"
    assert lines["执法人员"] == f"lead（证件号 {UNKNOWN}）"


def test_while_the_screen_size_is_not_made_nothing_is_printed_or_noted(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    upload(world.lead, data, photo_id)
    answer = world.lead.get(f"/photos/{photo_id}/print")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "derivative_missing")
    assert answer.headers["Retry-After"] == "5"
    assert "viewed" not in kinds_of_custody(world, photo_id)


def test_a_clip_is_not_printed(world: World):
    photo_id = verified(world, clip())
    answer = world.lead.get(f"/photos/{photo_id}/print")
    assert (answer.status_code, answer.get_json()["details"]["state"]) == (404, "clip")

"""Flags over the API: raised in the background, shown to who may decide, never in anybody's way."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageEnhance
from sqlalchemy import select, update

from server.clock import now
from server.models import AuditEntry, Derivative, Photo, PhotoFlag, Task, User
from server.services.evidence.derivatives import MAX_ATTEMPTS
from tests.media.pictures import camera_exif, encoded
from tests.media.test_likeness import scene
from tests.server.inspections import approved, submitted
from tests.server.tus.speaker import declare, declare_op, digest, new_photo_id, photo, upload
from tests.world import Caller, World

HOHHOT = {"latitude": 40.84, "longitude": 111.75}
FAR = {"latitude": 40.94, "longitude": 111.75}


def compare(world: World) -> None:
    """What the two jobs do within a minute of a photo's arrival."""
    world.parts.jobs.run_now("make_derivatives")
    world.parts.jobs.run_now("compare_photos")


def taken(world: World, data: bytes, *, by: Caller | None = None, **facts: Any) -> tuple[str, str]:
    """A verified photo of a new task, which says what it says; gives its id and its task's."""
    by = by or world.lead
    photo_id, outside = new_photo_id(), by is world.outsider
    theirs: dict[str, Any] = {}
    if outside:
        second = world.officer(f"second-{photo_id[:8]}", organisation="brig-b")
        theirs = {"assistant": second, "supervisor": world.other_supervisor}
    task_id = facts.pop("task_id", None) or world.task(
        lead=by, **theirs,
        object_id=world.object(
            organisation="brig-b" if outside else "brig-a",
            division_code="150103" if outside else "150102", **facts.pop("at", {}),
        ),
    )  # fmt: skip
    said = {"taken_at": now().isoformat(), **facts}
    declare(by, task_id, photo_id, data, **said)
    assert upload(by, data, photo_id).status_code == 204
    return photo_id, task_id


def copy_of(data: bytes) -> bytes:
    """The same picture, shrunk, brightened and saved anew."""
    picture = Image.open(io.BytesIO(data))
    small = picture.resize((picture.width // 2, picture.height // 2))
    return encoded(ImageEnhance.Brightness(small).enhance(1.1), quality=70)


def flags(world: World, who: Caller | None = None, **query: Any) -> dict[str, Any]:
    answer = (who or world.supervisor).get("/photo-flags", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def codes(world: World, photo_id: str, who: Caller | None = None) -> list[str]:
    answer = (who or world.supervisor).get(f"/photos/{photo_id}/facts")
    assert answer.status_code == 200, answer.text
    return [flag["code"] for flag in answer.get_json()["flags"]]


def test_a_copy_of_another_tasks_photo_is_flagged_on_the_later_one(world: World):
    original, first_task = taken(world, encoded(scene(1)))
    copy, copy_task = taken(world, copy_of(encoded(scene(1))))
    different, _ = taken(world, encoded(scene(2)))
    compare(world)
    assert (codes(world, original), codes(world, different)) == ([], [])
    [flag] = flags(world)["items"]
    assert (flag["code"], flag["photo_id"], flag["task_id"]) == ("near_duplicate", copy, copy_task)
    assert 0 < flag["details"]["distance_bits"] <= 7
    other = flag["other"]
    assert (other["in_scope"], other["photo_id"], other["task_id"]) == (True, original, first_task)
    assert other["task_number"] in flag["message"]
    assert f"{flag['details']['distance_bits']}位不同" in flag["message"]


def test_it_is_so_in_whatever_order_their_pictures_are_made_small(world: World):
    original, _ = taken(world, encoded(scene(1)))
    with world.parts.database.write() as session:  # not made small yet
        session.get_one(Photo, original).compared_at = now()
    copy, _ = taken(world, copy_of(encoded(scene(1))))
    compare(world)
    assert codes(world, copy) == []
    with world.parts.database.write() as session:
        session.get_one(Photo, original).compared_at = None
    compare(world)
    assert (codes(world, original), codes(world, copy)) == ([], ["near_duplicate"])


def test_one_whose_small_picture_was_lost_is_compared_once_it_is_made_again(world: World):
    """A restored backup need not hold the small pictures."""
    data = encoded(scene(1))
    taken(world, data)
    compare(world)
    copy, _ = taken(world, copy_of(data))
    world.parts.jobs.run_now("make_derivatives")
    world.parts.media.derivatives["thumbnail"].delete(digest(copy_of(data)))
    world.parts.jobs.run_now("compare_photos")
    assert world.supervisor.get(f"/photos/{copy}/facts").get_json()["compared_at"] is None
    compare(world)
    assert codes(world, copy) == ["near_duplicate"]


def test_a_small_picture_that_cannot_be_read_holds_up_no_other_photo(world: World):
    taken(world, encoded(scene(1)))
    spoilt, fine = encoded(scene(2)), copy_of(encoded(scene(1)))
    stuck, _ = taken(world, spoilt)
    copy, _ = taken(world, fine)
    world.parts.jobs.run_now("make_derivatives")
    name = digest(spoilt)
    path = world.parts.settings.data_dir / "derivatives/thumbnail" / name[:2] / name[2:4]
    [small] = path.iterdir()
    small.unlink()
    small.mkdir()  # what no one can read, not even the system's own administrator
    world.parts.jobs.run_now("compare_photos")
    assert codes(world, copy) == ["near_duplicate"]
    assert world.supervisor.get(f"/photos/{stuck}/facts").get_json()["compared_at"] is None


def test_the_same_file_in_another_task_is_a_case_of_its_own(world: World):
    data = encoded(scene(3))
    original, _ = taken(world, data)
    copy, _ = taken(world, data)
    compare(world)
    assert (codes(world, original), codes(world, copy)) == ([], ["same_bytes"])


def test_within_one_task_the_same_may_be_shown_twice(world: World):
    data = encoded(scene(3))
    _, task_id = taken(world, data)
    taken(world, data, task_id=task_id)
    taken(world, copy_of(data), task_id=task_id)
    compare(world)
    assert flags(world)["items"] == []


def test_black_pictures_are_not_called_alike(world: World):
    for grey in (0, 1, 2):
        taken(world, encoded(Image.new("RGB", (320, 240), (grey, grey, grey))))
    compare(world)
    assert flags(world) == {"items": [], "next": None, "counts": {}}


def test_of_another_organisations_photo_only_the_day_is_told(world: World):
    data = encoded(scene(4))
    theirs, their_task = taken(world, data, by=world.outsider)
    mine, _ = taken(world, data)
    again, _ = taken(world, copy_of(data))
    compare(world)
    assert flags(world)["counts"] == {"same_bytes": 1, "near_duplicate": 2}
    shown = json.dumps(flags(world)) + world.supervisor.get(f"/photos/{mine}/facts").text
    for secret in (theirs, their_task, "回民大队", "brig-b"):
        assert secret not in shown
    other = next(f for f in flags(world)["items"] if f["photo_id"] == mine)["other"]
    assert {name for name, value in other.items() if value} == {"verified_on"}
    assert "其他单位" in next(f for f in flags(world)["items"] if f["photo_id"] == mine)["message"]
    seen = {
        f["photo_id"]: f["other"] for f in flags(world, world.auditor, code="same_bytes")["items"]
    }
    assert (seen[mine]["photo_id"], seen[mine]["organisation"]) == (theirs, "回民大队")
    assert flags(world, world.other_supervisor)["items"] == []
    assert again not in flags(world, world.other_supervisor)["counts"]


def exif_picture(**changed: str) -> bytes:
    exif = camera_exif()
    detail = exif.get_ifd(ExifTags.IFD.Exif)
    shot = now() + timedelta(hours=8)
    detail[ExifTags.Base.DateTimeOriginal] = changed.get("at", f"{shot:%Y:%m:%d %H:%M:%S}")
    return encoded(scene(5), exif=exif)


def test_camera_device_and_server_stand_side_by_side(world: World):
    photo_id, task_id = taken(
        world, exif_picture(), at=HOHHOT, latitude=40.841, longitude=111.75, accuracy_m=12.5
    )
    answer = world.supervisor.get(f"/photos/{photo_id}/facts").get_json()
    facts = answer["facts"]
    assert answer["compared_at"] is None
    assert (facts["make"], facts["model"], facts["task_id"]) == ("HUAWEI", "Mate 60 Pro", task_id)
    assert facts["camera_position"] == facts["object_position"] == HOHHOT
    assert (facts["camera_to_object_m"], facts["device_accuracy_m"]) == (0.0, 12.5)
    assert facts["device_to_object_m"] == facts["camera_to_device_m"] == pytest.approx(111.2)
    assert facts["camera_wall_clock"] is not None
    times = ("camera_at", "device_taken_at", "pushed_at", "stored_at", "verified_at")
    assert all(facts[name].endswith("Z") for name in times)
    compare(world)
    answer = world.supervisor.get(f"/photos/{photo_id}/facts").get_json()
    assert (answer["flags"], answer["compared_at"] is not None) == ([], True)


def test_an_implausible_place_and_time_are_flagged_with_their_numbers(world: World):
    photo_id, _ = taken(world, exif_picture(at="2021:04:11 15:47:53"), at=FAR, **HOHHOT)
    compare(world)
    shown = flags(world, task_id=flags(world)["items"][0]["task_id"])
    assert shown["counts"] == {"far_from_object": 2, "time_implausible": 2}
    kinds = {flag["kind"]: flag for flag in shown["items"]}
    assert set(kinds) == {"camera", "device", "camera_before_task", "camera_not_device"}
    assert kinds["camera"]["details"]["distance_m"] == pytest.approx(11_119.5, abs=1)
    assert "约11.1公里" in kinds["camera"]["message"]
    assert len(codes(world, photo_id)) == 4


def test_a_corrected_position_of_the_object_clears_the_flag_and_another_raises_it(world: World):
    photo_id, task_id = taken(world, photo(), at=FAR, **HOHHOT)
    compare(world)
    [flag] = flags(world)["items"]
    explain(world, flag["id"])
    with world.parts.database.read() as session:
        object_id = session.get_one(Task, task_id).object_id
    correct(world, object_id, **HOHHOT)
    compare(world)
    assert (codes(world, photo_id), flags(world)["counts"]) == ([], {})
    assert world.supervisor.post(f"/photo-flags/{flag['id']}/explain", NOTE).status_code == 404
    correct(world, object_id, latitude=41.84, longitude=111.75)
    compare(world)
    [again] = flags(world)["items"]
    assert (again["id"], again["explained_at"]) == (flag["id"], None)  # said to other numbers
    assert again["details"]["distance_m"] > flag["details"]["distance_m"]


def test_an_explanation_outlives_a_comparison_that_finds_the_same(world: World):
    _, task_id = taken(world, photo(), at=FAR, **HOHHOT)
    compare(world)
    [flag] = flags(world)["items"]
    explain(world, flag["id"])
    with world.parts.database.read() as session:
        object_id = session.get_one(Task, task_id).object_id
    correct(world, object_id, contact_name="王五")
    compare(world)
    [again] = flags(world, explained=True)["items"]
    assert (again["id"], again["note"]) == (flag["id"], NOTE["note"])
    assert flags(world, explained=False) == {"items": [], "next": None, "counts": {}}


NOTE = {"note": "已电话核实，对象已搬迁"}


def explain(world: World, flag_id: str) -> dict[str, Any]:
    answer = world.supervisor.post(f"/photo-flags/{flag_id}/explain", NOTE)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def correct(world: World, object_id: str, **patch: Any) -> None:
    answer = world.supervisor.call("PATCH", f"/objects/{object_id}", json=patch)
    assert answer.status_code == 200, answer.text


def test_a_supervisor_explains_a_flag_and_that_is_audited(world: World):
    photo_id, _ = taken(world, photo(), at=FAR, **HOHHOT)
    compare(world)
    [flag] = flags(world)["items"]
    said = explain(world, flag["id"])
    assert (said["note"], said["explained_by"]) == (NOTE["note"], world.supervisor.user_id)
    with world.parts.database.read() as session:
        act = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "photo.flag_explained")
        ).one()
    assert (act.target_id, act.user_id) == (photo_id, world.supervisor.user_id)
    assert act.after["note"] == NOTE["note"]


def test_only_those_in_charge_see_and_explain(world: World):
    photo_id, _ = taken(world, photo(), at=FAR, **HOHHOT)
    compare(world)
    [flag] = flags(world)["items"]
    for who, facts, listed, explained in (
        ("lead", 403, None, 403), ("assistant", 403, None, 403), ("outsider", 403, None, 403),
        ("auditor", 200, 1, 403), ("other_supervisor", 404, 0, 404), ("admin", 200, 1, 200),
    ):  # fmt: skip
        caller = getattr(world, who)
        assert caller.get(f"/photos/{photo_id}/facts").status_code == facts, who
        assert caller.post(f"/photo-flags/{flag['id']}/explain", NOTE).status_code == explained
        page = caller.get("/photo-flags")
        assert page.status_code == (403 if listed is None else 200), who
        assert listed is None or len(page.get_json()["items"]) == listed, who


def test_nobody_explains_what_their_own_task_is_asked(world: World):
    both = world.officer("both")
    taken(world, photo(), by=both, at=FAR, **HOHHOT)
    with world.parts.database.write() as session:
        session.get_one(User, both.user_id).role = "supervisor"
    compare(world)
    [flag] = flags(world)["items"]
    answer = both.post(f"/photo-flags/{flag['id']}/explain", NOTE)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "reviewer_on_task")


def test_an_explanation_says_something(world: World):
    for body in ({}, {"note": ""}, {"note": "x" * 1001}, {"note": None}):
        assert world.supervisor.post("/photo-flags/unknown/explain", body).status_code == 422
    assert world.supervisor.post("/photo-flags/unknown/explain", NOTE).status_code == 404


def test_flags_are_listed_page_by_page_newest_first(world: World):
    taken(world, exif_picture(at="2021:04:11 15:47:53"), at=FAR, **HOHHOT)
    compare(world)
    taken(world, exif_picture(at="2020:04:11 15:47:53"), at=FAR, **HOHHOT)
    compare(world)
    whole = flags(world)
    seen, after = [], None
    while True:
        page = flags(world, limit=3, **({"after": after} if after else {}))
        assert page["counts"] == whole["counts"]
        seen += page["items"]
        after = page["next"]
        if after is None:
            break
    assert [flag["id"] for flag in seen] == [flag["id"] for flag in whole["items"]]
    assert len(seen) == 9  # four each, and that the second looks like the first
    moments = [flag["flagged_at"] for flag in seen]
    assert moments == sorted(moments, reverse=True)
    assert {f["code"] for f in flags(world, code="near_duplicate")["items"]} == {"near_duplicate"}
    assert world.supervisor.get("/photo-flags?after=unknown").status_code == 404
    assert world.supervisor.get("/photo-flags?code=guilt").status_code == 422


def test_the_next_page_comes_also_when_its_mark_was_cleared_meanwhile(world: World):
    _, cleared = taken(world, photo(1), at=FAR, **HOHHOT)
    standing, _ = taken(world, photo(2), at=FAR, **HOHHOT)
    compare(world)
    with world.parts.database.write() as session:
        later = session.scalars(select(PhotoFlag).where(PhotoFlag.task_id == cleared)).one()
        later.flagged_at += timedelta(seconds=1)
    first = flags(world, limit=1)
    assert [flag["task_id"] for flag in first["items"]] == [cleared]
    with world.parts.database.read() as session:
        object_id = session.get_one(Task, cleared).object_id
    correct(world, object_id, **HOHHOT)
    compare(world)
    second = flags(world, limit=1, after=first["next"])
    assert [flag["photo_id"] for flag in second["items"]] == [standing]
    elsewhere = world.other_supervisor.get(f"/photo-flags?after={first['next']}")
    assert elsewhere.status_code == 404


def flagged(world: World, task_id: str) -> None:
    """Give a task a flag of each kind, with a canary in each."""
    photo_id = f"p-{task_id}"
    with world.parts.database.write() as session:
        for code, subject in (
            ("far_from_object", "camera"), ("camera_far_from_device", ""),
            ("time_implausible", "camera_after_arrival"), ("near_duplicate", "金丝雀"),
            ("same_bytes", "金丝雀"),
        ):  # fmt: skip
            session.add(
                PhotoFlag(
                    id=f"{code}-金丝雀", photo_id=photo_id, task_id=task_id, code=code,
                    subject=subject, flagged_at=now(), note="金丝雀",
                    details={"distance_m": 9_000, "tolerance_m": 1_100, "seconds": 90_000,
                             "limit_seconds": 300, "distance_bits": 3, "x": "金丝雀"},
                )
            )  # fmt: skip


def test_flags_are_warnings_of_the_review_and_block_nothing(world: World):
    task_id = submitted(world)
    flagged(world, task_id)
    review = world.supervisor.get(f"/tasks/{task_id}/review").get_json()
    [shown] = review["photos"]["items"]
    assert len(shown["flags"]) == 5
    assert shown["facts"]["photo_id"] == shown["id"]
    warned = [each for each in review["warnings"] if each["type"] == "photo"]
    assert {each["code"] for each in warned} == {flag["code"] for flag in shown["flags"]}
    assert review["blocking"] == []
    assert world.supervisor.post(f"/tasks/{task_id}/approve").status_code == 200


def test_nothing_of_them_reaches_devices_or_the_public(world: World, http):
    task_id = approved(world)
    flagged(world, task_id)
    notice_id = world.supervisor.post(f"/tasks/{task_id}/publish", {}).get_json()["notice_id"]
    with world.parts.database.write() as session:
        session.get_one(Photo, f"p-{task_id}").compared_at = now()
    for who in (world.lead, world.assistant):
        page = json.dumps(who.pull(), ensure_ascii=False)
        assert f"p-{task_id}" in page
        for secret in ("金丝雀", "compared", 'flag"', "duplicate", "distance"):
            assert secret not in page
    for path in ("/api/v1/public/results", f"/api/v1/public/results/{notice_id}",
                 f"/public/results/{notice_id}"):  # fmt: skip
        body = http.get(path).get_data(as_text=True)
        assert "150102-" in body  # the task's number
        assert "金丝雀" not in body
        assert "duplicate" not in body


def test_a_push_compares_nothing(world: World):
    """Bytes first, so that the push itself calls the photo verified."""
    data, photo_id, task_id = photo(), new_photo_id(), world.task()
    upload(world.lead, data, photo_id)
    world.lead.push(declare_op(task_id, photo_id, data, **FAR))
    with world.parts.database.read() as session:
        row = session.get_one(Photo, photo_id)
        assert (row.state, row.compared_at) == ("verified", None)
    compare(world)
    with world.parts.database.read() as session:
        assert session.get_one(Photo, photo_id).compared_at is not None


def test_a_picture_that_cannot_be_made_small_is_compared_all_the_same(world: World):
    photo_id, _ = taken(world, photo(), at=FAR, **HOHHOT)
    world.parts.jobs.run_now("compare_photos")
    assert codes(world, photo_id) == []  # its small picture may still come
    with world.parts.database.read() as session:
        sha256 = session.get_one(Photo, photo_id).received_sha256
    assert sha256 is not None
    world.parts.media.originals.delete(sha256)
    with world.parts.database.write() as session:
        given_up = update(Derivative).where(Derivative.sha256 == sha256)
        session.execute(given_up.values(attempts=MAX_ATTEMPTS - 1))
    world.parts.jobs.run_now("make_derivatives")
    world.parts.jobs.run_now("compare_photos")
    assert codes(world, photo_id) == ["far_from_object"]

"""What does not fit among a photo's facts: the pure rules, each at its limit and beyond."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.exif import Position
from media.places import EARTH_RADIUS_M
from server.clock import to_ms
from server.services.evidence.doubts import (
    CLOCK_TOLERANCE,
    CLOCKS_APART,
    DATUM_SHIFT_M,
    LONG_BEFORE,
    SITE_RADIUS_M,
    UNSTATED_ACCURACY_M,
    find_doubts,
)
from server.services.evidence.facts import PhotoFacts
from server.services.evidence.wording import worded

CREATED = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
TAKEN = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
PUSHED = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
HOHHOT = Position(40.84, 111.75)
METRE = 360 / (6.283185307179586 * EARTH_RADIUS_M)  # degrees of latitude
SECOND = timedelta(seconds=1)

FINE = PhotoFacts(
    photo_id="p", task_id="t", sha256="a" * 64, media_type="image/jpeg", size_bytes=1,
    width_px=1, height_px=1, make="HUAWEI", model=None,
    camera_wall_clock="2026-11-23T09:30:00", camera_at=TAKEN,
    device_taken_at=TAKEN, device_clock_offset_ms=0, device_taken_corrected_at=TAKEN,
    device_stamped_at=TAKEN, written_at=TAKEN, pushed_at=PUSHED, declared_at=PUSHED,
    stored_at=PUSHED, received_at=PUSHED, verified_at=PUSHED,
    task_created_at=CREATED, task_started_at=None,
    camera_position=HOHHOT, device_position=HOHHOT, device_accuracy_m=20.0,
    object_position=HOHHOT,
)  # fmt: skip


def doubts(**facts: Any) -> list[tuple[str, str]]:
    return [(doubt.code, doubt.subject) for doubt in find_doubts(replace(FINE, **facts))]


def time_doubts(**facts: Any) -> list[str]:
    found = doubts(**facts)
    assert {code for code, _ in found} <= {"time_implausible"}
    return [subject for _, subject in found]


def north(metres: float) -> Position:
    return Position(HOHHOT.latitude + metres * METRE, HOHHOT.longitude)


def test_what_fits_raises_no_doubt():
    assert find_doubts(FINE) == []


def test_what_nobody_said_raises_none_either():
    """A basement has no satellites, and a camera may be told to write nothing."""
    assert doubts(camera_position=None, device_position=None, device_accuracy_m=None) == []
    assert doubts(object_position=None) == []
    assert time_doubts(camera_at=None, camera_wall_clock=None) == []
    assert time_doubts(device_taken_at=None, device_taken_corrected_at=None) == []
    assert time_doubts(device_clock_offset_ms=None, pushed_at=None, stored_at=None) == []


@pytest.mark.parametrize(("beyond_m", "flagged"), [(-1, False), (1, True)])
def test_a_place_is_far_beyond_datum_site_and_accuracy(beyond_m: float, flagged: bool):
    at_m = DATUM_SHIFT_M + SITE_RADIUS_M + beyond_m
    there = north(at_m + UNSTATED_ACCURACY_M)
    assert (
        doubts(camera_position=there, device_position=None)
        == [("far_from_object", "camera")] * flagged
    )
    assert (
        doubts(device_position=there, camera_position=None, device_accuracy_m=None)
        == [("far_from_object", "device")] * flagged
    )
    there = north(at_m + 250)
    assert (
        doubts(device_position=there, camera_position=None, device_accuracy_m=250.0)
        == [("far_from_object", "device")] * flagged
    )


@pytest.mark.parametrize(("beyond_m", "flagged"), [(-1, False), (1, True)])
def test_camera_and_device_are_apart_beyond_what_both_may_be_wrong(beyond_m: float, flagged: bool):
    there = north(DATUM_SHIFT_M + UNSTATED_ACCURACY_M + 20 + beyond_m)
    found = doubts(camera_position=there, object_position=None)
    assert found == [("camera_far_from_device", "")] * flagged


def test_the_numbers_of_a_distance_are_told():
    [doubt] = find_doubts(replace(FINE, camera_position=north(5_000), device_position=None))
    assert doubt.details == {"distance_m": 5_000.0, "tolerance_m": 1_100}


@pytest.mark.parametrize(("beyond", "flagged"), [(0 * SECOND, False), (SECOND, True)])
def test_nothing_is_taken_after_it_arrived(beyond: timedelta, flagged: bool):
    late = PUSHED + CLOCK_TOLERANCE + beyond
    assert time_doubts(camera_at=late) == ["camera_after_arrival"] * flagged
    assert (
        time_doubts(device_taken_at=late, device_taken_corrected_at=late)
        == ["device_after_arrival"] * flagged
    )


@pytest.mark.parametrize(("beyond", "flagged"), [(0 * SECOND, False), (SECOND, True)])
def test_nothing_is_taken_long_before_its_task(beyond: timedelta, flagged: bool):
    early = CREATED - LONG_BEFORE - beyond
    assert (
        time_doubts(camera_at=early, device_taken_at=early, device_taken_corrected_at=early)
        == ["camera_before_task", "device_before_task"] * flagged
    )


def test_a_task_begins_when_its_officers_began_within_what_the_server_knows():
    monday, wednesday = CREATED, CREATED + timedelta(days=2)
    same = {"camera_at": monday, "device_taken_at": monday, "device_taken_corrected_at": monday}
    assert time_doubts(**same) == []
    assert time_doubts(**same, task_started_at=wednesday) == [
        "camera_before_task", "device_before_task",
    ]  # fmt: skip
    assert time_doubts(task_started_at=CREATED - timedelta(days=900)) == []
    assert time_doubts(task_started_at=PUSHED + timedelta(days=9_000)) == []


@pytest.mark.parametrize(("beyond", "flagged"), [(0 * SECOND, False), (SECOND, True)])
def test_camera_and_device_name_the_same_day(beyond: timedelta, flagged: bool):
    early = TAKEN - CLOCKS_APART - beyond
    assert time_doubts(camera_at=early) == ["camera_not_device"] * flagged


def test_a_phone_whose_one_clock_is_wrong_does_not_contradict_itself():
    wrong = TAKEN - timedelta(hours=20)
    found = time_doubts(
        camera_at=wrong, device_taken_at=wrong, device_clock_offset_ms=20 * 3_600_000,
        device_stamped_at=wrong,
    )  # fmt: skip
    assert found == ["device_clock"]


def test_a_clock_without_a_zone_is_read_as_chinas():
    assert time_doubts(camera_at=None) == []
    assert time_doubts(camera_at=None, camera_wall_clock="2026-11-23T22:00:00") == [
        "camera_after_arrival", "camera_not_device",
    ]  # fmt: skip


@pytest.mark.parametrize(("offset_ms", "flagged"), [(300_000, False), (300_001, True)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_device_whose_clock_is_off_is_named(offset_ms: int, flagged: bool, sign: int):
    stamped = TAKEN - timedelta(milliseconds=sign * offset_ms)
    found = time_doubts(device_clock_offset_ms=sign * offset_ms, device_stamped_at=stamped)
    assert found == ["device_clock"] * flagged


moments = st.datetimes(timezones=st.just(UTC))
places = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180))


@given(
    camera=st.none() | moments, wall=st.none() | st.datetimes(), device=st.none() | moments,
    offset=st.none() | st.integers(-(10**14), 10**14), accuracy=st.none() | st.floats(0, 1e7),
    at=st.lists(st.none() | places, min_size=3, max_size=3),
)  # fmt: skip
def test_whatever_they_say_it_is_put_in_words(camera, wall, device, offset, accuracy, at):
    facts = replace(
        FINE, camera_at=camera, camera_wall_clock=wall and wall.isoformat(),
        device_taken_at=device, device_taken_corrected_at=device, device_clock_offset_ms=offset,
        device_accuracy_m=accuracy, camera_position=at[0], device_position=at[1],
        object_position=at[2],
    )  # fmt: skip
    for doubt in find_doubts(facts):
        sentence = worded(doubt.code, doubt.subject, doubt.details, None)
        assert sentence.endswith("。")
        assert "{" not in sentence
    assert to_ms(facts.declared_at)

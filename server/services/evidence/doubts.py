"""What does not fit together among the facts of a photo (疑点): pure rules, facts in, doubts out.

A doubt is a question to the supervisor. It refuses nothing and blocks nothing, so the limits are
set where an honest inspection does not come: better a copy unflagged than a list that nobody reads.
That a position or a time is missing is no doubt: a basement has no satellites, and a camera may be
told not to write where it is.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from server.clock import to_ms
from server.services.evidence.facts import PhotoFacts
from sync.clock import IMPLAUSIBLE_OFFSET_MS, is_implausible

DATUM_SHIFT_M = 700
"""How far a point of a Chinese map app (GCJ-02) lies from the same point in WGS-84, at most."""
SITE_RADIUS_M = 300
"""The object is a point in the register and a yard, a market or a factory on the ground."""
UNSTATED_ACCURACY_M = 100
"""For who does not say how sure they are: cameras write no accuracy; phones between houses."""
CLOCK_TOLERANCE = timedelta(milliseconds=IMPLAUSIBLE_OFFSET_MS)
"""Later than this a clock is called wrong in the sync too; a picture cannot be newer than its
arrival."""
LONG_BEFORE = timedelta(hours=24)
"""What is taken the evening before may be of this inspection (a visit in two halves, a clock of
another zone); what is a day older is of something else."""
CLOCKS_APART = timedelta(hours=12)
"""The device may name the moment at which a picture was attached, hours after it was taken, and a
camera's clock may be of another zone; half a day later it is another day's picture."""


class Doubt(NamedTuple):
    """One thing that does not fit; `subject` tells several of one code apart."""

    code: str
    subject: str
    details: dict[str, Any]


def find_doubts(facts: PhotoFacts) -> list[Doubt]:
    """What does not fit, places first."""
    return [*_of_places(facts), *_of_times(facts), *_of_clock(facts)]


def _of_places(facts: PhotoFacts) -> Iterator[Doubt]:
    accuracy_m = facts.device_accuracy_m
    device_m = UNSTATED_ACCURACY_M if accuracy_m is None else accuracy_m
    at_object_m = DATUM_SHIFT_M + SITE_RADIUS_M
    for code, subject, found_m, tolerance_m in (
        ("far_from_object", "camera", facts.camera_to_object_m, at_object_m + UNSTATED_ACCURACY_M),
        ("far_from_object", "device", facts.device_to_object_m, at_object_m + device_m),
        (
            "camera_far_from_device", "", facts.camera_to_device_m,
            DATUM_SHIFT_M + UNSTATED_ACCURACY_M + device_m,
        ),
    ):  # fmt: skip
        if found_m is not None and found_m > tolerance_m:
            yield Doubt(code, subject, {"distance_m": found_m, "tolerance_m": tolerance_m})


def _of_times(facts: PhotoFacts) -> Iterator[Doubt]:
    camera, device = facts.camera_moment, facts.device_taken_corrected_at
    began = _began(facts)
    for subject, moment, arrived in (
        ("camera", camera, facts.stored_at),
        ("device", device, facts.pushed_at),
    ):
        if moment is None:
            continue
        if arrived is not None:
            yield from _beyond(f"{subject}_after_arrival", moment - arrived, CLOCK_TOLERANCE)
        yield from _beyond(f"{subject}_before_task", began - moment, LONG_BEFORE)
    if camera is not None and device is not None:
        # with a clock that is wrong in both, the phone's own two times still agree
        raw = abs(camera - facts.device_taken_at) if facts.device_taken_at else timedelta.max
        yield from _beyond("camera_not_device", min(raw, abs(camera - device)), CLOCKS_APART)


def _began(facts: PhotoFacts) -> datetime:
    """When the task began: the start that its officers noted, within what the server knows."""
    started = facts.task_started_at or facts.task_created_at
    return min(max(started, facts.task_created_at), facts.declared_at)


def _beyond(subject: str, found: timedelta, limit: timedelta) -> Iterator[Doubt]:
    if found > limit:
        yield _of_time(subject, found.total_seconds(), limit.total_seconds())


def _of_clock(facts: PhotoFacts) -> Iterator[Doubt]:
    """The device's clock was off by more than is corrected in silence, as the sync judges it."""
    offset_ms, pushed_at = facts.device_clock_offset_ms, facts.pushed_at
    if offset_ms is None or pushed_at is None:
        return
    stamped_ms = to_ms(facts.device_stamped_at) if facts.device_stamped_at else None
    if is_implausible(stamped_ms=stamped_ms, offset_ms=offset_ms, arrival_ms=to_ms(pushed_at)):
        yield _of_time("device_clock", offset_ms / 1000, IMPLAUSIBLE_OFFSET_MS / 1000)


def _of_time(subject: str, seconds: float, limit_seconds: float) -> Doubt:
    numbers = {"seconds": round(seconds), "limit_seconds": round(limit_seconds)}
    return Doubt("time_implausible", subject, numbers)

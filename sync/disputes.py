"""What was ever in dispute (争议), told alike in whatever order the writes arrived.

Claims say what is in dispute *now*: whoever writes having seen them takes them away. That there
was a dispute, and who stood for what, must outlive the settling; and it must not hang on whether
the second of two voices came before the first was taken back. So two writes have *met* when
neither writer had seen the other's and their values differ, whether or not both still stood when
the later one arrived.

To find that out of any later write it is enough to remember, of each device, its last write and
the last before it that said something else: of all writes of that device which a newcomer had not
seen, the last one that contradicts it is one of these two. So what is kept grows with the devices
on a task, never with their writes.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sync.policies import Claim, Claims, Saw


class Trail(NamedTuple):
    """Of one field under review: the remembered writes that are claims no more, and of each device
    the last of its writes that met another's."""

    past: Claims = ()
    met: Claims = ()


NO_TRAIL = Trail()


def follow(trail: Trail, before: Claims, after: Claims, written: Claim, saw: Saw) -> Trail:
    """The trail after a write that turned the claims `before` into `after`."""
    if not before:
        return trail
    if _only_agrees(trail, before, written):  # most edits leave the entity's existence as it is
        if before[0].stamp.device == written.stamp.device or len(after) > 1:
            return trail
        if not trail.past:
            return Trail(before, trail.met)
    known = [*trail.past, *before]
    opposed = [each for each in known if _have_met(each, written, saw)]
    met = _last_of_each([*trail.met, *opposed, written]) if opposed else trail.met
    remembered = _last_two_of_each([*known, written])
    return Trail([each for each in remembered if each not in after], met)


def _only_agrees(trail: Trail, before: Claims, written: Claim) -> bool:
    """Whether a write says what alone stands, and nobody remembered ever said anything else."""
    value = written.value
    if len(before) > 1 or before[0].value != value:
        return False
    return all(each.value == value for each in trail.past)


def _have_met(one: Claim, written: Claim, saw: Saw) -> bool:
    """Whether two writes contradict each other; the later one can't have been seen by the first."""
    foreign = one.stamp.device != written.stamp.device
    return foreign and one.value != written.value and not saw(one.stamp)


def _last_of_each(writes: Iterable[Claim]) -> list[Claim]:
    """Each device's last write, in the order of their stamps."""
    last: dict[str, Claim] = {}
    for write in sorted(writes, key=lambda each: each.stamp.n):
        last[write.stamp.device] = write
    return sorted(last.values(), key=lambda each: each.stamp.rank)


def _last_two_of_each(writes: Iterable[Claim]) -> list[Claim]:
    """Each device's last write, and its last before that with another value."""
    last: dict[str, list[Claim]] = {}
    for write in sorted(writes, key=lambda each: -each.stamp.n):
        of_device = last.setdefault(write.stamp.device, [])
        if not of_device or (len(of_device) == 1 and of_device[0].value != write.value):
            of_device.append(write)
    return sorted(
        (write for of_device in last.values() for write in of_device),
        key=lambda each: each.stamp.rank,
    )

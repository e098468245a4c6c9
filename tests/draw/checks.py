"""Quick checks over all that the draw does: each raises where it does not do what the page says."""

import copy
import random
from itertools import islice

import pytest

from draw import ceremony, drum, tickets
from draw.events import apply
from draw.faults import Refused
from draw.verify import verify
from tests.draw.plainly import Day, Impossible, Table, choose, replay, seed, sha256
from tests.draw.staffings import agree_on_everybody
from tests.draw.test_bad_input import CASES, bundle_of_plain
from tests.draw.worlds import NAMES, can_be_staffed, frozen_of, tight_world, vector, world


class Blunt:
    """A hash with four values, so that keys and balls are often equal."""

    def __init__(self, message):
        self._digest = bytes([sha256(message)[0] & 3]) * 32

    def digest(self):
        return self._digest


def blunt(message):
    return Blunt(message).digest()


def drawn_of(bundle):
    """What our draw says of a bundle's inputs."""
    drawn = ceremony.draw(frozen_of(bundle), bundle["entropy"])
    return {**drawn.objects_drawn.published(), "assignments": drawn.assignments, "after": []}


def agree(bundle, sha=sha256):
    """Both say the same, or both that it can't be staffed; answers the twin's result."""
    try:
        expected = replay(bundle, sha)
    except Impossible:
        with pytest.raises(Refused) as refused:
            drawn_of(bundle)
        assert {fault.code for fault in refused.value.faults} == {"cannot_be_staffed"}
        return None
    assert drawn_of(bundle) == expected
    return expected


def agree_with_blunt_hashes(bundle):
    """The same where keys and balls are often equal."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (tickets, drum):
            patch.setattr(module, "sha256", Blunt)
        agree(bundle, blunt)


def vectors_hold():
    for name in NAMES:
        assert verify(vector(name)).faults == []


def changed_bundles_are_refused():
    for change, code, path in CASES:
        faults = [(fault.code, fault.path) for fault in verify(bundle_of_plain(change)).faults]
        assert (code, path) in faults, (code, path)


def worlds_agree():
    for number in range(120):
        agree(world(number))


def tight_worlds_agree():
    for number in range(150):
        agree(tight_world(number))


def staffings_agree():
    assert sum(agree_on_everybody(number) for number in range(300)) > 300


def worlds_agree_where_hashes_are_equal():
    for number in range(60):
        agree_with_blunt_hashes(world(number))


def random_event(luck, standing):
    """Something that may happen to a draw, or may not."""
    seated = [(o, who) for o, roles in standing.drum.seated.items() for who in roles.values()]
    if not seated or luck.random() < 0.4:
        object_ = luck.choice([*standing.objects, "obj-0"])
        return {"kind": "object_replaced", "object": object_, "reason": "closed"}
    object_, number = luck.choice(seated)
    officer = {"officer": standing.drum.roster.ids[number], "reason": "illness"}
    if luck.random() < 0.5:
        return {"kind": "officer_recused", "object": object_, **officer}
    theirs = [o for o, who in seated if who == number]
    some = luck.sample(theirs, luck.randint(0, len(theirs)))
    return {"kind": "officer_unavailable", "objects": some, **officer}


def day_after(bundle, happened):
    """The naive model after some events."""
    seed_ = seed(bundle)
    objects, reserve = choose(bundle, seed_)
    table = Table(bundle, seed_)
    table.draw([(o["id"], role) for o in objects for role in bundle["rules"]["roles"]])
    day = Day(table, objects, reserve)
    for event, result in happened:
        assert day.happens(event) == result
    return day


def state_of(standing):
    """Everything that an event could change."""
    return copy.deepcopy(
        (
            list(standing.objects), dict(standing.substitutes), standing.drum.balls,
            standing.drum.seated, standing.drum.barred, standing.drum.unavailable,
        )
    )  # fmt: skip


def happens(bundle, standing, happened, event):
    """One event, in both; answers how it stands then."""
    before = state_of(standing)
    try:
        expected = day_after(bundle, happened).happens(event)
    except Impossible:
        with pytest.raises(Refused):
            apply(standing, event)
        after = standing
    else:
        after, result = apply(standing, event)
        assert result == expected
        happened.append((event, result))
    assert state_of(standing) == before, "an event changes nothing of what stood before"
    return after


def late_events_agree():
    staffed = filter(can_be_staffed, map(world, range(1000)))
    for number, bundle in enumerate(islice(staffed, 60)):
        luck, happened = random.Random(number), []
        standing = ceremony.draw(frozen_of(bundle), bundle["entropy"]).standing
        for _ in range(6):
            standing = happens(bundle, standing, happened, random_event(luck, standing))


#: the quickest first
CHECKS = [
    vectors_hold, changed_bundles_are_refused, worlds_agree, tight_worlds_agree,
    staffings_agree, worlds_agree_where_hashes_are_equal, late_events_agree,
]  # fmt: skip

"""Before the ceremony: can it be staffed, and if not, what is missing (N20, N21)?"""

from itertools import combinations

import pytest

from draw import ceremony
from draw.faults import Refused
from draw.feasibility import feasibility
from tests.draw.plainly import Table
from tests.draw.worlds import entropy, frozen_of, officer, row, rules, world

BOTH = ["lead", "assistant"]


def test_what_is_missing_is_named():
    staff = [officer("O-1", balls=1), officer("O-2", lead=False, balls=9)]
    objects = [row("a"), row("b", needs="school"), row("c", jurisdiction="150202")]
    found = feasibility(staff, objects, rules(roles=BOTH, needs_role="assistant"))
    assert not found.holds
    assert [each.published() for each in found.shortages] == [
        {"role": "lead", "jurisdiction": "150102", "specialty": None, "objects": ("b",),
         "officers": ("O-1",), "balls": 1},
        {"role": "assistant", "jurisdiction": "150102", "specialty": "school", "objects": ("b",),
         "officers": (), "balls": 0},
        {"role": "lead", "jurisdiction": "150202", "specialty": None, "objects": ("c",),
         "officers": (), "balls": 0},
        {"role": "assistant", "jurisdiction": "150202", "specialty": None, "objects": ("c",),
         "officers": (), "balls": 0},
    ]  # fmt: skip
    assert (found.staffed_seats, found.seats, found.staffable) == (2, 6, ["a"])


def test_a_draw_that_can_not_be_staffed_does_not_begin_and_says_why():
    bundle = {
        "slot": "2026-12/150100/x#1", "pool": [row("a")], "officers": [officer("O-1", lead=False)],
        "rules": rules(roles=BOTH),
    }  # fmt: skip
    with pytest.raises(Refused) as refused:
        ceremony.draw(frozen_of(bundle), entropy())
    (fault,) = refused.value.faults
    assert (fault.code, fault.found["role"]) == ("cannot_be_staffed", "lead")


def test_objects_alone_need_nobody():
    assert feasibility([], [row("a")], rules()).holds


@pytest.mark.parametrize("block", range(5))
def test_the_largest_number_of_seats_is_what_trying_all_ways_finds(block):
    for number in range(block * 40, block * 40 + 40):
        bundle = world(number, 1)
        objects = [r for r in bundle["pool"] if r["eligible"]][:3]
        found = feasibility(bundle["officers"], objects, bundle["rules"])
        table = Table(bundle, b"")
        seats = [(r["id"], role) for r in objects for role in bundle["rules"]["roles"]]
        most = max(
            size
            for size in range(len(seats) + 1)
            if any(table.can_be_filled(some) for some in combinations(seats, size))
        )
        assert (found.staffed_seats, found.seats) == (most, len(seats))
        assert found.holds == (most == len(seats))
        part = [seat for seat in seats if seat[0] in found.staffable]
        assert table.can_be_filled(tuple(part))
        for other in {r["id"] for r in objects} - set(found.staffable):
            more = [seat for seat in seats if seat[0] in (*found.staffable, other)]
            assert not table.can_be_filled(tuple(more))

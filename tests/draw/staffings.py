"""Staffings of a middling size, with hardly a ball to spare: chains of moves over many objects."""

import random

from draw.board import Seat
from draw.officers import members
from draw.staffing import Staffing
from tests.draw.flow import can_be_filled


class Crowd:
    """Seats that can all be filled: each was given to somebody, who got a ball for it."""

    def __init__(self, number):
        luck = random.Random(number)
        large = number % 4 == 0
        officers = range(luck.randint(3, 8 if large else 4))
        roles = range(luck.randint(1, 3))
        objects = [f"o{n}" for n in range(luck.randint(2, 12 if large else 4))]
        self.luck, self.left = luck, [0 for _ in officers]
        self.seats = [(object_, role) for object_ in objects for role in roles]
        dense = luck.choice([0.3, 0.5, 0.8])
        self.able = {seat: {o for o in officers if luck.random() < dense} for seat in self.seats}
        for object_ in objects:
            for role, who in zip(roles, luck.sample(officers, len(roles)), strict=True):
                self.able[object_, role].add(who)
                self.left[who] += 1
        self.left[luck.choice(officers)] += luck.randint(0, 1)
        self.present = {object_: set() for object_ in objects}

    def staffing(self):
        sets = {seat: sum(1 << who for who in able) for seat, able in self.able.items()}
        return Staffing([Seat(o, str(role), sets[o, role]) for o, role in self.seats], self.left)

    def admissible(self, index):
        """Who may take a seat, by a flow of its own for each."""
        object_, role = self.seats[index]
        able = self.able[object_, role] - self.present[object_]
        return {who for who in able if self.left[who] and self.goes_on(index, who)}

    def goes_on(self, index, who):
        left = list(self.left)
        left[who] -= 1
        rest, object_ = self.seats[index + 1 :], self.seats[index][0]
        able = {
            seat: self.able[seat] - self.present[seat[0]] - ({who} if seat[0] == object_ else set())
            for seat in rest
        }
        return can_be_filled(rest, able, left)

    def take(self, index, who):
        self.left[who] -= 1
        self.present[self.seats[index][0]].add(who)


def agree_on_everybody(number):
    """Staff one crowd, asking both at every seat; answers how often somebody was held back."""
    crowd, held_back = Crowd(number), 0
    staffing = crowd.staffing()
    assert staffing.fill() == []
    for index, (object_, role) in enumerate(crowd.seats):
        admissible = set(members(staffing.admissible(index)))
        assert admissible == crowd.admissible(index), (number, index)
        able = crowd.able[object_, role] - crowd.present[object_]
        held_back += sum(crowd.left[who] > 0 for who in able - admissible)
        who = crowd.luck.choice(sorted(admissible))
        staffing.settle(index, who)
        crowd.take(index, who)
    return held_back

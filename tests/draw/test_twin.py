"""Any small draw: the package says what the twin says, which tries every way there is."""

import random

import hypothesis.strategies as st
import pytest
from hypothesis import event as note
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from draw import ceremony, choice, tickets
from draw.events import apply
from draw.faults import Refused
from draw.verify import verify
from tests.draw.checks import agree, agree_with_blunt_hashes, drawn_of, happens
from tests.draw.plainly import choose, seed
from tests.draw.worlds import (
    STAFFED,
    WORLDS,
    can_be_staffed,
    frozen_of,
    made,
    officer,
    row,
    rules,
    tight_world,
)


@settings(max_examples=400, deadline=None)
@given(WORLDS)
def test_objects_officers_odds_and_reasons_are_the_twins(bundle):
    note("can't be staffed" if agree(bundle) is None else "staffed")


@settings(max_examples=150, deadline=None)
@given(WORLDS, st.randoms(use_true_random=False))
def test_no_order_of_rows_changes_anything(bundle, luck):
    shuffled = {**bundle, **{name: list(bundle[name]) for name in ("pool", "officers")}}
    luck.shuffle(shuffled["pool"])
    luck.shuffle(shuffled["officers"])
    strata = list(bundle["rules"]["strata"].items())
    shuffled["rules"] = {**bundle["rules"], "strata": dict(reversed(strata))}
    assert can_be_staffed(shuffled) == can_be_staffed(bundle)
    if can_be_staffed(bundle):
        assert drawn_of(shuffled) == drawn_of(bundle)


def test_where_balls_are_short_the_look_ahead_is_exactly_what_trying_all_ways_finds():
    looked_ahead = 0
    for bundle in map(tight_world, range(500)):
        expected = agree(bundle)
        passed_over = [p["reason"] for a in expected["assignments"] for p in a["passed_over"]]
        looked_ahead += passed_over.count("look_ahead")
    assert looked_ahead > 300


@settings(max_examples=150, deadline=None)
@given(WORLDS)
def test_equal_keys_and_equal_balls_go_by_the_bytes_of_the_id(bundle):
    agree_with_blunt_hashes(bundle)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 100), min_size=1, max_size=60),
    st.integers(0, 70),
    st.binary(min_size=32, max_size=32),
)
def test_the_fast_path_is_the_plain_one(weights, keep, seed_):
    pool = [row(f"o{n}", weight=weight) for n, weight in enumerate(weights)]
    frozen = frozen_of({**made(pool, rules_=rules(quota=0)), "pool": pool})
    plain = sorted((tickets.key_of(seed_, r["id"], r["weight"]), r["id"].encode()) for r in pool)
    for bound in (
        tickets.NO_BOUND,
        tickets.bound_for(frozen.pool.weights["all"], keep),
        plain[0][0],
    ):
        found = tickets.below(tickets.Draft(seed_, {"all": bound}, frozen.pool.batches))["all"]
        assert sorted((c.key, c.id) for c in found) == [each for each in plain if each[0] <= bound]


@pytest.mark.parametrize("expected", [0, 1, 10, 500, 999, 1000])
def test_about_as_many_stay_below_a_bound_as_were_expected(expected):
    pool = [row(f"o{n}", weight=1 + n % 7) for n in range(1000)]
    frozen = frozen_of({**made(pool, rules_=rules(quota=0)), "pool": pool})
    bound = tickets.bound_for(frozen.pool.weights["all"], expected)
    draft = tickets.Draft(bytes(32), {"all": bound}, frozen.pool.batches)
    assert abs(len(tickets.below(draft)["all"]) - expected) <= 4 * 1000**0.5 / 2


def test_an_estimate_that_is_too_low_changes_nothing(monkeypatch):
    pool = [row(f"o{n}", weight=1 + n % 3) for n in range(300)]
    whole = made(pool, rules_=rules(quota=100, reserve=50))
    monkeypatch.setattr(choice, "hoped_for", lambda keep: 1)
    assert made(pool, rules_=rules(quota=100, reserve=50)) == whole


def test_many_objects_in_many_pieces_are_chosen_alike(monkeypatch):
    luck = random.Random(7)
    pool = [row(f"o{n}", weight=luck.randint(1, 3), stratum=luck.choice("ab")) for n in range(3000)]
    strata = {"a": {"quota": 700, "reserve": 20}, "b": {"quota": 5, "reserve": 0}}
    whole = made(pool, rules_=rules(strata=strata))
    monkeypatch.setattr("draw.pool.BATCH_ROWS", 101)
    monkeypatch.setattr("draw.pool.SUBTREE_LEAVES", 64)
    monkeypatch.setattr(choice, "DRAFT_OBJECTS", 250)
    assert made(pool, rules_=rules(strata=strata)) == whole
    assert choose(whole, seed(whole)) == (whole["objects"], whole["reserve"])


# -- late events --------------------------------------------------------------------------------


GIVEN = ("slot", "pool", "officers", "rules", "entropy")


class LateEvents(RuleBasedStateMachine):
    """Events come in any order; the package and the naive model agree after each."""

    @initialize(bundle=STAFFED)
    def draw(self, bundle):
        drawn = ceremony.draw(frozen_of(bundle), bundle["entropy"])
        self.bundle, self.drawn, self.standing = bundle, drawn, drawn.standing
        self.happened = []

    def happens(self, event):
        self.standing = happens(self.bundle, self.standing, self.happened, event)

    @rule(number=st.integers(0, 7), reason=st.sampled_from(["closed", "moved"]))
    def an_object_is_replaced(self, number, reason):
        self.happens({"kind": "object_replaced", "object": f"obj-{number}", "reason": reason})

    def someone_seated(self, data):
        taken = [
            (who, object_)
            for object_, roles in self.standing.drum.seated.items()
            for who in roles.values()
        ]
        if not taken:
            return None
        who, object_ = data.draw(st.sampled_from(taken))
        return self.standing.drum.roster.ids[who], object_

    @rule(data=st.data())
    def an_officer_is_recused(self, data):
        if found := self.someone_seated(data):
            who, object_ = found
            self.happens(
                {"kind": "officer_recused", "officer": who, "object": object_, "reason": "interest"}
            )

    @rule(data=st.data())
    def an_officer_is_unavailable(self, data):
        if found := self.someone_seated(data):
            number = self.standing.drum.roster.number[found[0]]
            theirs = [
                object_
                for object_, roles in self.standing.drum.seated.items()
                if number in roles.values()
            ]
            some = data.draw(st.lists(st.sampled_from(theirs), unique=True))
            self.happens(
                {
                    "kind": "officer_unavailable", "officer": found[0], "objects": some,
                    "reason": "illness",
                }
            )  # fmt: skip

    def teardown(self):
        if getattr(self, "ready", False):
            from draw.bundle import assemble

            given = {name: self.bundle[name] for name in ("slot", "officers", "rules", "entropy")}
            whole = assemble(
                **given, drawn=self.drawn, events=self.happened, pool=self.bundle["pool"]
            )
            assert verify(whole).faults == []


TestLateEvents = LateEvents.TestCase
TestLateEvents.settings = settings(max_examples=80, stateful_step_count=8, deadline=None)


def replaced(object_):
    return {"kind": "object_replaced", "object": object_, "reason": "closed"}


def refused_code(standing, event):
    with pytest.raises(Refused) as refused:
        apply(standing, event)
    return [fault.code for fault in refused.value.faults]


def test_substitutes_run_out_and_the_event_is_refused():
    bundle = made([row(f"o{n}") for n in range(3)], rules_=rules(quota=1, reserve=1))
    standing = ceremony.draw(frozen_of(bundle), bundle["entropy"]).standing
    first, second = bundle["objects"][0]["id"], bundle["reserve"][0]["id"]
    standing, result = apply(standing, replaced(first))
    assert result["replacement"] == second
    assert refused_code(standing, replaced(second)) == ["no_substitute"]
    assert refused_code(standing, replaced(first)) == ["object_not_standing"]


def test_nobody_is_admissible_and_the_event_is_refused_with_what_is_missing():
    bundle = made([row("o")], [officer("O-1")], rules(roles=["lead"]))
    standing = ceremony.draw(frozen_of(bundle), bundle["entropy"]).standing
    event = {"kind": "officer_recused", "officer": "O-1", "object": "o", "reason": "interest"}
    with pytest.raises(Refused) as refused:
        apply(standing, event, "events[0]")
    (fault,) = refused.value.faults
    assert (fault.code, fault.path) == ("nobody_admissible", "events[0]")
    assert fault.found == {
        "role": "lead", "jurisdiction": "150102", "specialty": None, "objects": ("o",),
        "officers": (), "balls": 0,
    }  # fmt: skip
    assert standing.drum.seated == {"o": {"lead": 0}}


def test_nothing_comes_back_to_who_is_unavailable():
    staff = [officer("O-1", balls=3), officer("O-2", balls=3)]
    bundle = made([row("a"), row("b"), row("c")], staff, rules(2, 1, roles=["lead", "assistant"]))
    standing = ceremony.draw(frozen_of(bundle), bundle["entropy"]).standing
    ill = {"kind": "officer_unavailable", "officer": "O-1", "objects": [], "reason": "illness"}
    standing, result = apply(standing, ill)
    assert result["assignments"] == []
    assert standing.drum.balls == [0, 1]
    assert refused_code(standing, replaced(bundle["objects"][0]["id"])) == ["nobody_admissible"]
    recused = {
        "kind": "officer_recused", "officer": "O-1", "object": bundle["objects"][0]["id"],
        "reason": "interest",
    }  # fmt: skip
    assert refused_code(standing, recused) == ["nobody_admissible"]

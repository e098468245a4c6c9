"""Rule 5: the outcome depends on the ops and on what each had seen, not on their arrival."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.entities import ACTIONS, FINDING_STATUSES, SEVERITIES
from sync.policies import OFFICE
from tests.sync.histories import Act, arrivals, causes, merged, visible

CREATE = Act("a", 1, 100, {"severity": "minor", "tags": ["x", "y"]}, action="create")
SEEN = frozenset({"a:1"})

SMALL_CASES = {
    "three devices on one verdict": [
        CREATE,
        Act("a", 2, 110, {"action": "oral_order"}),
        Act("b", 1, 105, {"action": "temporary_seal"}, SEEN),
        Act("c", 1, 120, {"action": "none"}, SEEN),
    ],
    "a delete against two edits": [
        CREATE,
        Act("a", 2, 110, {}, action="delete"),
        Act("b", 1, 105, {"title": "b"}, SEEN),
        Act("c", 1, 120, {"title": "c"}, SEEN),
    ],
    "a settled conflict and a latecomer": [
        CREATE,
        Act("a", 2, 110, {"legal_basis": "甲"}),
        Act("b", 1, 105, {"legal_basis": "乙"}, SEEN),
        Act("c", 1, 90, {"legal_basis": "丙"}, SEEN),
        Act("b", 2, 130, {"legal_basis": "甲乙"}, frozenset({"a:1", "a:2"})),
    ],
    "sets, notes and a severity lowered by one who had seen it": [
        CREATE,
        Act("a", 2, 110, {"tags": ["y"], "notes": "甲", "severity": "critical"}),
        Act("b", 1, 105, {"tags": ["x", "y", "z"], "notes": ["乙", "丙"]}, SEEN),
        Act("b", 2, 125, {"severity": "moderate"}, frozenset({"a:1", "a:2"})),
        Act("c", 1, 120, {"severity": "serious", "tags": []}, SEEN),
    ],
    "a device with a clock behind its own past": [
        CREATE,
        Act("a", 2, 50, {"title": "spät"}),
        Act("b", 1, 105, {"title": "b"}, SEEN),
        Act("a", 3, 40, {"title": "zuletzt"}),
    ],
    "two creates of one id": [
        CREATE,
        Act("b", 1, 90, {"severity": "serious", "kind": "hazard"}, action="create"),
        Act("c", 1, 95, {"kind": "register", "title": "c"}, action="create"),
    ],
}


@pytest.mark.parametrize("name", SMALL_CASES)
def test_every_arrival_order_of_a_small_case_ends_alike(name):
    acts = SMALL_CASES[name]
    orders = list(arrivals(acts))
    assert len(orders) > 1
    expected = visible(merged("finding", orders[0]))
    for order in orders[1:]:
        assert visible(merged("finding", order)) == expected


def test_a_round_opened_by_the_office_beats_what_had_not_seen_it_in_every_order():
    acts = [
        Act("a", 1, 100, {"status": "in_progress"}),
        Act("a", 2, 110, {"status": "submitted"}),
        Act(OFFICE, 1, 120, {"status": "in_progress"}, frozenset({"a:1", "a:2"})),
        Act("b", 1, 130, {"status": "submitted"}, frozenset({"a:1"})),
    ]
    outcomes = [visible(merged("task", order)) for order in arrivals(acts)]
    assert len(outcomes) > 1
    assert {outcome["data"]["status"] for outcome in outcomes} == {"in_progress"}


VALUES = {
    "title": st.sampled_from(["甲", "乙", None]),
    "severity": st.sampled_from([*SEVERITIES, None]),
    "action": st.sampled_from(ACTIONS),
    "legal_basis": st.sampled_from(["一", "二", "三"]),
    "term_until": st.sampled_from(["2026-12-01", "2026-11-30", None]),
    "status": st.sampled_from(FINDING_STATUSES),
    "tags": st.lists(st.sampled_from("wxyz"), max_size=3),
    "notes": st.sampled_from(["记一", "记二"]),
    "kind": st.sampled_from(["hazard", "register"]),
}
PATCHES = st.fixed_dictionaries({}, optional=VALUES)
DEVICES = ("a", "b", "c")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(DEVICES),
        st.booleans(),  # looks at the server first?
        st.integers(0, 50),
        st.one_of(PATCHES, st.none()),  # none: a delete
    ),
    min_size=2,
    max_size=9,
)


def history(steps):
    """Acts as devices make them: each sees all that was there when it last looked."""
    acts, seen, counts = [], dict.fromkeys(DEVICES, frozenset()), dict.fromkeys(DEVICES, 0)
    for device, looks, at, patch in steps:
        if looks:
            seen[device] = frozenset(act.key for act in acts)
        counts[device] += 1
        action = "delete" if patch is None else "patch"
        acts.append(Act(device, counts[device], at, patch or {}, seen[device], action))
    return acts


@settings(max_examples=300)
@given(STEPS, st.randoms(use_true_random=False))
def test_any_arrival_order_of_any_history_ends_alike(steps, chance):
    acts = history(steps)
    before = causes(acts)
    expected = visible(merged("finding", acts))
    for _ in range(4):
        left, order = list(acts), []
        while left:
            arrived = {act.key for act in order}
            ready = [act for act in left if before[act.key] <= arrived]
            order.append(chance.choice(ready))
            left.remove(order[-1])
        assert visible(merged("finding", order)) == expected


def accepted_history(steps):
    """The same without `kind`: it is written once, so an op that changes it is refused whole."""
    return [
        act._replace(patch={name: v for name, v in act.patch.items() if name != "kind"})
        for act in history(steps)
    ]


@given(STEPS)
def test_no_note_is_ever_lost(steps):
    acts = accepted_history(steps)
    typed = sorted(act.patch["notes"] for act in acts if "notes" in act.patch)
    shown = merged("finding", acts).data.get("notes", [])
    assert sorted(note["text"] for note in shown) == typed


@given(STEPS)
def test_what_stands_was_written_by_somebody(steps):
    acts = accepted_history(steps)
    entity = merged("finding", acts)
    for name in ("title", "severity", "legal_basis", "term_until"):
        if name in entity.data:
            assert entity.data[name] in [act.patch[name] for act in acts if name in act.patch]


@given(STEPS)
def test_no_candidate_was_replaced_by_one_who_had_seen_it(steps):
    acts = accepted_history(steps)
    entity = merged("finding", acts)
    for name in {"action", "legal_basis", "term_until"} & set(entity.disputed()):
        for claim in entity.claims(name):
            assert not [a for a in acts if name in a.patch and claim.stamp.key in a.seen]

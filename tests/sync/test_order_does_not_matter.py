"""Rule 5: the outcome depends on the ops and on what each had seen, not on their arrival."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.entities import DELETABLE, FIELDS
from sync.merge import Action
from sync.policies import OFFICE
from tests.sync.histories import Act, causes, merged, visible
from tests.sync.laws import agree, each_declaration, values_of
from tests.sync.spec import Spec

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
def test_every_arrival_order_of_a_small_case_ends_as_it_must(name):
    agree("finding", SMALL_CASES[name])


def test_every_field_is_tried_under_each_of_its_declarations():
    tried = {FIELDS[type_][name] for type_, name in each_declaration()}
    assert tried == {declared for fields in FIELDS.values() for declared in fields.values()}


def test_a_round_opened_by_the_office_beats_what_had_not_seen_it_in_every_order():
    acts = [
        Act("a", 1, 100, {"status": "in_progress"}),
        Act("a", 2, 110, {"status": "submitted"}),
        Act(OFFICE, 1, 120, {"status": "in_progress"}, frozenset({"a:1", "a:2"})),
        Act("b", 1, 130, {"status": "submitted"}, frozenset({"a:1"})),
    ]
    agree("task", acts)
    assert Spec("task", acts).visible()["data"] == {"status": "in_progress"}


def test_a_conflict_that_ended_is_told_alike_whether_or_not_it_was_ever_open():
    """One takes back what another contradicted; in some orders before the other was heard."""
    acts = [
        Act("a", 1, 100, {"value": "pass"}),
        Act("a", 2, 110, {"value": "fail"}),
        Act("b", 1, 105, {"value": "fail"}),
    ]
    agree("answer", acts)
    _, candidates, standing, settled_by = Spec("answer", acts).visible()["conflicts"]["value"]
    assert [candidate[:2] for candidate in candidates] == [("a:1", "pass"), ("b:1", "fail")]
    assert (standing, settled_by) == ("fail", ((110, "a", 2), "officer of a"))


def test_a_latecomer_who_agrees_with_the_settling_does_not_open_the_conflict_again():
    acts = [
        Act("a", 1, 100, {"value": "pass"}),
        Act("b", 1, 105, {"value": "fail"}),
        Act("a", 2, 120, {"value": "fail"}, frozenset({"b:1"})),
        Act("c", 1, 130, {"value": "fail"}),
    ]
    agree("answer", acts)
    is_open, candidates, _, settled_by = Spec("answer", acts).visible()["conflicts"]["value"]
    assert not is_open
    assert [candidate[0] for candidate in candidates] == ["a:1", "b:1", "c:1"]
    assert settled_by == ((120, "a", 2), "officer of a")


DEVICES = ("a", "b", "c")
#: one act of a history: who, what they know of the others, by what clock, and what they change
#: (none: a delete). Who mends an old op knows what they knew when they wrote it.
Step = tuple[str, str, int, dict[str, Any] | None]


def steps(*types: str) -> st.SearchStrategy[tuple[str, list[Step]]]:
    """Histories of an entity of one of these types, all of its fields under all their policies."""
    return st.sampled_from(types).flatmap(lambda type_: st.tuples(st.just(type_), _steps_of(type_)))


def _steps_of(type_: str) -> st.SearchStrategy[list[Step]]:
    fields = [name for name in FIELDS[type_] if (type_, name) in DECLARED]
    values = {name: st.sampled_from(values_of(type_, name)) for name in fields}
    patches = st.fixed_dictionaries({}, optional=values)
    changes = st.one_of(patches, patches, st.none()) if type_ in DELETABLE else patches
    who = st.sampled_from((*DEVICES, *DEVICES, OFFICE))
    knows = st.sampled_from(("all there is", "as before", "as before", "nothing yet"))
    step = st.tuples(who, knows, st.integers(0, 50), changes)
    return st.lists(step, min_size=2, max_size=9)


DECLARED = set(each_declaration())


def history(taken: Sequence[Step]) -> list[Act]:
    """Acts as they are made: each sees all that was there when its writer last looked. The office
    looks whenever it acts."""
    acts: list[Act] = []
    seen: dict[str, frozenset[str]] = {}
    for n, (device, knows, at, patch) in enumerate(taken, start=1):
        if knows == "all there is" or device == OFFICE:
            seen[device] = frozenset(act.key for act in acts)
        known = frozenset() if knows == "nothing yet" and device != OFFICE else seen.get(device)
        action: Action = "delete" if patch is None else "patch"
        acts.append(Act(device, n, at, patch or {}, known or frozenset(), action))
    return acts


@settings(max_examples=300, deadline=None)
@given(steps(*FIELDS), st.randoms(use_true_random=False))
def test_any_arrival_order_of_any_history_ends_as_it_must(taken, chance):
    type_, acts = taken[0], history(taken[1])
    before = causes(acts)
    expected = Spec(type_, acts).visible()
    for _ in range(4):
        left, order = list(acts), []
        while left:
            arrived = {act.key for act in order}
            ready = [act for act in left if before[act.key] <= arrived]
            order.append(chance.choice(ready))
            left.remove(order[-1])
        assert visible(merged(type_, order)) == expected


def accepted_history(taken):
    """The same of a finding without what is refused: an op that changes it is refused whole."""
    refused = ("kind", "task_id", "office_term")
    return [
        act._replace(patch={name: v for name, v in act.patch.items() if name not in refused})
        for act in history(taken[1])
        if act.device != OFFICE
    ]


@given(steps("finding"))
def test_no_note_is_ever_lost(taken):
    acts = accepted_history(taken)
    typed = sorted(
        text
        for act in acts
        if "notes" in act.patch
        for text in (
            [act.patch["notes"]] if isinstance(act.patch["notes"], str) else act.patch["notes"]
        )
    )
    shown = merged("finding", acts).data.get("notes", [])
    assert sorted(note["text"] for note in shown) == typed


@given(steps("finding"))
def test_what_stands_was_written_by_somebody(taken):
    acts = accepted_history(taken)
    entity = merged("finding", acts)
    for name in ("item_code", "severity", "legal_basis", "term_until"):
        if name in entity.data:
            assert entity.data[name] in [act.patch[name] for act in acts if name in act.patch]


@given(steps("finding"))
def test_no_open_candidate_was_replaced_by_one_who_had_seen_it(taken):
    acts = accepted_history(taken)
    entity = merged("finding", acts)
    for name in {"action", "legal_basis", "term_until"} & set(entity.disputed()):
        for claim in entity.claims(name):
            assert not [a for a in acts if name in a.patch and claim.stamp.key in a.seen]

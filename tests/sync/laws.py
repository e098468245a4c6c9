"""The laws of merging as functions that a wrong core breaks; they read the core's own tables.

Small cases are tried in every order of arrival: each field under its real declaration, with three
devices of two officers, a delete, a settling and an act of the office.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from sync.entities import ACTIONS, FIELDS, SEVERITIES, TASK_STATUSES, VERDICTS
from sync.policies import OFFICE
from tests.sync.histories import Act, arrivals, merged, visible
from tests.sync.spec import Spec

SEEN = frozenset({"a:1"})

#: three values for each kind of field, none of them in the order of their gravity
VALUES: dict[tuple[str, str], tuple[Any, Any, Any]] = {
    ("task", "status"): (TASK_STATUSES[3], TASK_STATUSES[2], TASK_STATUSES[2]),
    ("record", "outcome"): (ACTIONS[4], ACTIONS[1], None),
    ("answer", "value"): ("自由文本", VERDICTS[4], "另一文本"),
    ("finding", "severity"): (SEVERITIES[1], SEVERITIES[3], None),
    ("finding", "action"): (ACTIONS[2], ACTIONS[5], ACTIONS[0]),
    ("finding", "term_until"): ("2026-12-02", "2026-11-30", None),
    ("finding", "status"): ("rectified", "open", "verified"),
}
BY_POLICY: dict[str, tuple[Any, Any, Any]] = {
    "union": (["甲", "乙"], ["乙", "丙"], None),
    "append": ("记一", ["记二", "记三"], "记一"),
}
#: stamps of the three devices: in turn, backwards, and all at once
TIMES = ((110, 120, 130), (130, 120, 110), (120, 120, 120))


def values_of(type_: str, name: str) -> tuple[Any, Any, Any]:
    """Three values that a field takes."""
    policy = FIELDS[type_][name].policy
    return VALUES.get((type_, name)) or BY_POLICY.get(policy) or ("甲", "乙", None)


def agree(type_: str, acts: Sequence[Act]) -> None:
    """In every order of arrival there stands what the spec says."""
    expected = Spec(type_, acts).visible()
    for order in arrivals(acts):
        shown = visible(merged(type_, order))
        assert shown == expected, f"{[act.key for act in order]}: {shown} is not {expected}"


# -- small cases --------------------------------------------------------------------------------


def three_on_one_field(type_: str, name: str) -> Iterator[list[Act]]:
    """A field that one device wrote; then three write without seeing each other, one of them
    having seen the first, and one writes again."""
    for values, times in itertools.product(_some(type_, name), TIMES):
        one, two, three = ({name: value} for value in values)
        yield [
            Act("a", 1, 100, one, action="create"),
            Act("a", 2, times[0], two),
            Act("b", 1, times[1], three, SEEN),
            Act("c", 1, times[2], one),
            Act("c", 2, times[2], two),
        ]


def settled(type_: str, name: str) -> Iterator[list[Act]]:
    """Two disagree; one of them, or the office, settles having seen both; a third comes late,
    and may agree with whatever was settled."""
    seen = frozenset({"a:1", "b:1"})
    for values, settler in itertools.product(_some(type_, name), ("a", "d", OFFICE)):
        one, two, three = ({name: value} for value in values)
        yield [
            Act("a", 1, 110, one),
            Act("b", 1, 105, two),
            Act(settler, 2, 130, three, seen),
            Act("c", 1, 140, three),
            Act("b", 2, 90, two, frozenset({"a:1"})),
        ]


def agreed(type_: str, name: str) -> Iterator[list[Act]]:
    """One repeats what another said, having seen it; both are contradicted, and it is settled."""
    for values in _some(type_, name):
        one, two, three = ({name: value} for value in values)
        yield [
            Act("a", 1, 110, one),
            Act("b", 1, 120, one, SEEN),
            Act("c", 1, 100, two),
            Act("d", 1, 130, three, frozenset({"a:1", "b:1", "c:1"})),
            Act("b", 2, 125, one, SEEN),
        ]


def taken_back(type_: str, name: str) -> Iterator[list[Act]]:
    """One changes their mind before or after another contradicts them."""
    for values in _some(type_, name):
        one, two, three = ({name: value} for value in values)
        yield [
            Act("a", 1, 110, one),
            Act("a", 2, 120, two),
            Act("b", 1, 115, two),
            Act("b", 2, 116, three, frozenset({"a:1"})),
            Act("c", 1, 100, one),
        ]


def back_and_forth(type_: str, name: str) -> Iterator[list[Act]]:
    """One says a thing, another, and the first again; others agree with either, early or late."""
    for values in _some(type_, name):
        one, two, three = ({name: value} for value in values)
        yield [
            Act("a", 1, 110, one),
            Act("a", 2, 120, two),
            Act("a", 3, 115, one),
            Act("b", 1, 100, one),
            Act("c", 1, 130, three, frozenset({"a:1", "a:2"})),
            Act("c", 2, 125, one, frozenset({"a:1", "a:2"})),
        ]
        for last in (two, three):
            yield [
                Act("a", 1, 110, one),
                Act("a", 2, 120, two),
                Act("a", 3, 115, last),
                Act("b", 1, 130, three, frozenset({"a:1", "a:2", "a:3"})),
                Act("c", 1, 100, two),
                Act("d", 1, 140, one, frozenset({"a:1", "a:2", "a:3", "b:1", "c:1"})),
            ]


def with_a_slow_clock(type_: str, name: str) -> Iterator[list[Act]]:
    """One who had seen the later of two values writes anew, by a clock behind it; the other value,
    which they had not seen, is still to be reckoned with."""
    for values, at in itertools.product(_some(type_, name), (100, 110)):
        one, two, three = ({name: value} for value in values)
        yield [
            Act("a", 1, at, one),
            Act("b", 1, 120, two),
            Act("c", 1, 105, three, frozenset({"b:1"})),
        ]


def deleted(type_: str, name: str) -> Iterator[list[Act]]:
    """A delete against edits, edits after it, a second delete, a return."""
    for values in _some(type_, name):
        one, two, three = ({name: value} for value in values)
        born = Act("a", 1, 100, one, action="create")
        gone = Act("a", 2, 120, {}, action="delete")
        yield [born, gone, Act("b", 1, 110, two, SEEN), Act("c", 1, 130, three, SEEN)]
        yield [
            born,
            gone,
            Act("b", 1, 110, two, SEEN),
            Act("c", 1, 130, three, SEEN | {"b:1"}),
            Act("c", 2, 135, {}, SEEN | {"b:1"}, action="delete"),
            Act("a", 3, 140, one, action="create"),
        ]


def rounds(type_: str, name: str) -> Iterator[list[Act]]:
    """The office acts between what devices wrote before, after and without seeing it."""
    for values in _some(type_, name):
        one, two, three = ({name: value} for value in values)
        yield [
            Act("a", 1, 100, one),
            Act(OFFICE, 2, 110, two, SEEN),
            Act("b", 1, 105, one, SEEN),
            Act("a", 2, 120, three, frozenset({"office:2"})),
            Act("c", 1, 90, three),
        ]


def _some(type_: str, name: str) -> list[tuple[Any, Any, Any]]:
    """Three values in every order, and two alike."""
    one, two, three = values_of(type_, name)
    return [*itertools.permutations((one, two, three)), (one, two, two)]


SHAPES: dict[str, Callable[[str, str], Iterator[list[Act]]]] = {
    "three devices on one field": three_on_one_field,
    "a dispute that is settled": settled,
    "a value that two agree on": agreed,
    "a value taken back": taken_back,
    "back and forth": back_and_forth,
    "a slow clock": with_a_slow_clock,
    "a delete against edits": deleted,
    "an act of the office": rounds,
}


def each_declaration() -> list[tuple[str, str]]:
    """One field of each type for every declaration there is."""
    found: dict[Any, tuple[str, str]] = {}
    for type_, fields in FIELDS.items():
        for name, declared in fields.items():
            found.setdefault((type_, declared), (type_, name))
    return list(found.values())


def law_of_orders(type_: str, name: str) -> None:
    """Every shape of history of one field ends as the spec says, in every order of arrival."""
    for shape in SHAPES.values():
        for acts in shape(type_, name):
            agree(type_, acts)


# -- what is no matter of order -----------------------------------------------------------------


def law_of_own_order() -> None:
    """A write that was held does not undo what its device wrote since."""
    early = {"title": "先", "severity": "critical", "tags": ["先"], "location": "二楼"}
    later = {"title": "后", "severity": "minor", "tags": ["后"]}
    acts = [Act("a", 2, 200, later, action="create"), Act("a", 1, 100, early)]
    assert merged("finding", acts).data == {**later, "location": "二楼"}


def law_of_refusal() -> None:
    """What an op may not change leaves the whole op without effect."""
    acts = [
        Act("a", 1, 100, {"kind": "hazard", "title": "一"}, action="create"),
        Act("b", 1, 110, {"kind": "register", "title": "二"}, SEEN),
        Act("b", 2, 120, {"office_term": "2026-12-01", "title": "三"}, SEEN),
        Act(OFFICE, 4, 130, {"office_term": "2026-12-02"}, SEEN),
    ]
    stands = {"kind": "hazard", "title": "一", "office_term": "2026-12-02"}
    assert merged("finding", acts).data == stands


LAWS: dict[str, Callable[[], None]] = {
    **{
        f"{FIELDS[type_][name].policy}: {type_}.{name}": partial(law_of_orders, type_, name)
        for type_, name in each_declaration()
    },
    "own order: a held write does not undo a later one": law_of_own_order,
    "immutable, server: a refused op has no effect": law_of_refusal,
}


#: the rules that all policies share show first where people have to settle
SHOWS_IN = {"existence": "review: answer", "trail": "review", "standing order": "review"}


def broken_laws(of: str) -> Iterator[str]:
    """The laws that the core breaks as it stands now; those of a policy or rule are tried first."""
    first = SHOWS_IN.get(of, of)
    for name in sorted(LAWS, key=lambda name: not name.startswith(first)):
        try:
            LAWS[name]()
        except AssertionError:
            yield name

"""A bundle that was changed anywhere is refused. Each vector, changed in every place, in every way
that a place can be changed."""

import copy

import pytest

from draw.verify import verify
from tests.draw.worlds import NAMES, vector

#: lists that are sets by the page: rows are sorted by their ids before they are hashed
UNORDERED = {("pool",), ("officers",)}
OTHER_VALUES = {
    str: lambda value: [value + "x", value[:-1], None, 7],
    int: lambda value: [value + 1, value - 1, float(value), str(value)],
    bool: lambda value: [not value, int(value), None],
    type(None): lambda value: ["x", 0, False],
}


def places(value, path=()):
    """Every place in a value, the outermost first."""
    yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))


def at(bundle, path):
    for key in path:
        bundle = bundle[key]
    return bundle


def changed_values(bundle):
    for path in places(bundle):
        value = at(bundle, path)
        for other in OTHER_VALUES.get(type(value), lambda _: [])(value):
            if type(other) is type(value) and other == value:
                continue
            changed = copy.deepcopy(bundle)
            at(changed, path[:-1])[path[-1]] = other
            yield path, f"{value!r} becomes {other!r}", changed


def changed_keys(bundle):
    for path in places(bundle):
        if isinstance(at(bundle, path), dict):
            for key in at(bundle, path):
                changed = copy.deepcopy(bundle)
                del at(changed, path)[key]
                yield path, f"without {key}", changed
            changed = copy.deepcopy(bundle)
            at(changed, path)["further"] = "x"
            yield path, "with a further key", changed


def changed_lists(bundle):
    for path in places(bundle):
        value = at(bundle, path)
        if not isinstance(value, list):
            continue
        for index in range(len(value)):
            for how, others in (
                ("removed", [*value[:index], *value[index + 1 :]]),
                ("twice", [*value[: index + 1], *value[index:]]),
                ("swapped", [*value[:index], *value[index + 1 : index + 2], value[index],
                             *value[index + 2 :]]),
            ):  # fmt: skip
                if others == value or (how == "swapped" and path in UNORDERED):
                    continue
                changed = copy.deepcopy(bundle)
                at(changed, path[:-1])[path[-1]] = others
                yield path, f"[{index}] {how}", changed
        for more in (None, "x", {}, 1):
            changed = copy.deepcopy(bundle)
            at(changed, path).append(more)
            yield path, f"{more!r} appended", changed


def is_bound_by_the_ledger_alone(path, changed):
    """An event's reason, so long as it is a text with something in it (the page says so)."""
    reason = at(changed, path) if path[-1:] == ("reason",) and path[0] == "events" else None
    return isinstance(reason, str) and reason != ""


@pytest.mark.parametrize("change", [changed_values, changed_keys, changed_lists])
@pytest.mark.parametrize("name", NAMES)
def test_a_vector_that_was_changed_anywhere_is_refused(name, change):
    accepted, tried = [], 0
    for path, how, changed in change(vector(name)):
        tried += 1
        if verify(changed).holds and not is_bound_by_the_ledger_alone(path, changed):
            accepted.append((path, how))
    assert tried > 20
    assert accepted == []


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_rows_changes_nothing(name):
    bundle = vector(name)
    bundle["pool"].reverse()
    bundle["officers"].reverse()
    assert verify(bundle).faults == []


def test_the_words_of_an_events_reason_are_bound_by_the_ledger_alone():
    bundle = vector("late-events")
    bundle["events"][0]["reason"] = "something else"
    assert verify(bundle).holds

"""N30 and N31, as pure figures."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import DomainError
from server.services.tasks.frequency import Check, FrequencyRules, add_months, assess, require_room

days = st.dates(date(2019, 10, 1), date(2040, 12, 31))


def checks(*found: tuple[str, date]) -> list[Check]:
    return [Check(f"t{n}", origin, day) for n, (origin, day) in enumerate(found)]


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 6, 30), 6, date(2026, 12, 30)),
        (date(2026, 7, 1), 6, date(2027, 1, 1)),
        (date(2026, 12, 31), 6, date(2027, 6, 30)),
        (date(2026, 1, 15), 12, date(2027, 1, 15)),
    ],
)
def test_months_are_calendar_months_and_end_with_the_month(day, months, then):
    assert add_months(day, months) == then


@given(days, st.integers(0, 60))
def test_months_never_leave_the_month_they_reach(day, months):
    then = add_months(day, months)
    assert (then.year * 12 + then.month) - (day.year * 12 + day.month) == months
    assert then.day <= day.day


def test_an_object_without_checks_is_free():
    free = assess([], day=date(2026, 11, 23))
    assert free.warnings == ()
    assert (free.counted_in_year, free.last_check_on, free.free_from) == (0, None, None)


def test_the_second_check_of_a_year_fits_and_the_third_does_not():
    one = checks(("drawn", date(2026, 1, 5)))
    assert assess(one, day=date(2026, 7, 5)).warnings == ()
    two = [*one, *checks(("drawn", date(2026, 7, 5)))]
    third = assess(two, day=date(2026, 12, 31))
    assert third.counted_in_year == 2
    assert third.warnings == ("cap_reached", "interval_too_short")
    assert assess(two, day=date(2027, 1, 5)).warnings == ()


def test_the_interval_crosses_the_end_of_the_year():
    last = checks(("drawn", date(2026, 8, 31)))
    assert assess(last, day=date(2027, 2, 27)).warnings == ("interval_too_short",)
    assert assess(last, day=date(2027, 2, 28)).warnings == ()
    assert assess(last, day=date(2027, 2, 27)).free_from == date(2027, 2, 28)


def test_a_check_planned_for_later_needs_its_distance_too():
    planned = checks(("drawn", date(2026, 12, 1)))
    assert assess(planned, day=date(2026, 6, 1)).warnings == ()
    short = assess(planned, day=date(2026, 6, 2))
    assert short.warnings == ("interval_too_short",)
    assert short.next_check_on == date(2026, 12, 1)


def test_rechecks_are_not_counted():
    rechecks = checks(*[("recheck", date(2026, 3, day)) for day in (1, 2, 3)])
    assert assess(rechecks, day=date(2026, 3, 10)).warnings == ()


def test_complaints_fill_the_cap_unless_the_switch_says_otherwise_and_always_the_interval():
    complaints = checks(("complaint", date(2026, 1, 5)), ("transferred", date(2026, 2, 5)))
    day = date(2026, 9, 1)
    assert assess(complaints, day=day).warnings == ("cap_reached",)
    loose = FrequencyRules(exempt_checks_count=False)
    assert assess(complaints, day=day, rules=loose).warnings == ()
    assert assess(complaints, day=date(2026, 3, 1), rules=loose).warnings == ("interval_too_short",)


@pytest.mark.parametrize("origin", ["complaint", "transferred", "recheck"])
def test_exempt_origins_are_warned_and_never_blocked(origin):
    full = assess(checks(("drawn", date(2026, 1, 5)), ("drawn", date(2026, 7, 5))),
                  day=date(2026, 8, 1))  # fmt: skip
    assert full.warnings
    require_room(full, origin=origin, override_reason=None)


@pytest.mark.parametrize("origin", ["drawn", "campaign", "other"])
def test_all_other_origins_are_blocked_unless_a_reason_overrides(origin):
    full = assess(checks(("drawn", date(2026, 7, 5))), day=date(2026, 8, 1))
    with pytest.raises(DomainError) as refused:
        require_room(full, origin=origin, override_reason=None)
    assert refused.value.code == "interval_too_short"
    assert refused.value.details["free_from"] == "2027-01-05"
    require_room(full, origin=origin, override_reason="上级督办")


@given(st.lists(days, max_size=6), days)
def test_a_day_without_warnings_keeps_both_rules(taken, day):
    found = assess(checks(*[("drawn", one) for one in taken]), day=day)
    if not found.warnings:
        assert sum(one.year == day.year for one in taken) < 2
        assert all(add_months(min(one, day), 6) <= max(one, day) for one in taken)


@given(st.lists(days, min_size=1, max_size=6))
def test_free_from_is_the_first_day_that_keeps_the_interval(taken):
    last = max(taken)
    found = assess(checks(*[("drawn", one) for one in taken]), day=last)
    later = checks(*[("drawn", one) for one in taken])
    assert "interval_too_short" not in assess(later, day=found.free_from).warnings
    before = found.free_from - timedelta(days=1)
    assert "interval_too_short" in assess(later, day=before).warnings

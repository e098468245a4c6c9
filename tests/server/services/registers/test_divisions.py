import pytest

from server.services.registers import divisions
from server.services.registers.divisions import (
    REGION_CODE,
    covering_prefix,
    covers,
    league_named,
    of_level,
)


def test_the_region_has_twelve_leagues_and_one_hundred_and_eight_divisions_below():
    assert len(of_level("league")) == 12
    assert len(of_level("banner")) == 103
    assert len(of_level("zone")) == 5
    assert len(of_level("banner", within="150100")) == 9


def test_every_division_lies_in_its_parent_and_is_named_after_it_in_the_table():
    seen = set()
    for division in divisions.all_divisions().values():
        if division.level != "region":
            assert division.parent_code in seen
            assert covers(division.parent_code, division.code)
        seen.add(division.code)


@pytest.mark.parametrize("name", ["呼和浩特", "呼和浩特市"])
def test_a_league_is_known_with_and_without_its_suffix(name):
    assert league_named(name).code == "150100"


def test_a_name_that_is_no_league_is_not_known():
    assert league_named("新城区") is None
    assert league_named("") is None


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("150000", "15"),
        ("150100", "1501"),
        ("150102", "150102"),
        ("150102000", "150102"),
        ("150102003", "150102003"),
        ("150102003007", "150102003007"),
        ("150102003000", "150102003"),
    ],
)
def test_the_digits_that_all_within_a_division_share(code, prefix):
    assert covering_prefix(code) == prefix


@pytest.mark.parametrize(
    "code", ["15010", "1501020", "abcdef", "", "110101", "１５０１０２", "150199"]
)
def test_codes_that_are_not_in_the_table(code):
    assert not divisions.is_known_code(code)


def test_only_a_banner_or_a_zone_settles_where_an_object_lies():
    settling = {code: divisions.is_settled_code(code) for code in (REGION_CODE, "150100")}
    assert not any(settling.values())
    assert divisions.is_settled_code("150102")
    assert divisions.is_settled_code("150102003")
    assert divisions.is_settled_code("150172")

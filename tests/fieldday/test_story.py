"""A claim that does not hold is told with what was seen, and remembered."""

import pytest

from bench.fieldday.day import Canaries
from bench.fieldday.story import Story


@pytest.fixture
def told():
    return []


@pytest.fixture
def story(told):
    return Story(told.append)


def test_a_story_whose_claims_hold_ends_well(story, told):
    story.act("Act of kindness")
    story.claim("one is one", 1 == 1)
    assert story.ended_well
    assert told == ["\nAct 1. Act of kindness", "  ✓ one is one"]


def test_a_failed_claim_shows_what_was_expected_and_what_was_seen(story, told):
    story.claim("one is two", 1 == 2, {"one": 1})
    story.claim("two is two", 2 == 2)
    assert not story.ended_well
    assert told[:2] == ["  ✗ expected: one is two", "    seen:     {'one': 1}"]


def test_a_story_that_checked_nothing_did_not_end_well(story):
    assert not story.ended_well


def test_what_breaks_a_story_is_a_claim_that_failed(story, told):
    story.broke(LookupError("nobody"))
    assert not story.ended_well
    assert told[-1] == "    seen:     LookupError: nobody"


def test_an_internal_text_that_got_out_is_found():
    canaries = Canaries()
    note = canaries.sing("note", "内部记")
    canaries.watch("telephone", "13912345678")
    assert canaries.found_in(f"公示：{note}") == ["note"]
    assert canaries.found_in("公示：无") == []

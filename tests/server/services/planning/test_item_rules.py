"""What a list may say, and what two lists say together."""

import hypothesis.strategies as st
from hypothesis import given

from server.services.planning.item_rules import (
    COLUMNS,
    differences,
    digest_of,
    faults_of,
    in_effect,
)
from tests.server.item_lists import item

LISTS = st.lists(st.sampled_from("ABCDEF"), unique=True, max_size=6).map(
    lambda codes: [item(code) for code in codes]
)
WORDED = st.lists(st.sampled_from("ABCDEF"), unique=True, max_size=6).map(
    lambda codes: [item(code, matter="worded anew") for code in codes]
)


@given(LISTS, WORDED)
def test_a_supplement_takes_nothing_away(base, supplement):
    codes = [each["code"] for each in in_effect(base, supplement)]
    assert codes[: len(base)] == [each["code"] for each in base]
    assert len(codes) == len(set(codes))
    assert set(codes) == {each["code"] for each in [*base, *supplement]}


@given(LISTS, WORDED)
def test_every_item_says_whose_it_is(base, supplement):
    codes = {each["code"] for each in base}
    for each in in_effect(base, supplement):
        anew = each["matter"] == "worded anew"
        wanted = ("refined" if each["code"] in codes else "added") if anew else "base"
        assert each["standing"] == wanted


def test_a_code_stands_once():
    assert faults_of([item("A"), item("A")], base=[]) == [
        {"item": 1, "code": "A", "fault": "repeated"}
    ]


def test_each_of_the_eight_columns_is_needed():
    for column in COLUMNS:
        assert faults_of([item("A", **{column: " "})], base=[]) == [
            {"item": 0, "code": "A", "field": column, "fault": "missing"}
        ]


def test_no_kind_of_object_is_taken_out_by_wording_an_item_anew():
    narrowed = item("A", object_kinds=["general", "small"])
    assert faults_of([narrowed], base=[item("A")]) == [
        {"item": 0, "code": "A", "fault": "removes", "object_kinds": ["key"]}
    ]
    assert faults_of([item("A", object_kinds=["general", "key", "small"])], base=[item("A")]) == []


@given(LISTS, LISTS, WORDED)
def test_differences_account_for_every_code(before, kept, anew):
    after = [*[each for each in kept if each["code"] not in {a["code"] for a in anew}], *anew]
    told = differences(before, after)
    old, new = ({each["code"] for each in side} for side in (before, after))
    assert set(told["added"]) == new - old
    assert set(told["removed"]) == old - new
    assert set(told["changed"]) == {each["code"] for each in anew} & old


def test_the_digest_tells_every_word():
    assert digest_of([item("A")]) == digest_of([dict(reversed(item("A").items()))])
    assert digest_of([item("A")]) != digest_of([item("A", ratio="5 %")])
    assert digest_of([item("A"), item("B")]) != digest_of([item("B"), item("A")])

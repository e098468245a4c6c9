"""Digests, by the vectors that strangers are given too; on both sides of the wire."""

import json
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from client import digest as theirs
from sync import digest as ours

VECTORS = json.loads((Path(__file__).parents[2] / "docs/vectors/digest.json").read_text())
SIDES = pytest.mark.parametrize("side", [ours, theirs], ids=["server", "client"])

NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False))
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=12,
)


@SIDES
@pytest.mark.parametrize("case", VECTORS["canonical"], ids=lambda case: case["json"][:30])
def test_json_is_written_by_rfc_8785(side, case):
    assert side.canonical(json.loads(case["json"])) == case["canonical"]


@SIDES
@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (5e-324, "5e-324"), (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"), (2.0**68, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"), (1e23, "1e+23"),
        (1.0000000000000001e23, "1.0000000000000001e+23"),
        (999999999999999700000.0, "999999999999999700000"), (1e21, "1e+21"),
        (9.999999999999997e-7, "9.999999999999997e-7"), (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"), (1424953923781206.2, "1424953923781206.2"),
    ],
)  # fmt: skip
def test_numbers_are_those_of_rfc_8785_appendix_b(side, number, text):
    assert side.canonical(number) == text


@SIDES
def test_entities_and_ranges_have_the_digests_of_the_vectors(side):
    digests = {}
    for case in VECTORS["entities"]:
        facts = case["type"], case["id"], case["rev"], case["data"]
        assert side.canonical(list(facts)) == case["canonical"]
        digests[f"{case['type']}/{case['id']}"] = digest = side.entity_digest(*facts)
        assert digest.hex() == case["digest"]
    for case in VECTORS["ranges"]:
        assert side.range_digest(digests[name] for name in case["entities"]).hex() == case["digest"]


@given(TREES)
def test_both_sides_write_the_same_and_reading_it_back_changes_nothing(tree):
    text = ours.canonical(tree)
    assert theirs.canonical(tree) == text
    assert ours.canonical(json.loads(text)) == text


@pytest.mark.parametrize(
    ("count", "lengths"),
    [(0, []), (1, [1]), (31, [1] * 31), (32, [1] * 32), (33, [2] * 16 + [1]), (64, [2] * 32)],
)
def test_a_range_is_split_into_at_most_32_parts_that_are_even(count, lengths):
    assert [len(part) for part in ours.split(range(count), 32)] == lengths

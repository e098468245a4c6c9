"""Weights are whole, bounded, told in words; a table that breaks the notice is refused."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from server.services.planning.weight_rules import balls_of, faults_of, weigh
from tests.server.weight_tables import content, factor

POINTS = st.integers(-99, 99).filter(bool)


@given(st.integers(1, 100), st.lists(st.tuples(POINTS, st.booleans()), max_size=8))
def test_a_weight_is_the_sum_of_its_reasons_within_bounds(base, drawn):
    factors = [
        factor(f"f{place}", points, kinds=["key"]) for place, (points, _) in enumerate(drawn)
    ]
    weight = weigh(content(*factors, base=base), [applies for _, applies in drawn])
    total = sum(reason["points"] for reason in weight.reasons)
    assert total == base + sum(points for points, applies in drawn if applies)
    assert weight.value == min(100, max(1, total))
    assert len(weight.reasons) == 1 + sum(applies for _, applies in drawn)


def test_low_risk_never_weighs_nothing_n28():
    calm = content(factor("calm", -99, tags=["低风险"]))
    assert weigh(calm, [True]).value == 1


def test_each_reason_is_told_in_words_n29():
    weight = weigh(content(factor("key", 3, kinds=["key"])), [True])
    assert [reason["label"] for reason in weight.reasons] == ["基准", "因 key"]


@pytest.mark.parametrize("base", [0, 101, -1])
def test_a_base_out_of_bounds_is_refused(base):
    assert faults_of(content(base=base)) == [{"field": "base", "fault": "out_of_bounds"}]


@pytest.mark.parametrize("base", [1, 100])
def test_a_base_at_its_bounds_is_taken(base):
    assert faults_of(content(base=base)) == []


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (factor("a", 0, kinds=["key"]), "no_points"),
        (factor("a", -1, complaints={"months": 12, "at_least": 2}), "trouble_weighs_less"),
        (
            factor("a", -1, hazards={"months": 12, "at_least": 1, "severity": "serious"}),
            "trouble_weighs_less",
        ),
        (factor("a", 1, clean={"months": 24, "at_least": 2}), "good_conduct_weighs_more"),
        (factor("base", 1, kinds=["key"]), "repeated"),
    ],
)
def test_a_factor_against_the_notice_is_refused_n27_n28(broken, fault):
    assert faults_of(content(broken)) == [{"factor": broken["code"], "fault": fault}]


def test_a_factor_stands_once():
    twice = content(factor("a", 1, kinds=["key"]), factor("a", 2, kinds=["small"]))
    assert faults_of(twice) == [{"factor": "a", "fault": "repeated"}]


@pytest.mark.parametrize("other", [6, 7])
def test_no_other_post_has_as_many_balls_as_full_time_supervisors_n18(other):
    table = content(posts={"专职消防监督员": 6, "防火参谋": other})
    assert faults_of(table) == [{"post": "防火参谋", "fault": "not_below_full_time"}]


@pytest.mark.parametrize("posts", [{"防火参谋": 3}, {"专职消防监督员": 0}])
def test_full_time_supervisors_have_balls(posts):
    assert faults_of(content(posts=posts)) == [
        {"post": "专职消防监督员", "fault": "full_time_has_none"}
    ]


def test_a_post_that_is_not_named_has_no_ball():
    assert balls_of(content(), "防火参谋") == 3
    assert balls_of(content(), "文员") == 0

"""Which of the national result types a check has."""

import pytest

from schemas.publication import RESULT_TYPES
from server.services.publishing.results import RESULTS, contradicts, derive_result


@pytest.mark.parametrize(
    ("outcome", "actions", "failed", "result"),
    [
        (None, [], 0, "no_problem"),
        ("none", [], 0, "no_problem"),
        (None, [], 1, "pending"),
        ("none", ["none"], 0, "pending"),
        (None, [None], 0, "pending"),
        (None, ["term_correction"], 1, "ordered_to_correct"),
        (None, ["oral_order", "immediate_correction"], 2, "ordered_to_correct"),
        (None, ["oral_order", None], 0, "pending"),
        ("term_correction", [], 0, "ordered_to_correct"),
        ("term_correction", [None, "none"], 3, "ordered_to_correct"),
        ("term_correction", ["temporary_seal"], 0, "pending"),
        ("temporary_seal", [], 0, "pending"),
        ("case_filed", ["oral_order"], 0, "pending"),
        ("transferred", [], 0, "pending"),
    ],
)
def test_the_result_follows_from_outcome_actions_and_failed_items(outcome, actions, failed, result):
    assert derive_result(outcome=outcome, hazard_actions=actions, failed_items=failed) == result


@pytest.mark.parametrize(
    ("chosen", "derived", "denied"),
    [
        ("no_problem", "no_problem", False),
        ("no_problem", "pending", True),
        ("no_problem", "ordered_to_correct", True),
        ("pending", "no_problem", True),
        ("ordered_to_correct", "no_problem", True),
        ("pending", "ordered_to_correct", False),
        ("uncooperative", "no_problem", False),
        ("uncooperative", "pending", False),
        ("no_such_business", "no_problem", False),
    ],
)
def test_a_chosen_result_may_not_deny_what_was_found(chosen, derived, denied):
    assert contradicts(chosen, derived) is denied


def test_the_wire_knows_the_same_eight_results():
    assert tuple(RESULTS) == RESULT_TYPES
    assert len(RESULTS) == 8

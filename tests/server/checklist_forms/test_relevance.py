"""When an item applies."""

import pytest

from server.checklist_forms.relevance import is_relevant, parse_relevant
from server.services.review.completeness import find_gaps


@pytest.mark.parametrize(
    ("relevant", "values", "applies"),
    [
        ("", {}, True),
        ("${a} = 'yes'", {"a": "yes"}, True),
        ("${a} = 'yes'", {"a": "no"}, False),
        ("${a} = 'yes'", {}, False),
        ("${a} != 'yes'", {}, True),
        ("${a}='yes' and ${b} != \"fail\"", {"a": "yes", "b": "pass"}, True),
        ("${a}='yes' and ${b} != \"fail\"", {"a": "yes", "b": "fail"}, False),
        ("${a} = 'x and ${b}'", {"a": "x and ${b}"}, True),
    ],
)
def test_all_conditions_must_hold(relevant, values, applies):
    assert is_relevant({"relevant": relevant}, values) is applies


@pytest.mark.parametrize("text", ["", "yes", "${a}", "${a} = 3", "${a} = 'x' or ${b} = 'y'"])
def test_anything_else_is_not_understood(text):
    assert parse_relevant(text) is None


def test_an_item_without_a_condition_always_applies():
    assert is_relevant({}, {"a": "no"})


def test_a_required_item_that_does_not_apply_is_no_gap():
    items = [
        {"code": "a", "text": "甲", "answer_kind": "yes_no", "required": True},
        {"code": "b", "text": "乙", "answer_kind": "verdict", "required": True,
         "relevant": "${a} = 'yes'"},
    ]  # fmt: skip

    def gaps(value: str) -> list[str]:
        documents = {"answer": {"t.a": {"value": value}}}
        return [gap.id for gap in find_gaps(task_id="t", items=items, documents=documents)]

    assert gaps("no") == []
    assert gaps("yes") == ["t.b"]

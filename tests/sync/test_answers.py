"""An answer fits the kind of its item."""

import pytest

from sync.answers import check_answer

CHOICES = [{"value": "shop", "label": "小商店"}, {"value": "hotel", "label": "小旅馆"}]


@pytest.mark.parametrize(
    ("kind", "fitting", "unfitting"),
    [
        ("verdict", ["pass", "fail", "not_applicable"], ["yes", 1, ""]),
        ("yes_no", ["yes", "no", "not_applicable"], ["pass", True]),
        ("select", ["shop", "hotel"], ["小商店", "cinema", 1]),
        ("number", [0, 1.5, -3], ["3", True]),
        ("text", ["", "任何话"], [3]),
    ],
)
def test_a_value_fits_the_kind_of_its_item_or_is_refused(kind, fitting, unfitting):
    item = {"answer_kind": kind, "options": CHOICES}
    assert all(check_answer(item, value) for value in [*fitting, None])
    assert not any(check_answer(item, value) for value in unfitting)

"""The table of a task's steps."""

import pytest

from sync.entities import TASK_STATUSES
from sync.tasks import (
    DEVICE_STEPS,
    REASSIGNABLE,
    STATUSES,
    STEPS,
    StepRefused,
    allowed_steps,
    take_step,
)


def test_a_task_goes_from_draft_to_closed():
    status, round_ = "draft", 1
    for step in ("assign", "start", "submit", "approve", "close"):
        status, round_ = take_step(step, status=status, round_=round_)
    assert (status, round_) == ("closed", 1)


def test_sending_back_opens_a_new_round():
    assert take_step("send_back", status="submitted", round_=1) == ("in_progress", 2)


@pytest.mark.parametrize("status", ["reviewed", "closed", "cancelled"])
def test_what_is_settled_cannot_be_cancelled(status):
    with pytest.raises(StepRefused):
        take_step("cancel", status=status, round_=1)


def test_a_cancelled_and_a_closed_task_allow_nothing():
    assert allowed_steps("cancelled") == allowed_steps("closed") == []


def test_every_step_leads_between_known_statuses():
    for step in STEPS.values():
        assert step.sources <= set(STATUSES)
        assert step.target in STATUSES
    assert set(STATUSES) >= REASSIGNABLE
    assert (*TASK_STATUSES, "cancelled") == STATUSES


def test_only_sending_back_goes_backwards():
    order = {status: place for place, status in enumerate(STATUSES)}
    back = [
        name
        for name, step in STEPS.items()
        if any(order[step.target] <= order[source] for source in step.sources)
    ]
    assert back == ["send_back"]


def test_a_device_may_only_start_and_submit():
    assert {STEPS[step].target for step in DEVICE_STEPS.values()} == {"in_progress", "submitted"}
    assert all(STEPS[step].target == status for status, step in DEVICE_STEPS.items())

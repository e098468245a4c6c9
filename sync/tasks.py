"""The life of a task (检查任务) as one table of allowed steps; pure, for every part that moves one.

`draft → assigned → in_progress → submitted → reviewed → closed`, or `cancelled`. Sending back is
an act of the office and opens a new round.
"""

from typing import Final, NamedTuple

STATUSES: Final = (
    "draft", "assigned", "in_progress", "submitted", "reviewed", "closed", "cancelled",
)  # fmt: skip
ORIGINS: Final = ("drawn", "campaign", "complaint", "transferred", "recheck", "other")
#: Exempt from the draw (notice 2019-49, part 一): complaints, transfers and rechecks.
EXEMPT_ORIGINS: Final = frozenset({"complaint", "transferred", "recheck"})
#: What a person may make by hand (N4); all other tasks come out of a draw.
HAND_MADE_ORIGINS: Final = EXEMPT_ORIGINS | {"other"}
ROLES: Final = ("lead", "assistant")

#: While a task is in one of these, officers may still be exchanged.
REASSIGNABLE: Final = frozenset({"assigned", "in_progress"})
#: The check was approved: it belongs to the object's history.
SETTLED: Final = frozenset({"reviewed", "closed"})


class Step(NamedTuple):
    """One allowed step: from which statuses, to which, and whether it opens a new round."""

    sources: frozenset[str]
    target: str
    opens_round: bool = False


#: A device that worked without a network may tell of the start and the submission at once.
STEPS: Final[dict[str, Step]] = {
    "assign": Step(frozenset({"draft"}), "assigned"),
    "start": Step(frozenset({"assigned"}), "in_progress"),
    "submit": Step(frozenset({"assigned", "in_progress"}), "submitted"),
    "send_back": Step(frozenset({"submitted"}), "in_progress", opens_round=True),
    "approve": Step(frozenset({"submitted"}), "reviewed"),
    "close": Step(frozenset({"reviewed"}), "closed"),
    "cancel": Step(frozenset({"draft", "assigned", "in_progress", "submitted"}), "cancelled"),
}

#: The steps that a device asks for, by the status that it writes.
DEVICE_STEPS: Final[dict[str, str]] = {"in_progress": "start", "submitted": "submit"}


class StepRefused(Exception):
    """The task's status does not allow this step."""


def take_step(step: str, *, status: str, round_: int) -> tuple[str, int]:
    """Status and round after a step. Raises StepRefused where the table does not allow it."""
    allowed = STEPS[step]
    if status not in allowed.sources:
        raise StepRefused(f"{step} is not allowed from {status}")
    return allowed.target, round_ + allowed.opens_round


def allowed_steps(status: str) -> list[str]:
    """The steps that a status allows, in the order of the table."""
    return [name for name, step in STEPS.items() if status in step.sources]

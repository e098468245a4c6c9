"""Officers work at random on real devices over a bad network; whatever happens, nothing is lost.

The devices are the reference device's, the server is the real app; `model` says what must stand.
"""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.simulator.checks import check_feeds, check_mirrors, check_model, check_receipts
from tests.simulator.crew import DEVICES, TASKS, Crew
from tests.simulator.deeds import DEEDS, WHICH, Desk, do
from tests.simulator.network import GOES_WELL, MISHAPS
from tests.simulator.record import Record
from tests.world import World

EXAMPLES = {"sqlite": 12, "postgresql": 6}
STEPS = 20

WHO = st.sampled_from(sorted(DEVICES))
EVERYBODY = st.permutations(sorted(DEVICES))
FATES = st.lists(st.sampled_from([GOES_WELL, *MISHAPS]), max_size=4)


class FieldWork(RuleBasedStateMachine):
    """What may happen. `world` is set by the test that runs it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.crew = Crew(self.world)
        self.record = Record()
        self.desk = Desk(self.crew, self.record)

    def teardown(self) -> None:
        self.everybody_meets()
        self.crew.close()

    @initialize(deeds=st.lists(DEEDS, min_size=3, max_size=6))
    def a_first_visit(self, deeds: list[Any]) -> None:
        """Something is there that all have seen."""
        self.crew.everybody_syncs()
        for deed in deeds:
            do(self.desk, "phone", deed)
        self.crew.everybody_syncs()

    @rule(days=st.lists(st.tuples(WHO, DEEDS), min_size=6, max_size=24))
    def all_work_apart(self, days: list[tuple[str, Any]]) -> None:
        for who, deed in days:
            do(self.desk, who, deed)

    @rule(way=st.lists(st.tuples(WHO, FATES), min_size=2, max_size=8))
    def some_sync(self, way: list[tuple[str, list[str]]]) -> None:
        for who, fates in way:
            self.crew.pockets[who].sync(*fates)

    @rule(who=WHO, fates=FATES)
    def one_begins_anew_from_nothing(self, who: str, fates: list[str]) -> None:
        self.crew.pockets[who].sync(*fates, from_start=True)

    @rule(order=EVERYBODY)
    def what_was_delayed_arrives(self, order: list[str]) -> None:
        for who in order:
            self.crew.pockets[who].network.deliver_delayed()

    @rule(choices=st.lists(st.tuples(WHICH, WHICH), min_size=1, max_size=3))
    def the_supervisor_settles(self, choices: list[tuple[int, int]]) -> None:
        for which, choice in choices:
            self.desk.settle_as_supervisor(which, choice)

    @rule(task=st.integers(0, TASKS - 1))
    def the_assistant_is_replaced(self, task: int) -> None:
        self.crew.replace_assistant(self.crew.tasks[task])

    @rule()
    def everybody_meets(self) -> None:
        self.crew.everybody_syncs()
        self.record.read(self.crew)
        check_mirrors(self.crew)
        check_feeds(self.crew)
        check_receipts(self.crew, self.record)
        check_model(self.crew, self.record)


@pytest.mark.slow
def test_nothing_that_anybody_wrote_is_lost_whatever_the_network_does(world):
    class Here(FieldWork):
        pass

    Here.world = world
    kind = "sqlite" if world.parts.database.is_sqlite else "postgresql"
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES[kind], stateful_step_count=STEPS, deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip

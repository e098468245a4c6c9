"""A backup is restored while everybody works: the devices bring back all that the server forgot."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.server.sync.copies import backed_up, on_a_copy
from tests.simulator.crew import LEAD, Crew
from tests.simulator.deeds import DEEDS, Desk, do
from tests.simulator.record import Record

WRITERS = ("phone", "tablet", "handheld")
DAY = st.lists(st.tuples(st.sampled_from(WRITERS), DEEDS), min_size=8, max_size=20)
TIMES = frozenset({"at", "opened_at", "resolved_at", "key"})


class WorkingDay:
    """The clock of all devices: deeds lie minutes apart, hours ago; what is sent is sent now. So
    that the milliseconds of a transport never decide which of two writes was later."""

    def __init__(self) -> None:
        self.written: datetime | None = datetime.now(UTC) - timedelta(hours=20)

    def __call__(self) -> datetime:
        return self.written or datetime.now(UTC)

    def work(self, desk: Desk, day: Any, since: datetime) -> datetime:
        for who, deed in day:
            since += timedelta(minutes=1)
            self.written = since
            do(desk, who, deed)
        self.written = None
        return since


def held(crew: Crew) -> Any:
    """What the lead holds, without versions, times, and keys made of them. Of a conflict that was
    settled, who settled it last is told by the order of arrival."""
    return {
        key: json.dumps(_timeless(data), sort_keys=True, ensure_ascii=False)
        for key, (_, data) in crew.held_by(LEAD).items()
        if data.get("state") != "resolved"
    }


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(each) for name, each in value.items() if name not in TIMES}
    return [_timeless(each) for each in value] if isinstance(value, list) else value


@pytest.mark.slow
@settings(
    max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(before=DAY, after=DAY, unsent=DAY, order=st.permutations(WRITERS))
def test_what_was_answered_after_the_backup_comes_back_with_what_was_never_sent(
    world, before, after, unsent, order
):
    crew, clock = Crew(world), WorkingDay()
    for pocket in crew.pockets.values():
        pocket.device.clock = clock
    desk = Desk(crew, Record())
    clock.written = None
    crew.everybody_syncs()
    noon = clock.work(desk, before, datetime.now(UTC) - timedelta(hours=20))
    crew.everybody_syncs()
    with backed_up(world.app) as backup:
        evening = clock.work(desk, after, noon)
        crew.everybody_syncs()
        known = held(crew)
        with on_a_copy(world.app, backup):
            begun = world.app.test_cli_runner().invoke(args=["sync", "new-epoch"])
            assert begun.exit_code == 0, begun.output
            for name in order:
                report = crew.pockets[name].sync()
                assert report is not None
                assert report.resynced
            crew.everybody_syncs()
            assert held(crew) == known
            check_all_receipts(crew)
            clock.work(desk, unsent, evening)
            crew.everybody_syncs()
        crew.close()


def check_all_receipts(crew: Crew) -> None:
    """Nothing that was ever sent is unknown to the server, or waits there."""
    for pocket in crew.pockets.values():
        statuses = {receipt["status"] for receipt in pocket.receipts().values()}
        assert statuses <= {"applied", "merged", "conflict", "rejected"}, statuses
        assert not pocket.device.pending().ops

"""Deletions that break off at a step."""

from collections.abc import Callable

import pytest

from server import failpoints
from tests.server.retention.closed import carry_out
from tests.world import World


class Struck(BaseException):
    """What a step raises: passes every handler as a kill would, and is seen by the test alone."""


@pytest.fixture
def break_off(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Carry the acts out up to a point, in this process."""

    def until(point: str) -> None:
        def act(reached: str) -> None:
            if reached == point:
                monkeypatch.setattr(failpoints, "_acts", [])
                raise Struck

        monkeypatch.setattr(failpoints, "_acts", [act])
        with pytest.raises(Struck):
            carry_out(world)

    return until

import pytest

from tests.server.drawing.stage import Stage


@pytest.fixture
def stage(world):
    return Stage(world)

import pytest

from tests.server.drawing.stage import Stage
from tests.server.practice.school import opened


@pytest.fixture
def stage(world):
    return Stage(world)


@pytest.fixture
def school(world):
    return opened(world)

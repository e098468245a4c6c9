"""What every test of custody begins with."""

import pytest

from tests.server.services.custody.evidence import verified_photo
from tests.world import World


@pytest.fixture
def task_id(world: World) -> str:
    """A task of the lead."""
    return world.task()


@pytest.fixture
def photo_id(world: World, task_id: str) -> str:
    """A photo of it that was declared and came."""
    return verified_photo(world, task_id)

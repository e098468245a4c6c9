from collections.abc import Iterator
from pathlib import Path

import pytest

from server.config import Settings
from tests.server_process import ServerProcess, serving
from tests.world import World


@pytest.fixture
def server(settings: Settings, world: World, tmp_path: Path) -> Iterator[ServerProcess]:
    """A real server on the database and the data folder of `world`."""
    with serving(settings, folder=tmp_path) as running:
        yield running

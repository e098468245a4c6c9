"""People whom several parts of the API are tried with."""

import pytest


@pytest.fixture
def corps(world):
    return world.account("corps-sup", role="supervisor", organisation="corps")


@pytest.fixture
def detachment(world):
    return world.account("det-sup", role="supervisor", organisation="det")

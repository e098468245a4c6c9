"""A server with a key of its own."""

import pytest

from server.signing import Signer

ORIGIN = "127.0.0.1:8000/ledger"


@pytest.fixture
def signer(world):
    return world.parts.settings.signer


@pytest.fixture
def stranger():
    return Signer(ORIGIN, b"\x09" * 32)

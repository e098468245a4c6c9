"""Fixtures that every test may use: both databases, an app, a small invented world."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server import create_app
from server.config import Settings
from server.parts import parts_of
from tests.databases import KINDS, fresh_database
from tests.world import World

SECRET = "a secret for tests only, of more than thirty-two bytes"


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database; each test that asks for it runs on both kinds."""
    with fresh_database(request.param) as url:
        yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(secret_key=SECRET, database_url=database_url, data_dir=tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    parts_of(app).database.engine.dispose()


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    """A client without a token."""
    return app.test_client()


@pytest.fixture
def world(app: Flask) -> World:
    """One detachment, two brigades, officers with accounts and devices, objects, a checklist."""
    return World(app)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real registers and photos; tests that need it are skipped without it."""
    default = Path(__file__).parent.parent.parent / "shared" / "data"
    folder = Path(os.environ.get("SUIJIAN_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set SUIJIAN_DATA)")
    return folder

"""Fixtures that every test may use: both databases, an app, a small invented world."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from server import create_app, put_together
from server.config import Settings
from tests.databases import KINDS, fresh_database
from tests.engines import share_what_is_compiled
from tests.postgres import at_the_end
from tests.world import World

#: a busy machine is no failure: no test looks at the clock
hypothesis_settings.register_profile(
    "suijian", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("suijian")

SECRET = "a secret for tests only, of more than thirty-two bytes"
LEDGER_KEY = base64.b64encode(b"\x07" * 32).decode()


def pytest_sessionfinish() -> None:
    """Take away what the tests' databases need beyond them."""
    at_the_end.close()


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh database; each test that asks for it runs on both kinds."""
    with fresh_database(request.param) as url:
        yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        secret_key=SECRET, ledger_key=LEDGER_KEY, database_url=database_url, data_dir=tmp_path
    )


@pytest.fixture(scope="session")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The app with its routes and its description, which take a while to make."""
    nowhere = tmp_path_factory.mktemp("no-data")
    return create_app(
        Settings(secret_key=SECRET, database_url="sqlite://", data_dir=nowhere, log_level="ERROR")
    )


@pytest.fixture
def app(routes: Flask, settings: Settings) -> Iterator[Flask]:
    """The app on this test's database, folder and settings."""
    routes.extensions["suijian"] = parts = put_together(settings)
    share_what_is_compiled(parts.database.engine)
    routes.config["MAX_CONTENT_LENGTH"] = settings.max_request_bytes
    yield routes
    parts.database.engine.dispose()


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

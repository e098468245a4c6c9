"""A browser of this machine, if it has one, and a server whose database the world shares."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from server.config import Settings
from tests.databases import fresh_database
from tests.server.drawing.stage import Stage
from tests.server_process import ServerProcess, serving
from tests.world import World

CHROMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMES)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(CHROMES)} is installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def database_url() -> Iterator[str]:
    """One kind: what differs between databases is not seen from a page."""
    with fresh_database("sqlite") as url:
        yield url


@pytest.fixture
def server(world: World, settings: Settings) -> Iterator[ServerProcess]:
    with serving(settings, folder=settings.data_dir) as running:
        yield running


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage(world)


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    """A phone of its own: nothing is kept from another."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN")
    yield context
    context.close()

from pathlib import Path

import pytest

from tests.media.places import LocalPlace, Place, S3Place
from tests.object_storage import object_storage


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where bytes lie; each test that asks for it runs in every kind of place."""
    if request.param == "folder":
        return LocalPlace(tmp_path / "place")
    return S3Place(object_storage())

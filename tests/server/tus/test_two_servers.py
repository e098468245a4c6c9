"""Two app servers on one PostgreSQL and one bucket: an upload belongs to neither."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import requests

from server.config import Settings
from tests.databases import fresh_database
from tests.object_storage import object_storage
from tests.server.in_bucket import bucket_name, in_bucket, lying_in
from tests.server.tus.speaker import (
    begin,
    declare,
    digest,
    head,
    new_photo_id,
    patch,
    photo,
    state_of,
)
from tests.server.tus.test_killed_server import cut_request, headers_of, resume
from tests.server_process import ServerProcess, serving
from tests.world import World

Servers = tuple[ServerProcess, ServerProcess]


@pytest.fixture(params=["postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Several machines need a database that all of them reach."""
    with fresh_database(request.param) as url:
        yield url


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return in_bucket(settings)


@pytest.fixture
def servers(settings: Settings, world: World, tmp_path: Path) -> Iterator[Servers]:
    """Each with a data folder of its own, as on machines of their own."""
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
    with (
        serving(replace(settings, data_dir=folders[0]), folder=folders[0]) as one,
        serving(replace(settings, data_dir=folders[1]), folder=folders[1]) as other,
    ):
        yield one, other


@cache
def big_photo() -> bytes:
    """More than two parts of a multipart upload."""
    return photo(width_px=5200, height_px=3700)


def test_an_upload_begun_on_one_goes_on_at_the_other_though_the_first_was_killed(
    world: World, servers: Servers
):
    one, other = servers
    data, photo_id = big_photo(), new_photo_id()
    assert len(data) > 2 * 5 * 1024 * 1024
    declare(world.lead, world.task(), photo_id, data)
    path = begin(world.lead, data, photo_id)
    answered = 1_000_000
    sent = requests.patch(
        f"{one.api}{path}", data=data[:answered], headers=headers_of(world.lead, 0)
    )
    assert sent.headers["Upload-Offset"] == str(answered)
    with cut_request(one, world.lead, path, data, sent=len(data) - 1000, offset=answered):
        upload_id = path.rpartition("/")[2]
        one.wait_until(
            lambda: world.parts.media.uploads.offset(upload_id) > answered, "a part counts"
        )
        taken = requests.patch(
            f"{other.api}{path}", data=b"x", headers=headers_of(world.lead, answered)
        )
        assert (taken.status_code, taken.json()["code"]) == (423, "upload_locked")
        one.kill()
    other.wait_until(
        lambda: requests.head(f"{other.api}{path}", headers=headers_of(world.lead, 0)).ok, "free"
    )
    assert int(head(world.lead, path).headers["Upload-Offset"]) > answered
    assert resume(other, world.lead, path, data).status_code == 204
    with world.parts.media.originals.open(digest(data)) as stored:
        assert stored.read() == data
    assert state_of(world.lead, photo_id)["state"] == "verified"
    assert len(lying_in(world.parts.settings)) == 1


def test_pieces_may_come_over_either_and_never_over_both_at_once(world: World, servers: Servers):
    one, other = servers
    data = big_photo()
    path = begin(world.lead, data)
    middle = 6_000_000
    with cut_request(one, world.lead, path, data[:middle], sent=middle - 1) as line:
        one.wait_until(
            lambda: object_storage().multiparts(_bucket(world)) != [], "a part has gone up"
        )
        second = requests.patch(f"{other.api}{path}", data=data, headers=headers_of(world.lead, 0))
        assert (second.status_code, second.json()["code"]) == (423, "upload_locked")
        line.sendall(data[middle - 1 : middle])
        assert line.recv(100).startswith(b"HTTP/1.1 204")
    assert patch(world.lead, path, b"x", 0).get_json()["details"] == {"offset": middle}
    assert resume(other, world.lead, path, data).status_code == 204
    assert world.parts.media.originals.exists(digest(data))


def _bucket(world: World) -> str:
    return bucket_name(world.parts.settings)

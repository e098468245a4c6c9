"""Photos in object storage: seen by people, swept, and what is told when the storage is away."""

import io
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import select

from bench.fieldday.line import Line
from media.darkroom import Darkroom
from media.s3.uploads import S3Uploads
from server.clock import now
from server.config import Settings
from server.models import Derivative, Upload
from server.services.evidence.derivatives import WAITS, make_derivatives
from server.services.evidence.sweep import sweep_uploads
from tests.object_storage import object_storage
from tests.server.evidence.facts import kinds_of_custody
from tests.server.in_bucket import bucket_name, in_bucket, lying_in
from tests.server.services.custody.evidence import faults_of, names_of, verified
from tests.server.tus.speaker import (
    begin,
    declare,
    digest,
    head,
    new_photo_id,
    patch,
    photo,
    state_of,
    upload,
)
from tests.world import World

LATER = timedelta(hours=168)
PIECE = 50_000


@pytest.fixture
def line() -> Iterator[Line]:
    """The server's line to its storage, for the test to cut."""
    line = Line(object_storage().port)
    line.up()
    yield line
    line.close()


@pytest.fixture
def link_minutes() -> int:
    return 5


@pytest.fixture
def settings(settings: Settings, line: Line, link_minutes: int) -> Settings:
    return in_bucket(settings, url=line.address, link_minutes=link_minutes)


def make(world: World, *, later: timedelta = timedelta()) -> None:
    """Make the small pictures that are due."""
    with closing(Darkroom()) as darkroom:
        parts = world.parts
        make_derivatives(parts.database, parts.media, now=now() + later, darkroom=darkroom)


@pytest.fixture
def seen(world: World) -> tuple[str, bytes]:
    """A verified photo with its thumbnail: its id and its bytes."""
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    assert upload(world.lead, data, photo_id).status_code == 204
    make(world)
    return photo_id, data


def test_an_original_is_fetched_from_the_storage_under_an_address_for_minutes(
    world: World, seen: tuple[str, bytes]
):
    photo_id, data = seen
    answer = world.supervisor.get(f"/photos/{photo_id}/original")
    assert (answer.status_code, answer.data) == (302, b"")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert kinds_of_custody(world, photo_id).count("viewed") == 1
    address = answer.headers["Location"]
    assert parse_qs(urlsplit(address).query)["X-Amz-Expires"] == ["300"]
    fetched = requests.get(address)
    assert fetched.content == data
    assert fetched.headers["Content-Type"] == "image/jpeg"
    assert fetched.headers["Content-Disposition"] == f'attachment; filename="{photo_id}.jpg"'


def test_whoever_may_not_see_a_photo_gets_no_address(world: World, seen: tuple[str, bytes]):
    answer = world.outsider.get(f"/photos/{seen[0]}/original")
    assert (answer.status_code, "Location" in answer.headers) == (404, False)
    assert "viewed" not in kinds_of_custody(world, seen[0])


@pytest.mark.parametrize("link_minutes", [0])
def test_where_browsers_cannot_reach_the_storage_photos_pass_through_the_server(
    world: World, seen: tuple[str, bytes]
):
    photo_id, data = seen
    answer = world.supervisor.get(f"/photos/{photo_id}/original")
    assert (answer.status_code, answer.data) == (200, data)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert kinds_of_custody(world, photo_id).count("viewed") == 1


def test_a_thumbnail_passes_through_the_server(world: World, seen: tuple[str, bytes]):
    small = world.lead.get(f"/photos/{seen[0]}/thumbnail")
    assert (small.status_code, small.headers["Content-Type"]) == (200, "image/jpeg")
    assert small.data.startswith(b"\xff\xd8")


def test_an_upload_goes_on_when_the_storage_is_back(world: World, line: Line):
    data = photo(width_px=400, height_px=300)
    path = begin(world.lead, data)
    assert patch(world.lead, path, data[:PIECE], 0).status_code == 204
    line.down()
    for answer in (
        patch(world.lead, path, data[PIECE:], PIECE),
        world.lead.call("HEAD", path, headers={"Tus-Resumable": "1.0.0"}),
    ):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 5
    assert patch(world.lead, path, data[PIECE:], PIECE).get_json()["code"] == "store_unavailable"
    line.up()
    assert head(world.lead, path).headers["Upload-Offset"] == str(PIECE)
    assert patch(world.lead, path, data[PIECE:], PIECE).status_code == 204
    with world.parts.media.originals.open(digest(data)) as stored:
        assert stored.read() == data


def test_a_line_that_breaks_once_is_tried_again(world: World, line: Line):
    data = photo(width_px=400, height_px=300)
    path = begin(world.lead, data)
    line.lose_answer_to("PUT /")
    assert patch(world.lead, path, data[:PIECE], 0).status_code == 204
    assert patch(world.lead, path, data[PIECE:], PIECE).status_code == 204
    assert world.parts.media.originals.exists(digest(data))


def test_nothing_begins_without_the_storage_and_nothing_is_left_of_it(world: World, line: Line):
    line.down()
    answer = world.lead.call(
        "POST", "/files", headers={"Tus-Resumable": "1.0.0", "Upload-Concat": "partial",
                                   "Upload-Length": "5"},
    )  # fmt: skip
    assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
    with world.parts.database.read() as session:
        assert session.scalars(select(Upload)).all() == []


def test_a_storage_that_is_away_while_a_photo_is_judged_makes_no_photo_bad(
    world: World, line: Line
):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    path = begin(world.lead, data, photo_id)
    line.break_within(f"GET /{bucket_name(world.parts.settings)}/photos/uploads", lets_through=0)
    answers = [patch(world.lead, path, data, 0).status_code]
    while answers[-1] == 503:
        answers.append(patch(world.lead, path, b"", len(data)).status_code)
    assert answers[-1] == 204
    assert state_of(world.lead, photo_id)["state"] == "verified"


def test_a_storage_that_is_away_is_no_fault_of_a_picture(world: World, line: Line):
    data = photo()
    upload(world.lead, data)
    line.down()
    with pytest.raises(OSError, match=r"Could not connect|Connection"):
        make(world)
    with world.parts.database.read() as session:
        assert set(session.scalars(select(Derivative.attempts))) == {0}
    line.up()
    make(world, later=WAITS[0])
    for small in world.parts.media.derivatives.values():
        assert small.open(digest(data)) is not None


def test_a_bucket_that_is_not_there_is_told_as_what_waiting_does_not_cure(world: World):
    uploads = world.parts.media.uploads
    assert isinstance(uploads, S3Uploads)
    uploads._bucket.name = "no-such-bucket"
    answer = world.lead.call(
        "POST", "/files", headers={"Tus-Resumable": "1.0.0", "Upload-Concat": "partial",
                                   "Upload-Length": "5"},
    )  # fmt: skip
    assert (answer.status_code, answer.get_json()["code"]) == (503, "store_refused")
    assert "Retry-After" not in answer.headers
    assert "flask media check" in answer.get_json()["message"]


def test_the_sweep_takes_unfinished_uploads_with_their_parts(world: World):
    path = begin(world.lead, photo(), length=12_000_000)
    assert patch(world.lead, path, bytes(6_000_000), 0).status_code == 204
    assert len(lying_in(world.parts.settings)) == 2
    parts = world.parts
    sweep_uploads(parts.database, parts.media, parts.settings, now=now() + LATER)
    assert lying_in(parts.settings) == []
    assert head(world.lead, path).status_code == 404


def test_what_a_kill_left_between_store_and_row_becomes_evidence(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    path = begin(world.lead, data, photo_id)
    media = world.parts.media
    with media.uploads.locked(path.rpartition("/")[2]) as partial:
        partial.append(io.BytesIO(data), offset=0, limit_bytes=len(data))
        media.originals.take(partial.finish(len(data)))
    sweep_uploads(world.parts.database, media, world.parts.settings, now=now())
    assert state_of(world.lead, photo_id)["state"] == "verified"
    assert [key.partition("/")[0] for key in lying_in(world.parts.settings)] == ["originals"]


def test_what_lies_in_a_bucket_is_verified_like_files(world: World, settings: Settings):
    none = b"%PDF-1.7 " + bytes(300)
    declare(world.lead, world.task(), photo_id := new_photo_id(), photo())
    upload(world.lead, photo(), photo_id)
    upload(world.lead, none)
    make(world)
    faults, checked = verified(world)
    assert (faults, checked.originals, checked.derivatives, checked.quarantined) == ([], 1, 2, 1)
    client, bucket = object_storage().client, bucket_name(settings)
    aside = f"photos/quarantine/{digest(none)[:2]}/{digest(none)}"
    original = f"photos/originals/{digest(photo())[:2]}/{digest(photo())}"
    client.put_object(Bucket=bucket, Key=original, Body=b"?" + photo()[1:])
    client.put_object(Bucket=bucket, Key=aside, Body=none[:-1])
    assert names_of(faults_of(world)) == ["file-changed", "file-truncated"]
    client.delete_object(Bucket=bucket, Key=aside)
    assert names_of(faults_of(world)) == ["file-changed", "file-missing"]

"""Who may see a photo, and that an original's viewing is noted."""

import io

import pytest
from PIL import Image

from server.clock import now
from server.services.evidence.derivatives import make_derivatives
from tests.media.pictures import clip, oriented_jpeg
from tests.server.evidence.facts import kinds_of_custody
from tests.server.tus.speaker import declare, new_photo_id, photo, upload
from tests.world import World


@pytest.fixture
def seen(world: World) -> tuple[str, bytes]:
    """A verified photo: its id and its bytes."""
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    upload(world.lead, data, photo_id)
    make_derivatives(world.parts.database, world.parts.media, now=now())
    return photo_id, data


@pytest.mark.parametrize("who", ["lead", "assistant", "supervisor", "admin", "auditor"])
def test_holders_and_their_superiors_see_it(world: World, seen: tuple[str, bytes], who: str):
    photo_id, data = seen
    answer = getattr(world, who).get(f"/photos/{photo_id}/original")
    assert (answer.status_code, answer.data) == (200, data)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"] == f"attachment; filename={photo_id}.jpg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert kinds_of_custody(world, photo_id).count("viewed") == 1
    small = getattr(world, who).get(f"/photos/{photo_id}/thumbnail")
    assert (small.status_code, small.headers["Content-Type"]) == (200, "image/jpeg")
    assert small.headers["Cache-Control"] == "private, max-age=3600"
    assert small.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("who", ["outsider", "other_supervisor"])
@pytest.mark.parametrize("what", ["original", "thumbnail"])
def test_others_do_not(world: World, seen: tuple[str, bytes], who: str, what: str):
    answer = getattr(world, who).get(f"/photos/{seen[0]}/{what}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert "viewed" not in kinds_of_custody(world, seen[0])


@pytest.mark.parametrize("photo_id", ["unknown", "..%2f..%2fsecret", "a" * 65, "%00"])
@pytest.mark.parametrize("what", ["original", "thumbnail"])
def test_an_id_that_is_none_is_not_found(world: World, photo_id: str, what: str):
    answer = world.lead.get(f"/photos/{photo_id}/{what}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_each_look_at_an_original_is_noted_even_where_nothing_changed(
    world: World, seen: tuple[str, bytes]
):
    photo_id, _ = seen
    etag = world.lead.get(f"/photos/{photo_id}/original").headers["ETag"]
    again = world.lead.get(f"/photos/{photo_id}/original", headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert kinds_of_custody(world, photo_id).count("viewed") == 2


def test_without_bytes_there_is_nothing_to_see(world: World):
    photo_id = new_photo_id()
    declare(world.lead, world.task(), photo_id, photo())
    for what in ("original", "thumbnail"):
        answer = world.lead.get(f"/photos/{photo_id}/{what}")
        assert (answer.status_code, answer.get_json()["details"]) == (404, {"state": "declared"})


def test_a_thumbnail_that_is_not_made_yet_is_to_be_asked_for_later(world: World):
    data, photo_id = oriented_jpeg(6), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    upload(world.lead, data, photo_id)
    early = world.lead.get(f"/photos/{photo_id}/thumbnail")
    assert (early.status_code, early.get_json()["code"]) == (404, "thumbnail_missing")
    assert early.headers["Retry-After"] == "5"
    make_derivatives(world.parts.database, world.parts.media, now=now())
    small = Image.open(io.BytesIO(world.lead.get(f"/photos/{photo_id}/thumbnail").data))
    assert small.size == (320, 200)  # upright, as a person sees it


def test_a_clip_has_no_thumbnail_and_never_will(world: World):
    data, photo_id = clip(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    assert upload(world.lead, data, photo_id).status_code == 204
    assert make_derivatives(world.parts.database, world.parts.media, now=now()) == 0
    answer = world.lead.get(f"/photos/{photo_id}/thumbnail")
    assert answer.status_code == 404
    assert "Retry-After" not in answer.headers
    assert world.lead.get(f"/photos/{photo_id}/original").headers["Content-Type"] == "video/mp4"

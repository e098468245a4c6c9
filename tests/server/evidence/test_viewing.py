"""Who may see a photo, and that an original's viewing is noted."""

import io
import shutil
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import update

from server.clock import now
from server.models import Derivative
from server.services.evidence.derivatives import MAX_ATTEMPTS
from tests.media.pictures import clip, oriented_jpeg
from tests.server.evidence.facts import kinds_of_custody
from tests.server.tus.speaker import declare, new_photo_id, photo, upload
from tests.world import World


@pytest.fixture
def seen(world: World) -> tuple[str, bytes]:
    """A verified photo: its id and its bytes."""
    photo_id = verified(world, photo())
    world.parts.jobs.run_now("make_derivatives")
    return photo_id, photo()


def verified(world: World, data: bytes) -> str:
    """A photo of these bytes, declared and sent; gives its id."""
    photo_id = new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    assert upload(world.lead, data, photo_id).status_code == 204
    return photo_id


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
    for kind in ("thumbnail", "screen"):
        small = getattr(world, who).get(f"/photos/{photo_id}/{kind}")
        assert (small.status_code, small.headers["Content-Type"]) == (200, "image/jpeg")
        assert small.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert small.headers["X-Content-Type-Options"] == "nosniff"
        known = {"If-None-Match": small.headers["ETag"]}
        again = getattr(world, who).get(f"/photos/{photo_id}/{kind}", headers=known)
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("who", ["outsider", "other_supervisor"])
@pytest.mark.parametrize("what", ["original", "thumbnail", "screen"])
def test_others_do_not(world: World, seen: tuple[str, bytes], who: str, what: str):
    answer = getattr(world, who).get(f"/photos/{seen[0]}/{what}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert "viewed" not in kinds_of_custody(world, seen[0])


@pytest.mark.parametrize("photo_id", ["unknown", "..%2f..%2fsecret", "a" * 65, "%00"])
@pytest.mark.parametrize("what", ["original", "thumbnail", "screen"])
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
    for what in ("original", "thumbnail", "screen"):
        answer = world.lead.get(f"/photos/{photo_id}/{what}")
        assert (answer.status_code, answer.get_json()["details"]) == (404, {"state": "declared"})


@pytest.mark.parametrize(("kind", "size"), [("thumbnail", (320, 200)), ("screen", (640, 400))])
def test_a_small_picture_that_is_not_made_yet_is_to_be_asked_for_later(
    world: World, kind: str, size: tuple[int, int]
):
    photo_id = verified(world, oriented_jpeg(6))
    early = world.lead.get(f"/photos/{photo_id}/{kind}")
    assert (early.status_code, early.get_json()["code"]) == (404, "derivative_missing")
    assert early.get_json()["details"] == {"kind": kind, "state": "waiting"}
    assert early.headers["Retry-After"] == "5"
    world.parts.jobs.run_now("make_derivatives")
    small = Image.open(io.BytesIO(world.lead.get(f"/photos/{photo_id}/{kind}").data))
    assert small.size == size  # upright, as a person sees it


def test_one_that_failed_is_to_be_asked_for_when_its_next_turn_has_come(world: World):
    photo_id = verified(world, photo())
    with world.parts.database.write() as session:
        turn = now() + timedelta(minutes=25)
        session.execute(update(Derivative).values(attempts=3, error="damaged", due_at=turn))
    answer = world.lead.get(f"/photos/{photo_id}/screen")
    assert answer.get_json()["details"]["state"] == "waiting"
    assert 24 * 60 < int(answer.headers["Retry-After"]) <= 25 * 60


@pytest.mark.parametrize("kind", ["thumbnail", "screen"])
def test_one_that_cannot_be_made_says_so_and_is_not_to_be_asked_for_again(world: World, kind: str):
    photo_id = verified(world, photo())
    with world.parts.database.write() as session:
        session.execute(update(Derivative).values(attempts=MAX_ATTEMPTS, error="damaged"))
    answer = world.lead.get(f"/photos/{photo_id}/{kind}")
    assert (answer.status_code, answer.get_json()["details"]["state"]) == (404, "failed")
    assert "Retry-After" not in answer.headers
    assert world.lead.get(f"/photos/{photo_id}/original").data == photo()


@pytest.mark.parametrize("kind", ["thumbnail", "screen"])
def test_one_whose_file_is_gone_is_made_again(world: World, kind: str):
    photo_id = verified(world, photo())
    world.parts.jobs.run_now("make_derivatives")
    first = world.lead.get(f"/photos/{photo_id}/{kind}").data
    shutil.rmtree(world.parts.settings.data_dir / "derivatives" / kind)  # as a restored backup
    answer = world.lead.get(f"/photos/{photo_id}/{kind}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (404, "5")
    world.parts.jobs.run_now("make_derivatives")
    assert world.lead.get(f"/photos/{photo_id}/{kind}").data == first


def test_a_clip_has_no_small_picture_and_never_will(world: World):
    photo_id = verified(world, clip())
    world.parts.jobs.run_now("make_derivatives")
    for kind in ("thumbnail", "screen"):
        answer = world.lead.get(f"/photos/{photo_id}/{kind}")
        assert (answer.status_code, answer.get_json()["details"]["state"]) == (404, "clip")
        assert "Retry-After" not in answer.headers
    assert world.lead.get(f"/photos/{photo_id}/original").headers["Content-Type"] == "video/mp4"

"""What is no photo is refused with its reason, and kept for a person."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from sqlalchemy import select

from server.models import AuditEntry, EvidenceFile, Upload
from tests.media.pictures import jpeg_claiming, png_claiming
from tests.server.evidence.facts import kinds_of_custody, photo_row
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


def bomb() -> bytes:
    """A PNG of a few hundred kilobytes that unpacks to 400 megapixels."""
    written = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(written, "PNG")
    return written.getvalue()


HOSTILE: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "a PDF": (lambda: b"%PDF-1.7 " + bytes(3000), 415, "media_type_unsupported"),
    "a page": (lambda: b"<script>alert(1)</script>", 415, "media_type_unsupported"),
    "a bomb": (bomb, 422, "image_too_large"),
    "a claim of pixels": (lambda: png_claiming(60_000, 60_000), 422, "image_too_large"),
    "a JPEG that claims too much": (
        lambda: jpeg_claiming(photo(), 60_000, 60_000), 422, "image_too_large",
    ),
    "half a photo": (lambda: photo()[:2000], 422, "image_truncated"),
    "a photo in name only": (
        lambda: b"\xff\xd8\xff\xe0" + bytes(500), 422, "image_unreadable",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("declared", [False, True])
def test_it_is_refused_and_kept_aside(world: World, kind: str, declared: bool):
    make, status, code = HOSTILE[kind]
    data, photo_id, task_id = make(), new_photo_id(), world.task()
    if declared:
        declare(world.lead, task_id, photo_id, data)
    answer = upload(world.lead, data, photo_id)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.get_json()["details"]["quarantined"] is True
    if not declared:
        declare(world.lead, task_id, photo_id, data)
    assert state_of(world.assistant, photo_id)["state"] == "quarantined"
    with world.parts.media.quarantine.open(digest(data)) as kept:
        assert kept.read() == data
    assert not world.parts.media.originals.exists(digest(data))
    assert sorted(kinds_of_custody(world, photo_id)) == [
        "captured",
        "declared",
        "quarantined",
        "refused",
    ]


def test_bytes_of_another_digest_than_stated_are_kept_aside(world: World):
    stated, sent, photo_id = photo(1), photo(2), new_photo_id()
    declare(world.lead, world.task(), photo_id, stated)
    length = len(sent)
    path = begin(world.lead, stated, photo_id, length=length)
    answer = patch(world.lead, path, sent, 0)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "sha256_mismatch")
    assert answer.get_json()["details"] == {
        "stated": digest(stated), "received": digest(sent), "quarantined": True,
    }  # fmt: skip
    assert world.parts.media.quarantine.exists(digest(sent))
    assert state_of(world.lead, photo_id)["state"] == "quarantined"
    with world.parts.database.read() as session:
        assert session.scalars(select(EvidenceFile)).all() == []
        row = session.scalars(select(Upload)).one()
        assert (row.state, row.received_sha256) == ("quarantined", digest(sent))
        acts = session.scalars(select(AuditEntry.action)).all()
    assert "photo.refused" in acts


def test_whoever_asks_again_is_told_again(world: World):
    data = b"%PDF-1.7 " + bytes(300)
    path = begin(world.lead, data)
    first = patch(world.lead, path, data, 0)
    again = patch(world.lead, path, b"", len(data))
    assert again.status_code == first.status_code == head(world.lead, path).status_code
    for answer in (first, again):
        assert answer.get_json()["code"] == "media_type_unsupported"
        assert answer.get_json()["details"]["detected"] == "application/pdf"


def test_the_right_bytes_can_still_come(world: World):
    data, photo_id, task_id = photo(), new_photo_id(), world.task()
    declare(world.lead, task_id, photo_id, data)
    broken = begin(world.lead, data, photo_id)
    patch(world.lead, broken, data[:-1] + b"\0", 0)
    assert state_of(world.lead, photo_id)["state"] == "quarantined"
    assert upload(world.lead, data, photo_id).status_code == 204
    assert state_of(world.lead, photo_id)["state"] == "verified"
    assert photo_row(world, photo_id).received_sha256 == digest(data)


def test_a_photo_that_is_verified_stays_so_whatever_comes_after(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    late = begin(world.lead, data, photo_id)
    upload(world.lead, data, photo_id)
    assert patch(world.lead, late, bytes(len(data)), 0).status_code == 422
    assert state_of(world.lead, photo_id)["state"] == "verified"

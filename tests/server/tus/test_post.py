from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from sqlalchemy import select

from server.clock import now
from server.ids import new_id
from server.models import AuditEntry, Upload
from server.services.evidence.uploads import MAX_OPEN_UPLOADS
from tests.server.tus.speaker import (
    FILES,
    PIECE,
    RESUMABLE,
    begin,
    checksum,
    declare,
    delete,
    digest,
    encoded,
    head,
    metadata_of,
    new_photo_id,
    photo,
    post,
)
from tests.world import World


def test_an_upload_begins_empty_and_says_where_it_lies(world: World):
    data = photo()
    answer = post(
        world.lead,
        {"Upload-Length": str(len(data)), "Upload-Metadata": metadata_of(data, new_photo_id())},
    )
    assert answer.status_code == 201
    assert answer.headers["Location"].startswith(f"{FILES}/")
    assert answer.headers["Upload-Offset"] == "0"
    expires = parsedate_to_datetime(answer.headers["Upload-Expires"])
    assert expires - datetime.now(UTC) > timedelta(hours=167)
    with world.parts.database.read() as session:
        act = session.scalars(select(AuditEntry).where(AuditEntry.action == "upload.begin")).one()
    assert act.user_id == world.lead.user_id


def test_the_first_bytes_may_come_along(world: World):
    data = photo()
    announced = {
        "Upload-Length": str(len(data)),
        "Upload-Metadata": metadata_of(data, new_photo_id()),
        **PIECE,
    }
    answer = post(world.lead, announced, data=data[:1000])
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "1000")
    whole = post(world.lead, announced, data=data)
    assert (whole.status_code, whole.headers["Upload-Offset"]) == (201, str(len(data)))


def test_first_bytes_that_fail_their_checksum_begin_nothing(world: World):
    data = photo()
    announced = {
        "Upload-Length": str(len(data)),
        "Upload-Metadata": metadata_of(data, new_photo_id()),
        **PIECE,
        **checksum(b"something else"),
    }
    answer = post(world.lead, announced, data=data)
    assert (answer.status_code, answer.get_json()["code"]) == (460, "checksum_mismatch")
    assert "Location" not in answer.headers
    with world.parts.database.read() as session:
        assert session.scalars(select(Upload)).all() == []


@pytest.mark.parametrize(
    "length", [None, "", "-1", "1e3", "٣", "9" * 19], ids=lambda length: repr(length)
)
def test_a_length_must_be_a_number(world: World, length: str | None):
    announced = {"Upload-Metadata": metadata_of(photo(), new_photo_id())}
    if length is not None:
        announced["Upload-Length"] = length.encode().decode("latin-1")
    answer = post(world.lead, announced)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "upload_header_invalid")
    assert answer.get_json()["details"] == {"header": "Upload-Length"}


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "photo_id",
        "a b c",
        "a YQ==,a YQ==",
        "a !!!",
        "a /w==",
        encoded(photo_id="p"),
        encoded(sha256="0" * 64),
        encoded(photo_id="../../etc", sha256="0" * 64),
        encoded(photo_id="..", sha256="0" * 64),
        encoded(photo_id="a\0b", sha256="0" * 64),
        encoded(photo_id="p" * 65, sha256="0" * 64),
        encoded(photo_id="p", sha256="0" * 64, filename="长" * 2000),
    ],
)
def test_what_is_not_announced_properly_is_refused(world: World, metadata: str):
    answer = post(world.lead, {"Upload-Length": "10", "Upload-Metadata": metadata})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "upload_metadata_invalid")
    assert set(answer.get_json()) == {"code", "message", "details", "request_id"}


def test_a_digest_must_be_one(world: World):
    said = encoded(photo_id="p", sha256="abc")
    answer = post(world.lead, {"Upload-Length": "10", "Upload-Metadata": said})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "sha256_malformed")


def test_a_photo_of_the_largest_size_is_let_in_and_one_byte_more_is_not(world: World):
    most = world.parts.settings.max_photo_bytes
    data = photo()
    begin(world.lead, data, length=most)
    answer = post(
        world.lead,
        {"Upload-Length": str(most + 1), "Upload-Metadata": metadata_of(data, new_photo_id())},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (413, "file_too_large")


def test_more_first_bytes_than_announced_begin_nothing(world: World):
    data = photo()
    headers = {"Upload-Length": "10", "Upload-Metadata": metadata_of(data, new_photo_id()), **PIECE}
    answer = post(world.lead, headers, data=b"x" * 11)
    assert (answer.status_code, answer.get_json()["code"]) == (413, "upload_too_large")


def test_a_body_of_another_type_is_refused(world: World):
    data = photo()
    headers = {
        "Upload-Length": str(len(data)), "Upload-Metadata": metadata_of(data, new_photo_id()),
        "Content-Type": "image/jpeg",
    }  # fmt: skip
    answer = post(world.lead, headers, data=data)
    assert (answer.status_code, answer.get_json()["code"]) == (415, "unsupported_media_type")


def test_a_user_may_have_so_many_unfinished_uploads_and_no_more(world: World):
    _begin_without_files(world, MAX_OPEN_UPLOADS - 1)
    last = begin(world.lead, photo(1))
    data = photo(2)
    announced = {
        "Upload-Length": str(len(data)),
        "Upload-Metadata": metadata_of(data, new_photo_id()),
    }
    answer = post(world.lead, announced)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "uploads_too_many")
    begin(world.assistant, data)  # each user for themselves
    assert delete(world.lead, last).status_code == 204
    assert post(world.lead, announced).status_code == 201


def _begin_without_files(world: World, count: int) -> None:
    with world.parts.database.write() as session:
        session.add_all(
            Upload(
                id=new_id(), user_id=world.lead.user_id, length_bytes=1, state="open",
                created_at=now(), expires_at=now() + timedelta(days=1),
            )
            for _ in range(count)
        )  # fmt: skip


def test_only_officers_upload(world: World):
    data = photo()
    headers = {
        "Upload-Length": str(len(data)),
        "Upload-Metadata": metadata_of(data, new_photo_id()),
    }
    answer = post(world.supervisor, headers)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "forbidden")


def test_without_a_token_nothing_begins(world: World):
    answer = world.lead.http.post(FILES, headers=RESUMABLE)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "unauthenticated")
    assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_a_photo_of_another_brigades_task_is_not_found(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    answer = post(
        world.outsider,
        {"Upload-Length": str(len(data)), "Upload-Metadata": metadata_of(data, photo_id)},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    begin(world.assistant, data, photo_id)  # who is on the task may bring it


def test_other_bytes_than_were_declared_are_refused_before_they_are_sent(world: World):
    photo_id = new_photo_id()
    declare(world.lead, world.task(), photo_id, photo(1))
    answer = post(
        world.lead,
        {"Upload-Length": "10", "Upload-Metadata": metadata_of(photo(2), photo_id)},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (409, "photo_declared_otherwise")
    assert answer.get_json()["details"] == {"declared": digest(photo(1))}


def test_a_long_name_is_kept_as_far_as_there_is_room(world: World):
    data = photo()
    answer = post(
        world.lead,
        {
            "Upload-Length": str(len(data)),
            "Upload-Metadata": metadata_of(data, new_photo_id(), filename="../" + "长" * 300),
        },
    )
    path = answer.headers["Location"].removeprefix("/api/v1")
    assert head(world.lead, path).status_code == 200
    with world.parts.database.read() as session:
        upload = session.scalars(select(Upload)).one()
    assert upload.filename == ("../" + "长" * 300)[:255]


def test_an_upload_of_no_bytes_is_complete_at_once_and_is_no_photo(world: World):
    answer = post(
        world.lead,
        {"Upload-Length": "0", "Upload-Metadata": metadata_of(b"", new_photo_id())},
    )
    assert (answer.status_code, answer.get_json()["code"]) == (415, "media_type_unsupported")


def test_a_trailing_slash_is_no_redirect(world: World):
    data = photo()
    headers = {
        "Upload-Length": str(len(data)),
        "Upload-Metadata": metadata_of(data, new_photo_id()),
    }
    answer = world.lead.call("POST", "/files/", headers={**RESUMABLE, **headers})
    assert answer.status_code == 201


def test_what_is_announced_is_echoed_as_it_came_empty_values_too(world: World):
    data = photo()
    said = f"{metadata_of(data, new_photo_id())},is_confidential,empty "
    for raw in (said.rstrip(), said.replace(",is_c", ", is_c").rstrip()):
        answer = post(world.lead, {"Upload-Length": str(len(data)), "Upload-Metadata": raw})
        assert answer.status_code == 201, answer.text
        path = answer.headers["Location"].removeprefix("/api/v1")
        assert head(world.lead, path).headers["Upload-Metadata"] == raw


def test_every_kind_of_upload_says_when_it_expires(world: World):
    said = {"Upload-Metadata": metadata_of(photo(), new_photo_id())}
    for announced in (
        {"Upload-Length": "10", **said},
        {"Upload-Defer-Length": "1", **said},
        {"Upload-Concat": "partial", "Upload-Length": "10"},
    ):
        answer = post(world.lead, announced)
        expires = parsedate_to_datetime(answer.headers["Upload-Expires"])
        assert (answer.status_code, expires > datetime.now(UTC)) == (201, True)

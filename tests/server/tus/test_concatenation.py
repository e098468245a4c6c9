"""concatenation: parts come up side by side and are joined to one photo."""

import pytest
from sqlalchemy import select, update

from server.clock import now
from server.ids import new_id
from server.models import CustodyEvent, Upload
from server.services.evidence.joining import MAX_PARTS
from server.services.evidence.uploads import MAX_OPEN_UPLOADS
from tests.server.tus.speaker import (
    PIECE,
    RESUMABLE,
    begin,
    begin_part,
    big_photo,
    declare,
    delete,
    digest,
    encoded,
    head,
    join,
    metadata_of,
    new_photo_id,
    patch,
    photo,
    post,
    send_parts,
    state_of,
    upload,
)
from tests.world import World


def states(world: World) -> list[str]:
    with world.parts.database.read() as session:
        return sorted(session.scalars(select(Upload.state)))


def files_left(world: World) -> list[str]:
    uploads = world.parts.settings.data_dir / "uploads"
    return [path.name for path in uploads.rglob("*") if path.is_file() or path.is_symlink()]


def test_parts_are_joined_in_the_order_of_their_addresses(world: World):
    data, photo_id = big_photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    paths = send_parts(world.lead, data, 300_000, 300_001, 900_000)
    answer = join(world.lead, paths, data, photo_id)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, str(len(data)))
    with world.parts.media.originals.open(digest(data)) as stored:
        assert stored.read() == data
    assert state_of(world.lead, photo_id)["state"] == "verified"
    assert files_left(world) == []
    with world.parts.database.read() as session:
        kinds = sorted(session.scalars(select(CustodyEvent.kind)))
    assert kinds == ["captured", "declared", "received", "verified"]


def test_another_order_is_another_file_and_is_kept_aside(world: World):
    data = photo()
    first, second = send_parts(world.lead, data, 1000)
    answer = join(world.lead, [second, first], data)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "sha256_mismatch")
    assert world.parts.media.quarantine.exists(digest(data[1000:] + data[:1000]))
    assert files_left(world) == []
    again = join(world.lead, [first, second], data)
    assert (again.status_code, again.get_json()["code"]) == (409, "upload_part_used")


def test_each_says_what_it_is(world: World):
    data, photo_id = photo(), new_photo_id()
    paths = send_parts(world.lead, data, 1000)
    part = head(world.lead, paths[0])
    assert part.headers["Upload-Concat"] == "partial"
    assert (part.headers["Upload-Offset"], part.headers["Upload-Length"]) == ("1000", "1000")
    joined = join(world.lead, paths, data, photo_id)
    said = head(world.lead, joined.headers["Location"].removeprefix("/api/v1")).headers
    assert said["Upload-Concat"] == f"final;/api/v1{paths[0]} /api/v1{paths[1]}"
    assert said["Upload-Offset"] == said["Upload-Length"] == str(len(data))
    assert said["Upload-Metadata"] == metadata_of(data, photo_id)
    assert head(world.lead, paths[0]).headers["Upload-Offset"] == "1000"
    assert "Upload-Concat" not in head(world.lead, begin(world.lead, data)).headers


def test_addresses_may_be_absolute_and_there_may_be_one_alone(world: World):
    data = photo()
    for origin in ("http://localhost", "https://field.example:8443"):
        (path,) = send_parts(world.lead, data)
        concat = {"Upload-Concat": f"final;{origin}/api/v1{path}"}
        assert join(world.lead, [], data, **concat).status_code == 201


def test_a_part_needs_no_metadata_and_keeps_what_it_has(world: World):
    said = encoded(note="first")
    concat = {"Upload-Concat": "partial", "Upload-Length": "4"}
    answer = post(world.lead, {**concat, "Upload-Metadata": said, **PIECE}, data=b"abcd")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "4")
    path = answer.headers["Location"].removeprefix("/api/v1")
    assert head(world.lead, path).headers["Upload-Metadata"] == said
    assert states(world) == ["open"]
    world.parts.jobs.run_now("sweep_uploads")  # whole, but no photo
    assert states(world) == ["open"]


def test_a_joined_photo_needs_its_metadata(world: World):
    data = photo()
    paths = send_parts(world.lead, data, 1000)
    answer = join(world.lead, paths, data, **{"Upload-Metadata": ""})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "upload_metadata_invalid")
    assert join(world.lead, paths, data).status_code == 201


def test_a_part_may_be_of_no_bytes_or_tell_its_length_late(world: World):
    data = photo()
    empty = begin_part(world.lead, 0)
    late = post(world.lead, {"Upload-Concat": "partial", "Upload-Defer-Length": "1"})
    path = late.headers["Location"].removeprefix("/api/v1")
    patch(world.lead, path, data, 0)
    early = join(world.lead, [empty, path], data)
    assert (early.status_code, early.get_json()["code"]) == (409, "upload_incomplete")
    patch(world.lead, path, b"", len(data), **{"Upload-Length": str(len(data))})
    assert join(world.lead, [empty, path], data).status_code == 201
    assert world.parts.media.originals.exists(digest(data))


def test_what_is_joined_is_never_written(world: World):
    data = photo()
    location = join(world.lead, send_parts(world.lead, data, 9), data).headers["Location"]
    path = location.removeprefix("/api/v1")
    for offset, piece in ((0, b"x"), (len(data), b""), (len(data), b"x")):
        answer = patch(world.lead, path, piece, offset)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "upload_final_sealed")
    override = {**RESUMABLE, "X-HTTP-Method-Override": "PATCH"}
    assert world.lead.call("POST", path, headers=override).status_code == 403
    assert patch(world.assistant, path, b"x", 0).status_code == 404


def test_what_is_joined_brings_no_bytes_and_no_length_of_its_own(world: World):
    data = photo()
    paths = send_parts(world.lead, data, 9)
    for name, value in (("Upload-Length", str(len(data))), ("Upload-Defer-Length", "1")):
        answer = join(world.lead, paths, data, **{name: value})
        assert (answer.status_code, answer.get_json()["details"]) == (400, {"header": name})
    said = {
        "Upload-Concat": "final;" + " ".join(f"/api/v1{path}" for path in paths),
        "Upload-Metadata": metadata_of(data, new_photo_id()),
    }
    answer = post(world.lead, {**said, **PIECE}, data=b"x")
    assert (answer.status_code, answer.get_json()["code"]) == (403, "upload_final_sealed")
    assert states(world) == ["open", "open"]


def test_a_part_that_is_not_whole_is_not_joined(world: World):
    data = photo()
    whole = send_parts(world.lead, data, 1000)
    path = begin_part(world.lead, 10)
    patch(world.lead, path, b"123456789", 0)
    answer = join(world.lead, [*whole, path], data)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "upload_incomplete")
    assert answer.get_json()["details"] == {"unfinished": [path.rpartition("/")[2]]}
    assert states(world) == ["open"] * 3  # nothing was taken


def test_a_part_that_is_still_being_written_is_not_joined(world: World):
    data = photo()
    paths = send_parts(world.lead, data, 1000)
    with world.parts.media.uploads.locked(paths[1].rpartition("/")[2]):
        answer = join(world.lead, paths, data)
    assert (answer.status_code, answer.get_json()["code"]) == (423, "upload_locked")
    assert states(world) == ["open", "open"]


@pytest.mark.parametrize("whose", ["another officer's", "nobody's", "given up"])
def test_of_a_part_that_is_not_ones_own_not_even_its_being_there_is_told(world: World, whose: str):
    data = photo()
    first, second = send_parts(world.lead, data, 1000)
    if whose == "another officer's":
        (second,) = send_parts(world.assistant, data[1000:])
    elif whose == "nobody's":
        second = f"/files/{new_id()}"
    else:
        assert delete(world.lead, second).status_code == 204
    answer = join(world.lead, [first, second], data)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "upload_not_found")
    assert answer.get_json()["details"] == {}
    assert "Location" not in answer.headers
    assert head(world.lead, first).status_code == 200
    with world.parts.database.write() as session:  # nor by what else is wrong
        mine = update(Upload).where(Upload.id == first.rpartition("/")[2])
        session.execute(mine.values(expires_at=now()))
    answer = join(world.lead, [first, second], data)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "upload_not_found")


def test_a_photo_of_another_brigades_task_is_not_joined_to(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    paths = send_parts(world.outsider, data, 1000)
    answer = join(world.outsider, paths, data, photo_id)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert states(world) == ["open", "open"]


def test_only_officers_send_parts_and_join_them(world: World):
    part = post(world.supervisor, {"Upload-Concat": "partial", "Upload-Length": "1"})
    assert (part.status_code, part.get_json()["code"]) == (403, "forbidden")
    paths = send_parts(world.lead, photo(), 10)
    assert join(world.supervisor, paths, photo()).status_code == 404


@pytest.mark.parametrize(
    "concat",
    [
        "",
        "part",
        "partial;",
        "PARTIAL",
        "final",
        "final;",
        "final; ",
        "final;{0},{0}",
        "final;/files/{0}",
        "final;/api/v1/photos/{0}",
        "final;/api/v1/files/",
        "final;/api/v1/files/../files/{0}",
        "final;/api/v1/files/{0}/",
        "final;/api/v1/files/{0}?a=b",
        "final;/api/v1/files/{0}#a",
        "final;//elsewhere.example/api/v1/files/{0}",
        "final;ftp://localhost/api/v1/files/{0}",
        "final;http:/api/v1/files/{0}",
        "final;{0}",
        "final;http://a\tb/api/v1/files/{0}",
        "final;http://[/api/v1/files/{0} é",
        "final;/api/v1/files/{0} /api/v1/files/{0}",
    ],
)
def test_what_names_no_parts_of_ours_is_refused(world: World, concat: str):
    data = photo()
    (path,) = send_parts(world.lead, data)
    said = concat.format(path.rpartition("/")[2])
    answer = join(world.lead, [], data, **{"Upload-Concat": said})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "upload_concat_invalid")
    assert states(world) == ["open"]


def test_only_parts_are_joined(world: World):
    data = photo()
    whole = begin(world.lead, data)
    patch(world.lead, whole, data, 0)
    joined = join(world.lead, send_parts(world.lead, data, 9), data).headers["Location"]
    for path in (whole, begin(world.lead, data), joined.removeprefix("/api/v1")):
        answer = join(world.lead, [path], data)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "upload_concat_invalid")
        assert answer.get_json()["details"] == {"not_partial": [path.rpartition("/")[2]]}


def test_so_many_parts_are_joined_and_no_more(world: World):
    data = photo()
    paths = send_parts(world.lead, data, *range(1, MAX_PARTS))
    assert len(paths) == MAX_PARTS
    answer = join(world.lead, [begin_part(world.lead, 0), *paths], data)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "upload_concat_invalid")
    assert answer.get_json()["details"] == {"limit_parts": MAX_PARTS}
    assert join(world.lead, paths, data).status_code == 201


def test_parts_together_are_at_most_the_largest_photo_and_not_a_byte_more(world: World):
    most = world.parts.settings.max_photo_bytes
    paths = [begin_part(world.lead, size) for size in (most - 1, 1, 1)]
    for path in paths:
        upload_id = path.rpartition("/")[2]
        file = world.parts.settings.data_dir / "uploads" / upload_id[:2] / upload_id
        with file.open("r+b") as sparse:
            sparse.truncate(most - 1 if path == paths[0] else 1)
    answer = join(world.lead, paths, photo())
    assert (answer.status_code, answer.get_json()["code"]) == (413, "file_too_large")
    assert answer.get_json()["details"] == {"size_bytes": most + 1, "limit_bytes": most}
    judged = join(world.lead, paths[:2], photo())
    assert (judged.status_code, judged.get_json()["code"]) == (422, "sha256_mismatch")
    more = post(world.lead, {"Upload-Concat": "partial", "Upload-Length": str(most + 1)})
    assert (more.status_code, more.get_json()["code"]) == (413, "file_too_large")


def test_parts_take_room_among_the_unfinished_and_joining_them_needs_none(world: World):
    data = photo()
    with world.parts.database.write() as session:
        session.add_all(
            Upload(
                id=new_id(), user_id=world.lead.user_id, length_bytes=1, state="open",
                created_at=now(), expires_at=now().replace(year=now().year + 1),
            )
            for _ in range(MAX_OPEN_UPLOADS - 4)
        )  # fmt: skip
    paths = send_parts(world.lead, data, 500, 1000, 1500)
    more = post(world.lead, {"Upload-Concat": "partial", "Upload-Length": "1"})
    assert (more.status_code, more.get_json()["code"]) == (429, "uploads_too_many")
    assert join(world.lead, paths, data).status_code == 201
    assert len(send_parts(world.lead, photo(2), 10, 20, 30)) == 4


def test_the_same_asked_again_is_the_same_upload(world: World):
    data, photo_id = photo(), new_photo_id()
    paths = send_parts(world.lead, data, 500, 1000)
    first = join(world.lead, paths, data, photo_id)
    again = join(world.lead, paths, data, photo_id)
    assert (again.status_code, again.headers["Location"]) == (201, first.headers["Location"])
    assert again.headers["Upload-Offset"] == str(len(data))
    assert states(world) == ["done", "used", "used", "used"]
    for other, whose in ((paths[::-1], photo_id), (paths[:2], photo_id), (paths, new_photo_id())):
        answer = join(world.lead, other, data, whose)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "upload_part_used")
    assert files_left(world) == []


def test_parts_are_given_up_one_by_one_and_used_ones_only_lose_their_address(world: World):
    data, photo_id = photo(), new_photo_id()
    spare = begin_part(world.lead, 4)
    patch(world.lead, spare, b"abcd", 0)
    assert delete(world.lead, spare).status_code == 204
    assert head(world.lead, spare).status_code == 404
    assert files_left(world) == []
    paths = send_parts(world.lead, data, 1000)
    joined = join(world.lead, paths, data, photo_id).headers["Location"].removeprefix("/api/v1")
    for path in (paths[0], joined):
        assert delete(world.lead, path).status_code == 204
        assert head(world.lead, path).status_code == 404
    assert world.parts.media.originals.exists(digest(data))
    assert join(world.lead, paths, data, photo_id).status_code == 404


def test_parts_expire_and_are_swept(world: World):
    data = photo()
    paths = send_parts(world.lead, data, 1000)
    send_parts(world.assistant, data, 1000)
    with world.parts.database.write() as session:
        mine = update(Upload).where(Upload.user_id == world.lead.user_id)
        session.execute(mine.values(expires_at=now()))
    answer = join(world.lead, paths, data)
    assert (answer.status_code, answer.get_json()["code"]) == (410, "upload_expired")
    world.parts.jobs.run_now("sweep_uploads")
    assert states(world) == ["open", "open"]  # the other officer's
    assert len(files_left(world)) == 2


def test_used_parts_are_forgotten_with_their_time(world: World):
    data, photo_id = photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    join(world.lead, send_parts(world.lead, data, 1000), data, photo_id)
    world.parts.jobs.run_now("sweep_uploads")
    assert states(world) == ["done", "used", "used"]
    with world.parts.database.write() as session:
        session.execute(update(Upload).values(expires_at=now()))
    world.parts.jobs.run_now("sweep_uploads")
    assert states(world) == []


def test_the_same_bytes_may_have_come_before_in_one_piece(world: World):
    data = photo()
    upload(world.lead, data)
    assert join(world.lead, send_parts(world.lead, data, 1000), data).status_code == 201
    assert states(world) == ["done", "done", "used", "used"]

"""A tus client that is not ours, unmodified, against a real server."""

import io

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed

from tests.server.tus.speaker import big_photo, declare, digest, new_photo_id, state_of
from tests.server_process import ServerProcess
from tests.world import Caller, World


def client_of(server: ServerProcess, caller: Caller) -> TusClient:
    return TusClient(f"{server.api}/files", headers={"Authorization": f"Bearer {caller.token}"})


def metadata(data: bytes, photo_id: str) -> dict[str, str]:
    return {
        "photo_id": photo_id, "sha256": digest(data), "filename": "楼梯间.jpg",
        "filetype": "image/jpeg",
    }  # fmt: skip


@pytest.mark.parametrize("checked", [False, True])
def test_it_uploads_a_photo_in_pieces(world: World, server: ServerProcess, checked: bool):
    data, photo_id = big_photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    client_of(server, world.lead).uploader(
        file_stream=io.BytesIO(data), chunk_size=50_000, metadata=metadata(data, photo_id),
        upload_checksum=checked,
    ).upload()  # fmt: skip
    with world.parts.media.originals.open(digest(data)) as stored:
        assert stored.read() == data
    assert state_of(world.lead, photo_id)["state"] == "verified"


def test_it_goes_on_after_the_server_was_killed(world: World, server: ServerProcess):
    data, photo_id = big_photo(), new_photo_id()
    client = client_of(server, world.lead)
    uploader = client.uploader(
        file_stream=io.BytesIO(data), chunk_size=50_000, metadata=metadata(data, photo_id)
    )
    uploader.upload(stop_at=100_000)
    server.kill()
    with pytest.raises(TusCommunicationError):
        uploader.get_offset()
    server.start()
    resumed = client.uploader(file_stream=io.BytesIO(data), chunk_size=50_000, url=uploader.url)
    assert resumed.offset == 100_000
    resumed.upload()
    assert world.parts.media.originals.exists(digest(data))


def test_it_is_told_when_it_has_nothing_to_say_of_the_photo(world: World, server: ServerProcess):
    with pytest.raises(TusCommunicationError) as refused:
        client_of(server, world.lead).uploader(file_stream=io.BytesIO(b"x")).create_url()
    assert refused.value.status_code == 422


def test_it_is_told_when_the_bytes_are_no_photo(world: World, server: ServerProcess):
    data = b"%PDF-1.7 " + bytes(5000)
    uploader = client_of(server, world.lead).uploader(
        file_stream=io.BytesIO(data), metadata=metadata(data, new_photo_id())
    )
    with pytest.raises(TusUploadFailed) as refused:
        uploader.upload()
    assert refused.value.status_code == 415

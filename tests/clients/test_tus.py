"""tus-js-client 4, unmodified."""

import base64

import pytest

from tests.server.tus.speaker import big_photo, declare, digest, new_photo_id, state_of

PIECE_BYTES = 200_000


@pytest.fixture
def photo(world):
    """A declared photo that has not been sent."""
    data, photo_id = big_photo(), new_photo_id()
    declare(world.lead, world.task(), photo_id, data)
    return data, photo_id


@pytest.fixture
def send(world, server, device, photo):
    """Sends it as told; gives what the client asked, and how it ended."""
    data, photo_id = photo
    tus = device("tus", world.lead)

    def send(**args):
        return tus(
            "upload", api=server.api, token=world.lead.token, photoId=photo_id,
            bytes=base64.b64encode(data).decode(), **{"pieceBytes": PIECE_BYTES, **args},
        )  # fmt: skip

    return send


def arrived(world, photo):
    data, photo_id = photo
    with world.parts.media.originals.open(digest(data)) as stored:
        assert stored.read() == data
    return state_of(world.lead, photo_id)["state"] == "verified"


def test_a_photo_is_sent_in_pieces(world, photo, send):
    sent = send()
    assert sent["finished"]
    pieces = -(-len(photo[0]) // PIECE_BYTES)
    assert sent["asked"] == ["POST", *["PATCH"] * pieces]
    assert arrived(world, photo)


def test_its_first_piece_comes_with_the_creation(world, photo, send):
    sent = send(options={"uploadDataDuringCreation": True})
    assert sent["finished"]
    assert sent["asked"].count("PATCH") == -(-len(photo[0]) // PIECE_BYTES) - 1
    assert arrived(world, photo)


def test_it_goes_through_a_proxy_that_knows_no_patch(world, photo, send):
    sent = send(options={"overridePatchMethod": True})
    assert sent["finished"]
    assert set(sent["asked"]) == {"POST", "POST+override"}
    assert arrived(world, photo)


@pytest.mark.parametrize("status", [409, 423, 503])
def test_it_finds_its_place_again_after_a_refusal(world, photo, send, status):
    sent = send(faults=[0, status])
    assert sent["finished"]
    assert sent["asked"][:4] == ["POST", "PATCH", "PATCH", "HEAD"]
    assert arrived(world, photo)


def test_a_broken_upload_is_resumed_where_it_stood(world, photo, send):
    broken = send(stopAt=PIECE_BYTES)
    resumed = send(options={"uploadUrl": broken["url"]})
    assert resumed["finished"]
    assert resumed["asked"][0] == "HEAD"
    assert arrived(world, photo)


def test_it_is_told_what_is_wrong_with_what_it_says(send):
    refused = send(options={"metadata": {}})
    assert refused["status"] == 422


def test_a_length_is_told_when_it_is_known(world, photo, send):
    sent = send(options={"uploadLengthDeferred": True})
    assert sent["finished"]
    assert sent["asked"].count("PATCH") > 1
    assert arrived(world, photo)


def test_a_broken_upload_whose_length_is_not_known_is_resumed(world, photo, send):
    sent = send(options={"uploadLengthDeferred": True}, faults=[0, 423])
    assert sent["finished"]
    assert "HEAD" in sent["asked"]
    assert arrived(world, photo)


@pytest.mark.parametrize("faults", [[], [0, 503, 0, 423]], ids=["smooth", "refused"])
def test_parts_go_side_by_side_and_are_joined(world, photo, send, faults):
    sent = send(options={"parallelUploads": 4}, faults=faults)
    assert sent["finished"]
    assert sent["asked"].count("POST") == 5
    assert arrived(world, photo)


def test_what_was_joined_already_is_joined_again_without_a_byte(world, photo, send):
    """As a client does that was not told how the first time ended."""
    begun = send(options={"parallelUploads": 4})
    again = send(options={"parallelUploads": 4}, partUrls=begun["partUrls"])
    assert again["finished"]
    assert again["url"] == begun["url"]
    assert again["asked"] == [*["HEAD"] * 4, "POST"]
    assert arrived(world, photo)

"""Whether a file is all there, told from its container."""

import io

import pytest

from media.containers import check_complete
from media.errors import ImageTruncated, VideoTruncated
from media.sniff import MediaType
from tests.media.pictures import box, clip, encoded, heic_can_be_made, noise


def check(data: bytes, media_type: MediaType) -> None:
    check_complete(io.BytesIO(data), media_type)


@pytest.mark.parametrize("media_type", [MediaType.MP4, MediaType.MOV])
def test_a_video_cut_at_any_byte_is_truncated(media_type: MediaType) -> None:
    whole = clip()
    check(whole, media_type)
    for length in range(8, len(whole)):
        with pytest.raises(VideoTruncated):
            check(whole[:length], media_type)


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", MediaType.PNG), ("WEBP", MediaType.WEBP)])
def test_a_picture_cut_at_any_byte_is_truncated(kind: str, media_type: MediaType) -> None:
    whole = encoded(noise(16, 16), kind)
    check(whole, media_type)
    for length in range(12, len(whole)):
        with pytest.raises(ImageTruncated):
            check(whole[:length], media_type)


@pytest.mark.skipif(not heic_can_be_made(), reason="this libheif has no HEIC encoder")
def test_a_cut_heic_is_truncated() -> None:
    whole = encoded(noise(), "HEIF")
    check(whole, MediaType.HEIC)
    with pytest.raises(ImageTruncated):
        check(whole[:-1], MediaType.HEIC)


def test_what_phones_append_behind_a_whole_file_is_let_be() -> None:
    check(encoded(noise(), "PNG") + b"SEFT trailer", MediaType.PNG)
    check(encoded(noise(), "WEBP") + b"SEFT trailer", MediaType.WEBP)
    check(clip() + b"\xff\xff\xff\xffSEFT trailer", MediaType.MP4)


def test_a_box_to_the_end_and_a_box_of_64_bit_length_are_understood() -> None:
    head = box(b"ftyp", b"isom\0\0\0\0") + box(b"moov")
    check(head + b"\0\0\0\0mdat" + b"v" * 99, MediaType.MP4)
    large = (16 + 99).to_bytes(8, "big")
    check(head + b"\0\0\0\x01mdat" + large + b"v" * 99, MediaType.MP4)
    with pytest.raises(VideoTruncated):
        check(head + b"\0\0\0\x01mdat" + large + b"v" * 98, MediaType.MP4)


def test_a_box_of_an_impossible_length_ends_the_walk() -> None:
    with pytest.raises(VideoTruncated):
        check(box(b"ftyp", b"isom\0\0\0\0") + b"\0\0\0\x02free", MediaType.MP4)

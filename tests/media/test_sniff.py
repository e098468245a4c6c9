"""Type by content, never by name."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.errors import MediaTypeUnsupported
from media.sniff import MediaType, sniff
from tests.media.pictures import box, clip, encoded, four_corners, heic_can_be_made


def sniffed(data: bytes) -> MediaType:
    return sniff(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_known_by_its_content(kind: str) -> None:
    assert sniffed(encoded(four_corners(), kind)) == f"image/{kind.lower()}"


@pytest.mark.skipif(not heic_can_be_made(), reason="this libheif has no HEIC encoder")
def test_a_heic_picture_is_known_by_its_content() -> None:
    assert sniffed(encoded(four_corners(), "HEIF")) is MediaType.HEIC


@pytest.mark.parametrize(
    ("brands", "expected"),
    [
        ((b"heic",), MediaType.HEIC),
        ((b"heix", b"mif1"), MediaType.HEIC),
        ((b"mif1", b"mif1", b"heic"), MediaType.HEIC),
        ((b"mif1", b"mif1"), MediaType.HEIF),
        ((b"isom", b"iso2", b"avc1"), MediaType.MP4),
        ((b"mp42",), MediaType.MP4),
        ((b"iso8", b"mp42"), MediaType.MP4),
        ((b"qt  ", b"qt  "), MediaType.MOV),
        ((b"3gp4", b"isom"), MediaType.THREE_GP),
        ((b"3gp5", b"3gp4"), MediaType.THREE_GP),
    ],
)
def test_the_major_brand_tells_stills_from_videos(
    brands: tuple[bytes, ...], expected: MediaType
) -> None:
    assert sniffed(clip(*brands)) is expected


@pytest.mark.parametrize(
    ("brands", "detected"),
    [
        ((b"avif", b"mif1"), "image/avif"),
        ((b"mif1", b"avif"), "image/avif"),
        ((b"crx ", b"isom"), "image/x-canon-cr3"),
        ((b"M4A ", b"isom", b"mp42"), "audio/mp4"),
        ((b"isox", b"isom"), "unknown"),
    ],
)
def test_a_relative_in_the_same_container_is_refused(
    brands: tuple[bytes, ...], detected: str
) -> None:
    with pytest.raises(MediaTypeUnsupported) as refusal:
        sniffed(clip(*brands))
    assert refusal.value.details == {"detected": detected}


@pytest.mark.parametrize(
    ("data", "detected"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
        (encoded(four_corners(), "GIF"), "image/gif"),
        (encoded(four_corners(), "BMP"), "image/bmp"),
        (encoded(four_corners(), "TIFF"), "image/tiff"),
        (b"PK\x03\x04rest of a workbook", "application/zip"),
        (b"<html><script>", "text/html"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html><title>", "text/html"),
        (b"<script>alert(1)</script>", "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
        (b"<?xml version='1.0'?>\n<!-- a -->\n<svg/>", "image/svg+xml"),
        (b"<?xml version='1.0'?><a/>", "application/xml"),
        (b"MZ\x90\0\3", "application/vnd.microsoft.portable-executable"),
        (b"\x7fELF\2\1\1", "application/x-elf"),
        (b"#!/bin/sh", "unknown"),
        (b"\xff\xd8", "unknown"),
        (box(b"ftyp"), "unknown"),
        (b"", "application/x-empty"),
    ],
)
def test_the_refusal_says_what_the_file_is(data: bytes, detected: str) -> None:
    with pytest.raises(MediaTypeUnsupported) as refusal:
        sniffed(data)
    assert refusal.value.code == "media_type_unsupported"
    assert refusal.value.details == {"detected": detected}


@given(st.binary(max_size=64))
def test_any_bytes_at_all_are_either_known_or_refused(data: bytes) -> None:
    stream = io.BytesIO(data)
    with contextlib.suppress(MediaTypeUnsupported):
        sniff(stream)
    assert stream.tell() == 0

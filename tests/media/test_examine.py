"""Is it evidence? One question, one clear answer."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media.errors import FileTooLarge, ImageTruncated, MediaError, MediaTypeUnsupported
from media.examine import MAX_IMAGE_BYTES, MAX_VIDEO_BYTES, MediaFacts, examine
from media.sniff import MediaType
from tests.media.pictures import (
    camera_exif,
    clip,
    encoded,
    four_corners,
    heic_can_be_made,
    noise,
    written,
)

KINDS = ["JPEG", "PNG", "WEBP", *(["HEIF"] if heic_can_be_made() else [])]


def test_a_photo_says_its_type_size_and_facts(tmp_path: Path) -> None:
    data = encoded(four_corners(), exif=camera_exif())
    facts = examine(written(tmp_path, data))
    assert facts.media_type is MediaType.JPEG
    assert facts.size_bytes == len(data)
    assert facts.image is not None
    assert facts.image.exif.model == "Mate 60 Pro"


def test_a_png_named_jpg_is_taken_for_what_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, encoded(four_corners(), "PNG"), "IMG_0001.jpg")
    assert examine(path).media_type is MediaType.PNG


def test_a_pdf_named_jpg_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, encoded(four_corners(), "PDF"), "IMG_0001.jpg")
    with pytest.raises(MediaTypeUnsupported) as refusal:
        examine(path)
    assert refusal.value.details == {"detected": "application/pdf"}
    assert "请" in refusal.value.message


def test_a_clip_is_stored_but_not_decoded(tmp_path: Path) -> None:
    data = clip(b"qt  ")
    facts = examine(written(tmp_path, data))
    assert facts == MediaFacts(MediaType.MOV, len(data), image=None)


def test_a_truncated_photo_is_refused(tmp_path: Path) -> None:
    data = encoded(noise())
    with pytest.raises(ImageTruncated) as refusal:
        examine(written(tmp_path, data[: len(data) // 2]))
    assert refusal.value.code == "image_truncated"


@pytest.mark.parametrize(
    ("data", "limit_bytes"),
    [(encoded(four_corners()), MAX_IMAGE_BYTES), (clip(), MAX_VIDEO_BYTES)],
    ids=["image", "video"],
)
def test_the_byte_limit_is_exact(tmp_path: Path, data: bytes, limit_bytes: int) -> None:
    path = written(tmp_path, data)
    with path.open("r+b") as file:
        file.truncate(limit_bytes)  # a sparse tail of zeros
        assert examine(path).size_bytes == limit_bytes
        file.truncate(limit_bytes + 1)
    with pytest.raises(FileTooLarge) as refusal:
        examine(path)
    assert refusal.value.details == {"size_bytes": limit_bytes + 1, "limit_bytes": limit_bytes}


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow says so when EXIF is corrupt
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_photo_broken_anywhere_is_read_or_refused_never_worse(
    tmp_path: Path, data: st.DataObject
) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    photo = bytearray(encoded(noise(16, 16), kind, exif=camera_exif()))
    for _ in range(data.draw(st.integers(1, 6))):
        photo[data.draw(st.integers(0, len(photo) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MediaError):
        assert examine(written(tmp_path, bytes(photo))).size_bytes == len(photo)

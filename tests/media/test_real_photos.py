"""Five real camera files, where they are at hand."""

import io
from pathlib import Path

import pytest
from PIL import Image

from media.examine import MediaFacts, examine
from media.exif import Position
from media.images import ImageFacts
from media.sniff import MediaType
from tests.media.pictures import thumbnail


@pytest.fixture(scope="session")
def photos(real_data: Path) -> Path:
    return real_data / "photos"


def image_of(facts: MediaFacts) -> ImageFacts:
    assert facts.image is not None
    return facts.image


@pytest.mark.parametrize(
    ("name", "media_type", "size", "box"),
    [
        ("DSCN0010.jpg", MediaType.JPEG, (640, 480), (320, 240)),
        ("IMG_5195.HEIC", MediaType.HEIC, (2566, 3313), (248, 320)),
        ("iphone_hdr_YES.jpg", MediaType.JPEG, (3264, 2448), (320, 240)),
        ("landscape_3.jpg", MediaType.JPEG, (600, 450), (320, 240)),
        ("portrait_6.jpg", MediaType.JPEG, (450, 600), (240, 320)),
    ],
)
def test_a_real_photo_is_known_and_made_small(
    photos: Path, name: str, media_type: MediaType, size: tuple[int, int], box: tuple[int, int]
) -> None:
    facts = examine(photos / name)
    assert facts.media_type is media_type
    assert (image_of(facts).width_px, image_of(facts).height_px) == size
    with Image.open(io.BytesIO(thumbnail(photos / name))) as picture:
        assert picture.size == box


@pytest.mark.parametrize(
    ("name", "position", "make", "model"),
    [
        ("DSCN0010.jpg", Position(43.4674483, 11.8851267), "NIKON", "COOLPIX P6000"),
        ("iphone_hdr_YES.jpg", Position(40.4469722, -3.7247528), "Apple", "iPhone 6"),
        ("IMG_5195.HEIC", Position(39.0513444, -94.2887722), "Apple", "iPhone 11 Pro Max"),
    ],
)
def test_a_real_photo_says_where_and_with_what_it_was_taken(
    photos: Path, name: str, position: Position, make: str, model: str
) -> None:
    exif = image_of(examine(photos / name)).exif
    assert exif.position == position
    assert (exif.make, exif.model) == (make, model)


def test_a_phone_that_writes_its_offset_gives_a_moment_in_utc(photos: Path) -> None:
    exif = image_of(examine(photos / "IMG_5195.HEIC")).exif
    assert exif.taken_wall_clock == "2021-04-11T15:47:53"
    assert exif.taken_at is not None
    assert exif.taken_at.isoformat() == "2021-04-11T20:47:53+00:00"

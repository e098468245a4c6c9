"""Every picture comes out upright, whichever way its phone was held and however it says so."""

import io

import pytest
from PIL import ExifTags, Image

from media.images import image_facts
from tests.media.pictures import (
    STORED_AS,
    corners_of,
    encoded,
    four_corners,
    heic_can_be_made,
    thumbnail,
)

SIZE = (160, 100)
UPRIGHT = corners_of(four_corners())
ALL = range(1, 9)
needs_heic = pytest.mark.skipif(not heic_can_be_made(), reason="this libheif has no HEIC encoder")


def stored(orientation: int) -> Image.Image:
    """`four_corners` as the sensor saw it."""
    picture = four_corners(*SIZE)
    return picture.transpose(STORED_AS[orientation]) if orientation in STORED_AS else picture


def saying(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif


def assert_upright(data: bytes) -> None:
    facts = image_facts(io.BytesIO(data))
    assert (facts.width_px, facts.height_px) == SIZE
    for box_px in (80, 1600):
        with Image.open(io.BytesIO(thumbnail(io.BytesIO(data), box_px))) as small:
            assert small.size == ((80, 50) if box_px == 80 else SIZE)
            assert corners_of(small) == UPRIGHT
            assert not small.getexif()


@pytest.mark.parametrize("orientation", ALL)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_turns_it(kind: str, orientation: int) -> None:
    data = encoded(stored(orientation), kind, exif=saying(orientation))
    assert_upright(data)
    assert image_facts(io.BytesIO(data)).exif.orientation == orientation


@pytest.mark.parametrize("orientation", ALL)
def test_a_progressive_jpeg_is_turned_too(orientation: int) -> None:
    picture = stored(orientation)
    assert_upright(encoded(picture, progressive=True, exif=saying(orientation)))


@needs_heic
@pytest.mark.parametrize("orientation", ALL)
def test_a_heic_that_says_it_in_its_container_and_in_exif_is_turned_once(orientation: int) -> None:
    """As phones write it: `irot` and `imir` for decoders, and the same in EXIF for humans."""
    data = encoded(stored(orientation), "HEIF", exif=saying(orientation).tobytes())
    assert (b"irot" in data, b"imir" in data) == (
        orientation in (3, 5, 6, 7, 8), orientation in (2, 4, 5, 7),
    )  # fmt: skip
    assert_upright(data)
    assert image_facts(io.BytesIO(data)).exif.orientation == 1  # nothing is left to be turned


@needs_heic
@pytest.mark.parametrize("orientation", ALL)
def test_what_exif_alone_says_turns_no_heic(orientation: int) -> None:
    """ISO/IEC 23008-12: the container's properties decide, EXIF is descriptive."""
    data = encoded(four_corners(*SIZE), "HEIF", exif=saying(orientation))
    assert b"irot" not in data
    assert_upright(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_there_is_not_turns_nothing(kind: str, orientation: int) -> None:
    assert_upright(encoded(four_corners(*SIZE), kind, exif=saying(orientation)))

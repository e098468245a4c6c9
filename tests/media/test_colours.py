"""Small pictures show the colours that the phone saw, whatever its profile calls them."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageCms, ImageStat

from media.small import SCREEN, small_pictures
from tests.media.pictures import DISPLAY_P3, encoded, heic_can_be_made, profile_of

needs_heic = pytest.mark.skipif(not heic_can_be_made(), reason="this libheif has no HEIC encoder")

#: what a colour of sRGB is called in Display P3 (CSS Color 4, sample conversions), and what it is
SEEN = {
    (234, 51, 35): (255, 0, 0),
    (117, 251, 76): (0, 255, 0),
    (0, 0, 245): (0, 0, 255),
    (128, 128, 128): (128, 128, 128),
    (255, 255, 255): (255, 255, 255),
}


P3 = profile_of(DISPLAY_P3)


def colour_of(data: bytes) -> tuple[int, ...]:
    (small,) = small_pictures(io.BytesIO(data), SCREEN).values()
    with Image.open(io.BytesIO(small)) as picture:
        assert "icc_profile" not in picture.info
        pixel = picture.getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    return pixel


def apart(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", pytest.param("HEIF", marks=needs_heic)])
@pytest.mark.parametrize("written", SEEN)
def test_a_phones_colour_is_shown_as_it_was_seen(kind: str, written: tuple[int, int, int]) -> None:
    data = encoded(
        Image.new("RGB", (64, 64), written), kind, icc_profile=P3, lossless=kind == "WEBP"
    )
    assert apart(colour_of(data), SEEN[written]) <= 6  # what JPEG and HEIC move it by


@pytest.mark.parametrize("mode", ["P", "RGBA"])
def test_so_is_one_of_a_palette_or_with_transparency(mode: str) -> None:
    picture = Image.new("RGBA", (64, 64), (234, 51, 35, 255))
    picture = picture.quantize(4) if mode == "P" else picture
    assert apart(colour_of(encoded(picture, "PNG", icc_profile=P3)), (255, 0, 0)) <= 6


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    "profile", [srgb(), b"", b"no profile", P3[:200], P3[:-1], P3.replace(b"RGB ", b"GRAY")]
)
def test_a_profile_of_srgb_and_one_that_is_none_change_nothing(profile: bytes) -> None:
    orange = (230, 120, 40)
    data = encoded(Image.new("RGB", (64, 64), orange), "PNG", icc_profile=profile)
    assert apart(colour_of(data), orange) <= 3


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_profile_of_other_colours_than_the_pictures_changes_nothing(mode: str) -> None:
    picture = Image.new("RGB", (64, 64), (90, 90, 90)).convert(mode)
    plain, explained = (colour_of(encoded(picture, icc_profile=p)) for p in (None, srgb()))
    assert apart(plain, explained) <= 1


def test_a_real_phones_photo_is_shown_in_its_colours(real_data: Path) -> None:
    """An iPhone's HEIC in Display P3, beside the conversion of all its pixels."""
    heic = (real_data / "photos" / "IMG_5195.HEIC").read_bytes()
    (small,) = small_pictures(io.BytesIO(heic), SCREEN).values()
    with Image.open(io.BytesIO(heic)) as original, Image.open(io.BytesIO(small)) as shown:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(original.info["icc_profile"]))
        seen = ImageCms.profileToProfile(original, profile, ImageCms.createProfile("sRGB"))
        assert seen is not None
        assert apart_in_parts(shown, seen) < 1 < apart_in_parts(shown, original)


def apart_in_parts(one: Image.Image, other: Image.Image) -> float:
    """How far two pictures are apart, as a mean of 64 parts and three colours."""
    parts = (each.resize((8, 8), Image.Resampling.BOX) for each in (one, other))
    return sum(ImageStat.Stat(ImageChops.difference(*parts)).mean) / 3

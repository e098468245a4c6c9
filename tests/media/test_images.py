"""Limits, wholeness and thumbnails."""

import io
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image

from media import images
from media.errors import ImageTooLarge, ImageTruncated, ImageUnreadable, MediaError
from media.images import (
    MAX_PIXELS,
    MAX_PIXELS_IN_MEMORY,
    ImageFacts,
    image_facts,
    opened_picture,
)
from tests.media.pictures import (
    camera_exif,
    clip,
    corners_of,
    encoded,
    four_corners,
    heic_can_be_made,
    jpeg_claiming,
    noise,
    oriented_jpeg,
    png_claiming,
    thumbnail,
)

needs_heic = pytest.mark.skipif(
    not heic_can_be_made(), reason="this libheif has no HEIC encoder to make a picture with"
)
UPRIGHT = corners_of(four_corners())
KINDS = ["JPEG", "PNG", "WEBP", pytest.param("HEIF", marks=needs_heic)]


def facts_of(data: bytes) -> ImageFacts:
    return image_facts(io.BytesIO(data))


def small(data: bytes, box_px: int = 320) -> Image.Image:
    return Image.open(io.BytesIO(thumbnail(io.BytesIO(data), box_px)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_picture_gives_facts_and_a_thumbnail(kind: str) -> None:
    data = encoded(four_corners(), kind, exif=camera_exif())
    facts = facts_of(data)
    assert (facts.width_px, facts.height_px) == (640, 400)
    assert facts.exif.make == "HUAWEI"
    assert corners_of(small(data)) == UPRIGHT


@pytest.mark.parametrize("kind", KINDS)
def test_a_thumbnail_carries_no_metadata(kind: str) -> None:
    options = {"comment": b"secret", "xmp": b"<x:secret/>"} if kind == "JPEG" else {}
    profile = b"secret profile"
    icc = {} if kind == "HEIF" else {"icc_profile": profile}
    data = encoded(four_corners(), kind, exif=camera_exif(), **options, **icc)
    made = thumbnail(io.BytesIO(data))
    for trace in (b"secret", b"HUAWEI", b"Exif", b"ICC_PROFILE"):
        assert trace not in made
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.format == "JPEG"
        assert not picture.getexif()


@pytest.mark.parametrize(
    ("size", "box_px", "expected"),
    [
        ((4000, 3000), 320, (320, 240)),
        ((3000, 4000), 320, (240, 320)),
        ((320, 200), 320, (320, 200)),
        ((321, 200), 320, (320, 199)),
        ((100, 50), 320, (100, 50)),  # never larger than the original
        ((5000, 1), 320, (320, 1)),
        ((1, 1), 1, (1, 1)),
    ],
)
def test_a_thumbnail_fits_its_box_and_keeps_its_shape(
    size: tuple[int, int], box_px: int, expected: tuple[int, int]
) -> None:
    assert small(encoded(Image.new("RGB", size)), box_px).size == expected


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_mode_of_jpeg_is_shown(mode: str) -> None:
    assert small(encoded(Image.new(mode, (500, 400)))).mode == "RGB"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_is_shown(mode: str) -> None:
    assert small(encoded(Image.new(mode, (500, 400)), "PNG")).size == (320, 256)


def test_what_is_transparent_becomes_white() -> None:
    hole = small(encoded(Image.new("RGBA", (400, 400), (255, 0, 0, 0)), "PNG"))
    assert hole.getpixel((100, 100)) == (255, 255, 255)


def test_sixteen_bits_of_grey_keep_their_middle() -> None:
    grey = small(encoded(Image.new("I;16", (400, 400), 32768), "PNG")).getpixel((100, 100))
    assert isinstance(grey, tuple)
    assert all(126 <= part <= 129 for part in grey)


def test_a_picture_with_more_pictures_behind_it_shows_the_first() -> None:
    second = Image.new("RGB", (640, 400), "black")
    data = encoded(four_corners(), "MPO", save_all=True, append_images=[second])
    assert (facts_of(data).width_px, facts_of(data).height_px) == (640, 400)
    assert corners_of(small(data)) == UPRIGHT


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("progressive", [False, True])
def test_the_pixel_limit_of_a_jpeg_is_exact(progressive: bool) -> None:
    limit = MAX_PIXELS_IN_MEMORY if progressive else MAX_PIXELS
    width_px = 8192 if progressive else 12_000
    whole = encoded(noise(), progressive=progressive)
    facts = facts_of(jpeg_claiming(whole, width_px, limit // width_px))  # the decoder fills in
    assert facts.width_px * facts.height_px == limit
    with pytest.raises(ImageTooLarge) as refusal:
        facts_of(jpeg_claiming(whole, width_px, limit // width_px + 1))
    assert refusal.value.details == {"limit_pixels": limit}


def test_the_pixel_limit_of_a_png_is_exact() -> None:
    side_px = 8192
    with pytest.raises(ImageTruncated):
        facts_of(png_claiming(side_px, side_px))
    with pytest.raises(ImageTooLarge):
        facts_of(png_claiming(side_px, side_px + 1))


@pytest.mark.parametrize("side_px", [11_000, 20_000, 60_000])
@pytest.mark.filterwarnings("error")  # also where Pillow's warning has been made an exception
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side_px: int) -> None:
    with pytest.raises(ImageTooLarge) as refusal:
        thumbnail(io.BytesIO(png_claiming(side_px, side_px)))
    assert refusal.value.code == "image_too_large"


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_cut_in_its_pixels_is_truncated(kind: str) -> None:
    whole = encoded(noise(), kind)
    with pytest.raises(ImageTruncated if kind in ("JPEG", "PNG") else MediaError):
        facts_of(whole[: len(whole) // 2])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_picture_cut_at_any_byte_never_passes_for_whole_nor_crashes(kind: str) -> None:
    whole = encoded(noise(24, 16), kind)
    for length in range(0, len(whole) - 40, 7):
        with pytest.raises(MediaError):
            facts_of(whole[:length])


def test_a_video_is_not_decoded() -> None:
    with pytest.raises(ImageUnreadable):
        thumbnail(io.BytesIO(clip()))


def test_a_jpeg_beginning_with_nothing_behind_it_is_unreadable() -> None:
    with pytest.raises(ImageUnreadable):
        facts_of(b"\xff\xd8\xff\xd9" * 10)


def test_a_path_serves_as_well_as_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "photo"
    path.write_bytes(oriented_jpeg(6))
    assert thumbnail(path) == thumbnail(io.BytesIO(path.read_bytes()))


def test_a_fault_of_the_disk_is_not_blamed_on_the_picture(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        thumbnail(tmp_path / "gone")


def png_of(pixels: int) -> bytes:
    """A PNG of so many white pixels, a column."""
    return encoded(Image.new("1", (1, pixels), 1), "PNG")


def test_what_is_large_in_memory_is_decoded_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A few hundred bytes may ask for a gigabyte: eight threads must not be asked at once."""
    monkeypatch.setattr(images, "LARGE_PIXELS", 100)
    jpeg = encoded(noise())
    done: list[int] = []
    late = Thread(target=lambda: done.append(facts_of(png_of(101)).height_px))
    with opened_picture(io.BytesIO(png_of(101))):
        late.start()
        assert facts_of(png_of(100)).height_px == 100
        assert facts_of(jpeg).width_px == 96  # scaled as it is read
        late.join(0.1)
        assert (late.is_alive(), done) == (True, [])
    late.join()
    assert done == [101]
    with pytest.raises(ImageTruncated):
        facts_of(png_of(101)[:-30])
    assert facts_of(png_of(101)).height_px == 101  # what failed left its place

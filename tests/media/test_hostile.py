"""Whatever is called a photo: either it is one, or the answer is a clear code. Nothing else."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from media.containers import MAX_PARTS
from media.errors import ImageUnreadable, MediaError
from media.examine import examine
from media.images import MAX_PIXELS_IN_MEMORY
from media.jpeg import (
    MAX_EXIF_SEGMENTS,
    MAX_FILL_BYTES,
    MAX_SCANS,
    MAX_SEGMENTS,
    single_scan_at,
)
from media.sniff import MediaType
from tests.media import hostile
from tests.media.pictures import (
    box,
    clip,
    encoded,
    four_corners,
    heic_can_be_made,
    jpeg_claiming,
    noise,
    png_claiming,
    written,
)

needs_heic = pytest.mark.skipif(not heic_can_be_made(), reason="this libheif has no HEIC encoder")
FILL_PAIRS = (MAX_FILL_BYTES // 2, MAX_FILL_BYTES // 2 + 1)
ZIP = b"PK\x03\x04" + bytes(26) + b"evil.exe" + bytes(400) + b"PK\x05\x06" + bytes(18)


def code_of(folder: Path, data: bytes, name: str = "IMG_0001.jpg") -> str:
    """What `examine` says of the bytes: their type, or the code of why they are none."""
    try:
        return str(examine(written(folder, data, name)).media_type)
    except MediaError as error:
        return error.code


def in_pieces(count: int) -> bytes:
    """A photo whose EXIF comes in so many pieces."""
    return hostile.behind_start(encoded(noise()), hostile.segment(0xE1, b"Exif\0\0") * count)


def filled(size_bytes: int) -> bytes:
    """A photo with filling before its first segment (T.81, B.1.1.2)."""
    return hostile.behind_start(encoded(noise()), b"\xff" * size_bytes)


def behind_boxes(count: int) -> bytes:
    """A clip that begins with so many empty boxes, beside three of its own."""
    whole = clip()
    at = whole.index(b"moov") - 4
    return whole[:at] + box(b"free") * count + whole[at:]


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "media_type_unsupported"),
    "one byte": (lambda: b"\xff", "media_type_unsupported"),
    "a page": (lambda: b"<!doctype html><script>alert(1)</script>", "media_type_unsupported"),
    "a program": (lambda: b"MZ" + bytes(2000), "media_type_unsupported"),
    "a drawing": (lambda: b"<svg onload='alert(1)'/>", "media_type_unsupported"),
    "an archive": (lambda: ZIP, "media_type_unsupported"),
    "a page that goes on as a photo": (
        lambda: b"<html>" + encoded(noise()), "media_type_unsupported",
    ),
    "a GIF": (lambda: encoded(four_corners(), "GIF"), "media_type_unsupported"),
    "a TIFF": (lambda: encoded(four_corners(), "TIFF"), "media_type_unsupported"),
    "a beginning alone": (lambda: b"\xff\xd8\xff\xe0", "image_unreadable"),
    "a profile bomb": (hostile.profile_bomb, "image_unreadable"),
    "a text bomb": (hostile.text_bomb, "image_unreadable"),
    "texts that unpack to much": (hostile.many_texts, "image_unreadable"),
    "a pixel bomb": (hostile.pixel_bomb, "image_too_large"),
    "a claim of pixels, JPEG": (
        lambda: jpeg_claiming(encoded(noise()), 65_000, 65_000), "image_too_large",
    ),
    "a claim of pixels, PNG": (lambda: png_claiming(60_000, 60_000), "image_too_large"),
    "a PNG of no pixels": (lambda: png_claiming(0, 0), "image_unreadable"),
    "a scan bomb": (lambda: hostile.scan_bomb(1000), "image_unreadable"),
    "one scan too many": (
        lambda: hostile.scan_bomb(MAX_SCANS + 1, side_px=512), "image_unreadable",
    ),
    "one segment too many": (lambda: hostile.with_segments(MAX_SEGMENTS + 1), "image_unreadable"),
    "one piece of EXIF too many": (lambda: in_pieces(MAX_EXIF_SEGMENTS + 1), "image_unreadable"),
    "one byte of filling too many": (lambda: filled(MAX_FILL_BYTES + 1), "image_unreadable"),
    "filling as it stands in data": (
        lambda: hostile.behind_start(encoded(noise()), b"\xff\0" * MAX_FILL_BYTES),
        "image_unreadable",
    ),
    "one chunk too many": (lambda: hostile.with_chunks(MAX_PARTS + 1), "image_unreadable"),
    "a clip behind one box too many": (lambda: behind_boxes(MAX_PARTS - 2), "video_truncated"),
    "half a photo": (lambda: encoded(noise())[:2000], "image_truncated"),
    "half a clip": (lambda: clip()[:-1], "video_truncated"),
    "a clip of nothing": (lambda: box(b"ftyp", b"isom\0\0\0\0"), "video_truncated"),
    "a HEIC of nothing": (
        lambda: box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(40)), "image_unreadable",
    ),
    "a WebP of nothing": (lambda: b"RIFF\x04\0\0\0WEBP", "image_unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_no_photo_has_its_code(tmp_path: Path, what: str) -> None:
    make, code = REFUSED[what]
    assert code_of(tmp_path, make()) == code


def test_a_start_that_begins_again_and_again_counts_as_filling() -> None:
    """No decoder takes it, but Pillow would first read all of it."""
    again = (hostile.behind_start(encoded(noise()), b"\xff\xd8" * n) for n in FILL_PAIRS)
    enough, too_many = map(io.BytesIO, again)
    assert single_scan_at(enough)
    with pytest.raises(ImageUnreadable):
        single_scan_at(too_many)


TAKEN: dict[str, tuple[Callable[[], bytes], str]] = {
    "a PNG named jpg": (lambda: encoded(noise(), "PNG"), "image/png"),
    "a photo with an archive behind it": (lambda: encoded(noise()) + ZIP, "image/jpeg"),
    "a photo with a page behind it": (
        lambda: encoded(noise()) + b"<script>alert(1)</script>", "image/jpeg",
    ),
    "a photo with a page in its comment": (
        lambda: encoded(noise(), comment=b"<script>alert(1)</script>"), "image/jpeg",
    ),
    "a photo that moves": (lambda: encoded(noise()) + clip(), "image/jpeg"),  # Motion Photo
    "two photos in one": (
        lambda: encoded(noise(), "MPO", save_all=True, append_images=[four_corners()]),
        "image/jpeg",
    ),
    "as many scans as there may be": (
        lambda: hostile.scan_bomb(MAX_SCANS, side_px=512), "image/jpeg",
    ),
    "as many segments as there may be": (
        lambda: hostile.with_segments(MAX_SEGMENTS), "image/jpeg",
    ),
    "as many pieces of EXIF as there may be": (
        lambda: in_pieces(MAX_EXIF_SEGMENTS), "image/jpeg",
    ),
    "as much filling as there may be": (lambda: filled(MAX_FILL_BYTES), "image/jpeg"),
    "as many chunks as there may be": (lambda: hostile.with_chunks(MAX_PARTS), "image/png"),
    "a clip behind as many boxes as are looked at": (
        lambda: behind_boxes(MAX_PARTS - 3), "video/mp4",
    ),
    "the film of a live photo": (lambda: clip(b"qt  ", b"qt  "), "video/quicktime"),
    "a clip of an old phone": (lambda: clip(b"3gp5", b"isom"), "video/3gpp"),
    "EXIF that claims all of itself": (
        lambda: encoded(noise(), exif=hostile.exif_bomb()), "image/jpeg",
    ),
    "EXIF that points to itself": (
        lambda: encoded(noise(), exif=hostile.exif_of_itself()), "image/jpeg",
    ),
    "EXIF of nothing": (lambda: encoded(noise(), exif=b"Exif\0\0"), "image/jpeg"),
    "a moving PNG": (
        lambda: encoded(noise(), "PNG", save_all=True, append_images=[noise()] * 3), "image/png",
    ),
    "a moving WebP": (
        lambda: encoded(noise(), "WEBP", save_all=True, append_images=[four_corners(96, 64)]),
        "image/webp",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TAKEN)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_is_a_photo_is_one_whatever_comes_with_it(tmp_path: Path, what: str) -> None:
    make, expected = TAKEN[what]
    assert code_of(tmp_path, make()) == expected


@pytest.mark.parametrize("name", ["IMG.heic", "x.exe", "index.html"])
def test_the_name_decides_nothing(tmp_path: Path, name: str) -> None:
    assert code_of(tmp_path, encoded(noise()), name) == MediaType.JPEG


def webp_claiming(width_px: int, height_px: int) -> bytes:
    """A WebP whose picture claims a size (VP8L: 14 bits each, less one)."""
    webp = encoded(noise(), "WEBP", lossless=True)
    at = webp.index(b"VP8L") + 9
    claimed = int.from_bytes(webp[at : at + 4], "little") >> 28 << 28
    claimed |= (width_px - 1) | (height_px - 1) << 14
    return webp[:at] + claimed.to_bytes(4, "little") + webp[at + 4 :]


def heic_claiming(width_px: int, height_px: int) -> bytes:
    """A HEIC whose picture claims a size (ispe)."""
    heic = encoded(noise(), "HEIF")
    at = heic.index(b"ispe") + 8
    return heic[:at] + struct.pack(">II", width_px, height_px) + heic[at + 8 :]


@pytest.mark.parametrize("make", [webp_claiming, pytest.param(heic_claiming, marks=needs_heic)])
def test_the_pixel_limit_is_exact_where_all_is_decoded_in_memory(
    tmp_path: Path, make: Callable[[int, int], bytes]
) -> None:
    side_px = 8192
    assert side_px * side_px == MAX_PIXELS_IN_MEMORY
    assert code_of(tmp_path, make(side_px, side_px)) != "image_too_large"
    assert code_of(tmp_path, make(side_px, side_px + 1)) == "image_too_large"


def test_a_jpeg_in_several_scans_has_the_limit_of_what_is_held_in_memory(tmp_path: Path) -> None:
    """Not only a progressive one: its components may come one after the other."""
    jpeg = bytearray(encoded(noise(), subsampling="4:4:4"))
    at = jpeg.index(b"\xff\xda")
    first_alone = hostile.segment(0xDA, b"\1\1\0\0\x3f\0")
    length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
    jpeg[at : at + 2 + length] = first_alone
    assert code_of(tmp_path, jpeg_claiming(bytes(jpeg), 12_000, 10_000)) == "image_too_large"


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_mode_of_jpeg_is_taken(tmp_path: Path, mode: str, progressive: bool) -> None:
    data = encoded(noise().convert(mode), progressive=progressive)
    assert code_of(tmp_path, data) == "image/jpeg"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_png_is_taken(tmp_path: Path, mode: str) -> None:
    picture = noise().convert("L").convert("I;16") if mode == "I;16" else noise().convert(mode)
    assert code_of(tmp_path, encoded(picture, "PNG")) == "image/png"


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"quality": 1}])
def test_every_kind_of_webp_is_taken(tmp_path: Path, options: dict[str, object]) -> None:
    for mode in ("RGB", "RGBA"):
        assert code_of(tmp_path, encoded(noise().convert(mode), "WEBP", **options)) == "image/webp"


@needs_heic
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_every_mode_of_heic_is_taken(tmp_path: Path, mode: str) -> None:
    assert code_of(tmp_path, encoded(noise().convert(mode), "HEIF")) == "image/heic"


def test_a_picture_that_is_shown_is_never_more_than_its_first(tmp_path: Path) -> None:
    data = encoded(Image.new("RGB", (64, 64), "red"), "PNG", save_all=True, append_images=[
        Image.new("RGB", (64, 64), "blue")
    ])  # fmt: skip
    with Image.open(io.BytesIO(data)) as moving:
        assert moving.n_frames == 2
    assert code_of(tmp_path, data) == "image/png"

"""Small pictures for people (缩小图): upright JPEGs without metadata, all from one decode."""

import io
from typing import NamedTuple

from PIL import Image

from media.colours import as_srgb
from media.exif import read_exif
from media.images import Source, decode, fitted, opened_picture


class Size(NamedTuple):
    """What a small picture is called, the side of the square it fits, and its JPEG quality."""

    name: str
    box_px: int
    quality: int


THUMBNAIL = Size("thumbnail", 320, 80)
"""For lists (缩略图)."""
SCREEN = Size("screen", 1600, 82)
"""For looking at: fills a phone and most of a desk's screen (屏幕图)."""
SIZES = (THUMBNAIL, SCREEN)

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the stored pixels upright (CIPA DC-008, tag 274)."""


def small_pictures(source: Source, *sizes: Size) -> dict[str, bytes]:
    """A JPEG of each size by its name: upright, in sRGB, without EXIF or any other metadata.

    Never larger than the original; transparency becomes white. The picture is decoded once, as
    small as its decoder can for the largest size, and the smaller ones are made of that one.
    Errors: `MediaTypeUnsupported`, `ImageTooLarge`, `ImageTruncated`, `ImageUnreadable`.
    """
    falling = sorted(sizes, key=lambda size: size.box_px, reverse=True)
    with opened_picture(source) as image:
        decode(image, fit_px=falling[0].box_px)
        small = _flat(_shrunk(image, falling[0].box_px))
        small = as_srgb(small, image.info.get("icc_profile"))
        turn = _UPRIGHT.get(read_exif(image).orientation)
    if turn is not None:
        small = small.transpose(turn)
    made = {}
    for size in falling:
        small = _shrunk(small, size.box_px)
        made[size.name] = _as_jpeg(small, size.quality)
    return made


def _shrunk(image: Image.Image, box_px: int) -> Image.Image:
    if image.mode in ("P", "PA"):  # palette indexes cannot be averaged
        image = image.convert("RGBA")
    return image.resize(fitted(image.size, box_px), Image.Resampling.BICUBIC, reducing_gap=2.0)


def _flat(image: Image.Image) -> Image.Image:
    """As RGB, over white where it is transparent."""
    if image.mode.startswith("I;16"):  # `convert` would clip 16 bits of grey to white
        return image.point(lambda grey: grey / 256).convert("L").convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    picture = image.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def _as_jpeg(image: Image.Image, quality: int) -> bytes:
    image.info = {}  # Pillow would copy a JPEG comment into the new file
    written = io.BytesIO()
    image.save(written, "JPEG", quality=quality)
    return written.getvalue()

"""Pictures and clips made on the fly, so that these tests need no file from outside."""

import io
import random
import struct
import zlib
from pathlib import Path

import pillow_heif
from PIL import ExifTags, Image

from media.images import Source
from media.small import THUMBNAIL, small_pictures

CORNERS = {"top left": "red", "top right": "lime", "bottom left": "blue", "bottom right": "white"}

#: SMPTE EG 432-1 with the white of sRGB, adapted to D50 (ISO 15076-1), as Apple's profile has them
DISPLAY_P3 = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
}
# How the pixels of an upright picture must be turned so that an orientation tag turns them back.
STORED_AS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def heic_can_be_made() -> bool:
    """Whether this build of libheif has an encoder for HEIC."""
    return bool(pillow_heif.libheif_info()["HEIF"])


def four_corners(width_px: int = 640, height_px: int = 400) -> Image.Image:
    """An upright picture with a colour of its own in each quarter."""
    picture = Image.new("RGB", (width_px, height_px))
    half = (width_px // 2, height_px // 2)
    for name, colour in CORNERS.items():
        at = (half[0] if "right" in name else 0, half[1] if "bottom" in name else 0)
        picture.paste(Image.new("RGB", half, colour), at)
    return picture


def corners_of(picture: Image.Image) -> dict[str, tuple[int, ...]]:
    """The colour in the middle of each quarter, rounded to full on or off."""
    seen = {}
    for name in CORNERS:
        x = picture.width * (3 if "right" in name else 1) // 4
        y = picture.height * (3 if "bottom" in name else 1) // 4
        pixel = picture.convert("RGB").getpixel((x, y))
        assert isinstance(pixel, tuple)
        seen[name] = tuple(255 if part > 127 else 0 for part in pixel)
    return seen


def encoded(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def oriented_jpeg(orientation: int) -> bytes:
    """`four_corners` as a camera stores it that was held some other way."""
    picture = four_corners()
    if orientation in STORED_AS:
        picture = picture.transpose(STORED_AS[orientation])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encoded(picture, exif=exif)


def thumbnail(source: Source, box_px: int = THUMBNAIL.box_px) -> bytes:
    """One small picture of a source."""
    (made,) = small_pictures(source, THUMBNAIL._replace(box_px=box_px)).values()
    return made


def camera_exif() -> Image.Exif:
    """Make, model, time with offset, and a position in Hohhot (111.75 E, 40.84 N)."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "HUAWEI\0"
    exif[ExifTags.Base.Model] = "  Mate 60\n Pro "
    detail = exif.get_ifd(ExifTags.IFD.Exif)
    detail[ExifTags.Base.DateTimeOriginal] = "2026:11:23 09:30:15"
    detail[ExifTags.Base.OffsetTimeOriginal] = "+08:00"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (40.0, 50.0, 24.0)
    gps[ExifTags.GPS.GPSLongitudeRef] = "E"
    gps[ExifTags.GPS.GPSLongitude] = (111.0, 45.0, 0.0)
    return exif


def noise(width_px: int = 96, height_px: int = 64) -> Image.Image:
    """A picture that doesn't compress, so that a cut always cuts pixels."""
    pixels = random.Random(7).randbytes(width_px * height_px * 3)  # noise of a seed, no secret
    return Image.frombytes("RGB", (width_px, height_px), pixels)


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def profile_of(primaries: dict[bytes, tuple[float, float, float]]) -> bytes:
    """A matrix profile with the curve of sRGB (ISO 15076-1, 8.3 and 10.18)."""
    curve = b"para\0\0\0\0\0\3\0\0" + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tags = {name: b"XYZ \0\0\0\0" + _fixed(*at) for name, at in primaries.items()}
    tags |= {b"wtpt": b"XYZ \0\0\0\0" + _fixed(0.9642, 1.0, 0.8249)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    at = 128 + 4 + 12 * len(tags)
    table, content = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        table += name + struct.pack(">II", at + len(content), len(data))
        content += data
    head = struct.pack(">I4xI4s4s4s12x4s28xiii48x", at + len(content), 0x04000000, b"mntr", b"RGB ",
                       b"XYZ ", b"acsp", 63190, 65536, 54061)  # fmt: skip
    return head + table + content


def jpeg_claiming(jpeg: bytes, width_px: int, height_px: int) -> bytes:
    """The same JPEG with another size in its frame header (SOF0 or SOF2)."""
    at = max(jpeg.find(b"\xff\xc0\x00\x11"), jpeg.find(b"\xff\xc2\x00\x11"))
    assert at > 0
    return jpeg[: at + 5] + struct.pack(">HH", height_px, width_px) + jpeg[at + 9 :]


def png_claiming(width_px: int, height_px: int) -> bytes:
    """A whole and valid PNG of two colours whose header claims a size; its pixels are missing."""
    header = struct.pack(">IIBBBBB", width_px, height_px, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in chunks)


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def box(kind: bytes, content: bytes = b"") -> bytes:
    """One ISO/IEC 14496-12 box."""
    return struct.pack(">I", 8 + len(content)) + kind + content


def clip(major: bytes = b"mp42", *compatible: bytes) -> bytes:
    """A video as far as its container tells."""
    brands = box(b"ftyp", major + b"\0\0\0\0" + b"".join(compatible))
    return brands + box(b"moov", b"m" * 100) + box(b"mdat", b"v" * 5000)


def written(folder: Path, data: bytes, name: str = "upload") -> Path:
    """The bytes as a file in `folder`."""
    path = folder / name
    path.write_bytes(data)
    return path

"""What the camera wrote beside the picture (EXIF): facts to compare, never to trust.

EXIF comes from outside: each field is read on its own, and what is broken or absurd is absent.
Source: CIPA DC-008 (Exif 3.0).
"""

import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from PIL import ExifTags, Image

MAX_TEXT = 64
"""Longest make or model kept, in characters."""
FIRST_YEAR, LAST_YEAR = 1970, 2099
"""A clock that was never set shows 1970 or later; beyond these years nobody meant a time."""

HOSTILE_EXIF = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Pillow raises on EXIF that was cut or forged; none of it concerns the picture."""

_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")


@dataclass(frozen=True)
class Position:
    """Degrees as the camera wrote them, nominally WGS-84; north and east positive."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class ExifFacts:
    """Each field is None when the file doesn't say it in a usable way.

    `taken_wall_clock`: the camera's clock as ISO 8601 without a zone.
    `taken_at`: the same moment in UTC, only when the camera also wrote its offset.
    `orientation`: 1..8, as the pixels are stored (CIPA DC-008, tag 274); 1 is upright.
    """

    orientation: int = 1
    taken_wall_clock: str | None = None
    taken_at: datetime | None = None
    position: Position | None = None
    make: str | None = None
    model: str | None = None


def read_exif(image: Image.Image) -> ExifFacts:
    """The EXIF facts of an opened image; never raises on what the EXIF holds."""
    try:
        exif = image.getexif()
    except HOSTILE_EXIF:
        return ExifFacts()
    detail = _ifd(exif, ExifTags.IFD.Exif)
    wall_clock = _wall_clock(_field(detail, ExifTags.Base.DateTimeOriginal))
    return ExifFacts(
        orientation=_orientation(_field(exif, ExifTags.Base.Orientation)),
        taken_wall_clock=wall_clock,
        taken_at=_moment(wall_clock, _field(detail, ExifTags.Base.OffsetTimeOriginal)),
        position=_position(_ifd(exif, ExifTags.IFD.GPSInfo)),
        make=_text(_field(exif, ExifTags.Base.Make)),
        model=_text(_field(exif, ExifTags.Base.Model)),
    )


def _ifd(exif: Image.Exif, tag: int) -> Mapping[int, Any]:
    try:
        return exif.get_ifd(tag)
    except HOSTILE_EXIF:
        return {}


def _field(ifd: Mapping[int, Any], tag: int) -> object:
    try:
        return ifd.get(tag)
    except HOSTILE_EXIF:
        return None


def _orientation(value: object) -> int:
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _wall_clock(value: object) -> str | None:
    found = _TIME.match(value) if isinstance(value, str) else None
    if not found:
        return None
    text = "{}-{}-{}T{}".format(*found.groups())
    shown = _as_datetime(text)
    return text if shown and FIRST_YEAR <= shown.year <= LAST_YEAR else None


def _moment(wall_clock: str | None, offset: object) -> datetime | None:
    if wall_clock is None or not isinstance(offset, str) or not _OFFSET.match(offset):
        return None
    local = _as_datetime(wall_clock + offset[:6])
    return local.astimezone(UTC) if local else None


def _as_datetime(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _position(gps: Mapping[int, Any]) -> Position | None:
    latitude = _degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "NS", 90)
    longitude = _degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "EW", 180)
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None  # a receiver without a fix writes zeros; there is only sea
    return Position(latitude, longitude)


def _degrees(
    gps: Mapping[int, Any], tag: int, reference_tag: int, references: str, limit: int
) -> float | None:
    """Degrees, minutes, seconds and a letter to signed degrees with 7 decimals (1 cm)."""
    parts, reference = _field(gps, tag), _field(gps, reference_tag)
    if not isinstance(parts, tuple) or len(parts) != 3 or not isinstance(reference, str):
        return None
    letter = reference[:1].upper()
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except HOSTILE_EXIF:
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not letter or letter not in references or not math.isfinite(value):
        return None
    if min(degrees, minutes, seconds) < 0 or value > limit:
        return None
    return round(-value if letter == references[1] else value, 7)


def _text(value: object) -> str | None:
    """Printable text only: a NUL would be refused by PostgreSQL, a line feed would forge a log."""
    if not isinstance(value, str):
        return None
    printable = "".join(letter for letter in value if letter.isprintable())
    return printable.strip()[:MAX_TEXT] or None

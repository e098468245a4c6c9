"""How a JPEG is to be decoded, told from its markers (JPEG 扫描).

One whose pixels come in a single scan is decoded row by row, scaled down as it is read. Any other
is first held whole as coefficients, and each further scan goes through all of them: a few bytes
then cost as much as the whole picture, and a quarter of a megabyte can cost a minute.

Source: ITU-T T.81 (JPEG), B.1 and G.1.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from media.errors import ImageUnreadable

MAX_SCANS = 64
"""libjpeg writes ten into a progressive picture, and none of the known encoders over thirty."""
MAX_SEGMENTS = 4096
"""Before the first scan. Pillow keeps a note of each: sixteen million empty ones, 64 MiB, cost two
minutes and a gigabyte. A colour profile has at most 255, and a maker's notes seldom as many."""
MAX_EXIF_SEGMENTS = 16
"""CIPA DC-008 knows one; Pillow joins more, each time copying all that came before."""
MAX_FILL_BYTES = 1 << 14
"""What may lie between segments (B.1.1.2), and markers that begin none; Pillow reads it byte by
byte."""

_BLOCK_BYTES = 1 << 16
# Within coded data 0xFF is followed by 0 (data), RST0–RST7 (go on) or 0xFF (fill): B.1.1.5.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_START_OF_SCAN, _END_OF_IMAGE, _APP1 = 0xDA, 0xD9, 0xE1
_EXIF = b"Exif\0\0"
_BARE = frozenset({0x01, 0xD8})
_NOT_FRAMES = frozenset({0xC4, 0xC8, 0xCC})
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})


def single_scan_at(stream: BinaryIO) -> int | None:
    """Where the coded data of a JPEG begins that comes in a single scan; None where a decoder must
    hold all coefficients before it can give a row, and where no scan comes before the end.

    To be asked before any decoder reads the header. Leaves the stream where it was. Error:
    `ImageUnreadable` for more than one of the limits above.
    """
    before = stream.tell()
    stream.seek(0)
    try:
        _check_header(stream)
        stream.seek(0)
        return None if _is_held_whole(stream) else stream.tell()
    finally:
        stream.seek(before)


def ends_well(stream: BinaryIO, coded_at: int) -> bool:
    """Whether the end of the image is the next that stands behind coded data.

    Leaves the stream where it was.
    """
    before = stream.tell()
    stream.seek(coded_at)
    try:
        return _next_marker(stream) == _END_OF_IMAGE
    finally:
        stream.seek(before)


def _check_header(stream: BinaryIO) -> None:
    """What comes before the first scan is of the size of a header, or it is none."""
    segments = of_exif = 0
    told_bytes = 2  # the start of the image
    for code, segment in _markers(stream):
        if code not in _BARE:
            segments += code != _START_OF_SCAN
            of_exif += code == _APP1 and segment.startswith(_EXIF)
            told_bytes += 4 + len(segment)
        fill_bytes = stream.tell() - told_bytes
        if segments > MAX_SEGMENTS or of_exif > MAX_EXIF_SEGMENTS or fill_bytes > MAX_FILL_BYTES:
            raise ImageUnreadable
        if code == _START_OF_SCAN:
            return


def _is_held_whole(stream: BinaryIO) -> bool:
    """Or has no scan. If neither, the stream is left behind the header of the one."""
    scans, whole, components = 0, False, 0
    for code, segment in _markers(stream):
        if 0xC0 <= code <= 0xCF and code not in _NOT_FRAMES:
            whole, components = whole or code in _PROGRESSIVE, segment[5] if segment[5:] else 0
        if code != _START_OF_SCAN:
            continue
        scans += 1
        whole = whole or segment[:1] < bytes([components])  # the other components come later
        if not whole:
            return False
        if scans > MAX_SCANS:
            raise ImageUnreadable
    return True


def _markers(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Each marker up to the end of the image, with the content of its segment."""
    while (code := _next_marker(stream)) not in (None, _END_OF_IMAGE):
        segment = b""
        if code not in _BARE:
            segment = stream.read(max(0, int.from_bytes(stream.read(2), "big") - 2))
        yield code, segment


def _next_marker(stream: BinaryIO) -> int | None:
    """The code of the next marker, behind which the stream then stands."""
    while block := stream.read(_BLOCK_BYTES):
        found = _MARKER.search(block)
        if found is not None:
            stream.seek(found.end() - len(block), 1)
            return block[found.end() - 1]
        if block.endswith(b"\xff") and len(block) > 1:
            stream.seek(-1, 1)  # its second half begins the next block
    return None

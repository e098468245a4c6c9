"""Whether a file is all there, told from its container alone (文件是否完整).

A few seeks, nothing decoded: this is all that is asked of a video, and it finds a cut HEIC, WebP or
PNG before a decoder is tried. A JPEG has no lengths to add up; its decoder tells.
"""

import os
from typing import BinaryIO

from media.errors import ImageTruncated, ImageUnreadable, VideoTruncated
from media.sniff import MediaType

MAX_PARTS = 1 << 16
"""Boxes or chunks that are looked at: a clip in fragments has some hundred, a PNG of 64 MiB eight
thousand. Of empty ones a quarter of a gigabyte holds 33 million, which would take half a minute."""

_STILL_BOXES = frozenset({b"meta"})
_VIDEO_BOXES = frozenset({b"moov", b"mdat"})
_CONTENT_BOXES = _STILL_BOXES | _VIDEO_BOXES | {b"moof"}


def check_complete(stream: BinaryIO, media_type: MediaType) -> None:
    """Raise `ImageTruncated` or `VideoTruncated` if `stream` ends before its container does, and
    `ImageUnreadable` for a PNG of more than `MAX_PARTS` chunks.

    Leaves the stream at its beginning.
    """
    size_bytes = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    if not _is_complete(stream, media_type, size_bytes):
        raise VideoTruncated if media_type.is_video else ImageTruncated
    stream.seek(0)


def _is_complete(stream: BinaryIO, media_type: MediaType, size_bytes: int) -> bool:
    if media_type.is_iso_media:
        needed = _VIDEO_BOXES if media_type.is_video else _STILL_BOXES
        return _boxes_complete(stream, size_bytes, needed)
    if media_type is MediaType.WEBP:
        return 8 + int.from_bytes(stream.read(8)[4:], "little") <= size_bytes
    if media_type is MediaType.PNG:
        return _chunks_complete(stream, size_bytes)
    return True


def _boxes_complete(stream: BinaryIO, size_bytes: int, needed: frozenset[bytes]) -> bool:
    """Every needed box is there and none is cut; what else trails behind is let be, and so is what
    comes after `MAX_PARTS` of them."""
    seen: set[bytes] = set()
    at = 0
    for _ in range(MAX_PARTS):
        if at + 8 > size_bytes:
            break
        kind, length = _box(stream, at, size_bytes)
        if length < 8 or at + length > size_bytes:
            return kind not in _CONTENT_BOXES and needed <= seen
        seen.add(kind)
        at += length
    return needed <= seen


def _box(stream: BinaryIO, at: int, size_bytes: int) -> tuple[bytes, int]:
    """ISO/IEC 14496-12, 4.2: length (4), type (4); 1 means 8 more bytes of length, 0 the rest."""
    stream.seek(at)
    header = stream.read(16)
    length = int.from_bytes(header[:4], "big")
    if length == 1:
        length = int.from_bytes(header[8:], "big")
    return header[4:8], length or size_bytes - at


def _chunks_complete(stream: BinaryIO, size_bytes: int) -> bool:
    """PNG (ISO/IEC 15948), 5.3: a chunk is length (4), type (4), data, CRC (4); `IEND` is last."""
    at = 8
    for _ in range(MAX_PARTS):
        if at + 12 > size_bytes:
            return False
        stream.seek(at)
        header = stream.read(8)
        at += 12 + int.from_bytes(header[:4], "big")
        if header[4:] == b"IEND":
            return at <= size_bytes
    raise ImageUnreadable

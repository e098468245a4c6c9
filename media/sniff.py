"""What bytes are, by their content, never by a name (按内容识别类型)."""

import re
from enum import StrEnum
from typing import BinaryIO

from media.errors import MediaTypeUnsupported

HEAD_BYTES = 512
"""Enough for every signature here and for a long list of `ftyp` brands."""


class MediaType(StrEnum):
    """What is taken as evidence: still images and short clips, as phones make them."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIC = "image/heic"
    HEIF = "image/heif"
    MP4 = "video/mp4"
    MOV = "video/quicktime"
    THREE_GP = "video/3gpp"

    @property
    def is_video(self) -> bool:
        """Videos are stored, never decoded."""
        return self.startswith("video/")

    @property
    def is_iso_media(self) -> bool:
        """Made of ISO/IEC 14496-12 boxes."""
        return self in (MediaType.HEIC, MediaType.HEIF) or self.is_video


EXTENSIONS = {
    MediaType.JPEG: "jpg",
    MediaType.PNG: "png",
    MediaType.WEBP: "webp",
    MediaType.HEIC: "heic",
    MediaType.HEIF: "heif",
    MediaType.MP4: "mp4",
    MediaType.MOV: "mov",
    MediaType.THREE_GP: "3gp",
}
"""How the names of such files end."""


# Brands: ISO/IEC 23008-12 (HEIF) and https://mp4ra.org. The major brand decides, because CR3 raw
# files and M4A sound also call themselves compatible with `isom`.
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis"})
_HEIF_BRANDS = frozenset({b"mif1", b"mif2"})
_MP4_BRAND = re.compile(rb"iso[m2-9]|mp4[12]|avc1|M4V ")
_THREE_GP_BRAND = re.compile(rb"3g[eghkprst][1-9]")  # 3GPP TS 26.244, 5.3

# Named only so that the refusal can say what the file is.
_REFUSED = (
    (b"%PDF", "application/pdf"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
)
_REFUSED_BRANDS = {b"avif": "image/avif", b"crx ": "image/x-canon-cr3", b"M4A ": "audio/mp4"}
_MARKUP = (
    (b"<svg", "image/svg+xml"),
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<script", "text/html"),
    (b"<?xml", "application/xml"),
)


def sniff(stream: BinaryIO) -> MediaType:
    """The media type of `stream`, which is left at its beginning.

    Error: `MediaTypeUnsupported` with what was found instead.
    """
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    found = _by_signature(head) or _by_brand(head)
    if found is None:
        raise MediaTypeUnsupported(detected=_refused_type(head))
    return found


def _by_signature(head: bytes) -> MediaType | None:
    if head.startswith(b"\xff\xd8\xff"):
        return MediaType.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaType.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaType.WEBP
    return None


def _by_brand(head: bytes) -> MediaType | None:
    if head[4:8] != b"ftyp":
        return None
    major, compatible = head[8:12], _compatible_brands(head)
    if major in _HEIC_BRANDS:
        return MediaType.HEIC
    if major in _HEIF_BRANDS and b"avif" not in compatible:
        return MediaType.HEIC if compatible & _HEIC_BRANDS else MediaType.HEIF
    if major == b"qt  ":
        return MediaType.MOV
    if _THREE_GP_BRAND.fullmatch(major):
        return MediaType.THREE_GP
    return MediaType.MP4 if _MP4_BRAND.fullmatch(major) else None


def _compatible_brands(head: bytes) -> frozenset[bytes]:
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return frozenset(head[at : at + 4] for at in range(16, end, 4))


def _refused_type(head: bytes) -> str:
    if not head:
        return "application/x-empty"
    for signature, name in _REFUSED:
        if head.startswith(signature):
            return name
    if head[4:8] == b"ftyp":
        brands = (head[8:12], *_compatible_brands(head))
        return next(
            (_REFUSED_BRANDS[each] for each in brands if each in _REFUSED_BRANDS), "unknown"
        )
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()  # a byte order mark, blanks
    if text.startswith(b"<?xml") and b"<svg" in text:
        return "image/svg+xml"
    return next((name for word, name in _MARKUP if text.startswith(word)), "unknown")

"""Files that mean harm, made on the fly: each small, each asking for far more than it has."""

import struct
import zlib

from tests.media.pictures import chunk, encoded, noise

PNG_START = b"\x89PNG\r\n\x1a\n"


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """A small PNG with one more chunk behind its header."""
    png = encoded(noise(16, 16), "PNG")
    header_ends = len(PNG_START) + 25
    return png[:header_ends] + chunk(kind, data) + png[header_ends:]


def packed(size_bytes: int) -> bytes:
    """Zeros, in a hundredth of their size."""
    return zlib.compress(bytes(size_bytes), 1)


def profile_bomb() -> bytes:
    """A colour profile that unpacks to 64 MiB."""
    return with_chunk(b"iCCP", b"p\0\0" + packed(64 * 1024**2))


def text_bomb() -> bytes:
    """A comment that unpacks to 64 MiB."""
    return with_chunk(b"zTXt", b"Comment\0\0" + packed(64 * 1024**2))


def many_texts() -> bytes:
    """Comments that each unpack to almost what one may have."""
    png = encoded(noise(16, 16), "PNG")
    text = chunk(b"zTXt", b"Comment\0\0" + packed(1_000_000))
    return png[:33] + text * 200 + png[33:]


def pixel_bomb(side_px: int = 20_000) -> bytes:
    """A few hundred kilobytes that unpack to so many pixels, all of them there."""
    header = struct.pack(">IIBBBBB", side_px, side_px, 1, 0, 0, 0, 0)
    rows = packed(side_px * (side_px // 8 + 1))
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    return PNG_START + b"".join(chunk(kind, data) for kind, data in chunks)


def scan_bomb(scans: int, side_px: int = 8192) -> bytes:
    """A progressive JPEG in which each further scan, of 13 bytes and 120 of data, goes through
    67 million pixels anew and changes none of them."""
    blocks = (side_px // 8) ** 2
    head = b"".join(
        (
            b"\xff\xd8",
            segment(0xDB, b"\0" + b"\1" * 64),
            segment(0xC2, struct.pack(">BHHB", 8, side_px, side_px, 1) + b"\1\x11\0"),
            segment(0xC4, b"\0" + b"\1" + bytes(15) + b"\0"),  # DC: one code, no difference
            segment(0xC4, b"\x10" + b"\1" + bytes(15) + b"\xe0"),  # AC: 16,384 blocks end here
            segment(0xDA, b"\1\1\0\0\0\0"),
            bytes(blocks // 8),
        )
    )
    runs = -(-blocks // (1 << 14))
    further = segment(0xDA, b"\1\1\0\1\x3f\0") + bytes(-(-runs * 15 // 8))
    return head + further * (scans - 1) + b"\xff\xd9"


def segment(marker: int, content: bytes) -> bytes:
    """One segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def with_segments(count: int) -> bytes:
    """A JPEG of so many segments before its scan, most of them empty."""
    jpeg = encoded(noise())
    at, own = 2, 0
    while jpeg[at + 1] != 0xDA:
        at, own = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big"), own + 1
    return behind_start(jpeg, segment(0xFE, b"") * (count - own))


def behind_start(jpeg: bytes, more: bytes) -> bytes:
    """A JPEG with more between its start and its first segment."""
    return jpeg[:2] + more + jpeg[2:]


def with_chunks(count: int) -> bytes:
    """A small PNG of so many chunks, most of them empty."""
    return with_chunk(b"prVt", b"").replace(
        chunk(b"prVt", b""), chunk(b"prVt", b"") * (count - 3)
    )  # beside IHDR, IDAT and IEND


def exif_bomb(entries: int = 5000) -> bytes:
    """EXIF in which every entry claims nearly all of it as its own."""
    size = 12 * entries + 2000
    entry = (struct.pack("<HHII", tag, 7, size - 100, 8) for tag in range(1, entries + 1))
    tiff = b"II*\0" + struct.pack("<IH", 8, entries) + b"".join(entry)
    return b"Exif\0\0" + tiff + bytes(size - len(tiff))


def exif_of_itself() -> bytes:
    """EXIF whose directories point to themselves and to each other."""
    entries = [(0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8), (0x014A, 4, 1, 8)]
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", *entry) for entry in entries
    )
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 8)

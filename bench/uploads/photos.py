"""Files as phones make them: photos of 12 megapixels and clips, of about 2.5 MB each."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from PIL import Image

from tests.media.pictures import clip

SIZE_PX = (4000, 3000)
SMALL_PX = (96, 64)
GRAIN = 10
QUALITY = 82
CLIP_BYTES = 2_500_000
MARK_BYTES = 16
#: JPEG comment: marker, then two bytes of length that count themselves (ITU T.81, B.2.4.5)
COMMENT = b"\xff\xfe" + (MARK_BYTES + 2).to_bytes(2, "big")


@dataclass(frozen=True)
class Sent:
    """One file to be sent."""

    content: bytes
    sha256: str


def files(kind: str, *, count: int, seed: int) -> list[Sent]:
    """So many new files of a kind, each with bytes of its own."""
    dice = random.Random(seed)
    made = (MAKERS[kind](dice.randbytes(MARK_BYTES)) for _ in range(count))
    return [Sent(content, sha256(content).hexdigest()) for content in made]


def _marker_of(picture: bytes) -> Callable[[bytes], bytes]:
    """Makes the same picture anew, with a comment of its own behind its first marker."""
    return lambda mark: picture[:2] + COMMENT + mark + picture[2:]


def _picture(size_px: tuple[int, int]) -> bytes:
    """Soft noise: as many bytes for a pixel as a photo has."""
    grains_px = (size_px[0] // GRAIN, size_px[1] // GRAIN)
    noise = random.Random(1).randbytes(grains_px[0] * grains_px[1] * 3)
    image = Image.frombytes("RGB", grains_px, noise).resize(size_px, Image.Resampling.BICUBIC)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def _clip(mark: bytes) -> bytes:
    """A small clip and a box of nothing behind it (ISO/IEC 14496-12, 8.1.2)."""
    head = clip()
    size_bytes = CLIP_BYTES - len(head)
    return head + size_bytes.to_bytes(4, "big") + b"free" + mark.ljust(size_bytes - 8, b"\0")


MAKERS: dict[str, Callable[[bytes], bytes]] = {
    "photos": _marker_of(_picture(SIZE_PX)),
    "clips": _clip,
    "small photos": _marker_of(_picture(SMALL_PX)),
}

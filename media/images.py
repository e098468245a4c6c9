"""Pictures: opened with limits, decoded to see that they are whole (图片)."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import pillow_heif
from PIL import Image

from media.errors import ImageTooLarge, ImageTruncated, ImageUnreadable, MediaError
from media.exif import ExifFacts, read_exif
from media.jpeg import ends_well, single_scan_at
from media.sniff import MediaType, sniff

MAX_PIXELS = 120_000_000
"""For a JPEG that a decoder can scale as it reads; phones make 108 megapixels (12,032 x 9,024)."""
MAX_PIXELS_IN_MEMORY = 67_108_864
"""For all that must be decoded whole (2**26: 256 MiB at 4 bytes); phones make 8,192 x 6,144."""
MAX_HEADER_BYTES = 1 << 20
"""Of a JPEG that is tried on its first rows alone; phones write 64 KiB, with a small picture."""
FIRST_ROWS_BYTES = 1 << 14
"""Of its coded data: of 12 megapixels about sixteen rows."""
LARGE_PIXELS = 1 << 24
"""More in memory are decoded by one thread of a process at a time: at the limit a PNG takes
0.3 GiB, a HEIC 0.5, and a WebP, of which its decoder keeps copies, 1; also one of some hundred
bytes."""

Source = Path | BinaryIO
"""A local file, or what a store opened."""

# Only what was sniffed is tried, so that no file reaches a decoder it doesn't name itself.
_DECODERS = {
    MediaType.JPEG: "JPEG",
    MediaType.PNG: "PNG",
    MediaType.WEBP: "WEBP",
    MediaType.HEIC: "HEIF",
    MediaType.HEIF: "HEIF",
}

_DECODER_FAULTS = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)

_LARGE_ONE = Lock()

# Pillow would tell the log of each broken tag, of which a hostile file has 65,535.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")
# Pillow warns above this and refuses above twice this; `opened_picture` refuses exactly.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# An embedded small picture may show something else than the picture itself: never use it.
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


@dataclass(frozen=True)
class ImageFacts:
    """`width_px` and `height_px` are of the upright picture, as a person sees it."""

    width_px: int
    height_px: int
    exif: ExifFacts


def image_facts(source: Source) -> ImageFacts:
    """Try whether a picture can be decoded, and say what it is.

    Errors: `MediaTypeUnsupported`, `ImageTooLarge`, `ImageTruncated`, `ImageUnreadable`.
    """
    with opened(source) as stream, opened_picture(stream) as image:
        width_px, height_px = image.size
        if not (_is_jpeg(image) and begins_and_ends_well(stream)):
            decode(image, fit_px=1)
        exif = read_exif(image)
    if exif.orientation >= 5:
        width_px, height_px = height_px, width_px
    return ImageFacts(width_px, height_px, exif)


def begins_and_ends_well(stream: BinaryIO, *, first_bytes: int = FIRST_ROWS_BYTES) -> bool:
    """Whether a JPEG of one scan is sound as far as a decoder can tell: its first rows, within so
    many bytes of coded data, come out, and its end stands right behind that data. False where only
    a decoder can tell.

    What can be wrong with its tables shows in the first rows. The rest of a single scan a decoder
    never refuses: what it can't make sense of it fills in. To decode it all would tell no more, and
    take most of the time of an upload. Only arithmetic coding it wants to have whole.
    """
    coded_at = single_scan_at(stream)
    if coded_at is None or coded_at > MAX_HEADER_BYTES or not ends_well(stream, coded_at):
        return False
    stream.seek(0)
    beginning = BytesIO(stream.read(coded_at + first_bytes))
    header_is_whole = False
    try:
        with _decoder_faults_named(), Image.open(beginning, formats=("JPEG",)) as image:
            header_is_whole = True
            decode(image, fit_px=1)
    except ImageTruncated:
        return header_is_whole  # its rows were cut here
    except MediaError:
        return False
    return True


@contextmanager
def opened_picture(source: Source) -> Iterator[Image.Image]:
    """The picture by its sniffed type, its pixels counted, nothing decoded yet.

    Errors, also of what is done to it in the block: as of `image_facts`.
    """
    with opened(source) as stream, _decoder_faults_named():
        media_type = sniff(stream)
        decoder = _DECODERS.get(media_type)
        if decoder is None:  # a video: stored, never decoded
            raise ImageUnreadable
        scalable = media_type is MediaType.JPEG and single_scan_at(stream) is not None
        with Image.open(stream, formats=(decoder,)) as image:
            limit = MAX_PIXELS if scalable else MAX_PIXELS_IN_MEMORY
            pixels = image.width * image.height
            if pixels > limit:
                raise ImageTooLarge(limit_pixels=limit)
            with nullcontext() if scalable or pixels <= LARGE_PIXELS else _LARGE_ONE:
                yield image


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """A seekable stream of the source; only what was opened here is closed."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        yield source


@contextmanager
def _decoder_faults_named() -> Iterator[None]:
    """Turn what decoders raise on broken and hostile files into this project's errors."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise ImageTooLarge(limit_pixels=MAX_PIXELS) from bomb
    except _DECODER_FAULTS as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # the disk's fault, not the picture's
        if isinstance(fault, EOFError) or "truncated" in str(fault).lower():
            raise ImageTruncated from fault  # Pillow tells it apart only in words
        raise ImageUnreadable from fault


def _is_jpeg(image: Image.Image) -> bool:
    return image.format in ("JPEG", "MPO")  # MPO: a JPEG with more pictures behind it


def decode(image: Image.Image, *, fit_px: int) -> None:
    """Decode every byte, a JPEG at the smallest scale that still covers `fit_px`."""
    if _is_jpeg(image):
        # `draft` keeps both sides above what is asked, so ask for the picture's own shape: with a
        # square box the shorter side alone would decide, and often against scaling.
        image.draft("RGB", fitted(image.size, fit_px))
    image.load()


def fitted(size_px: tuple[int, int], box_px: int) -> tuple[int, int]:
    """The size of a picture of `size_px` made to fit a square of `box_px`; never larger."""
    scale = min(1.0, box_px / max(size_px))
    return max(1, round(size_px[0] * scale)), max(1, round(size_px[1] * scale))

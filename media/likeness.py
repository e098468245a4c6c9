"""How alike two pictures are (相似度): 64 bits of a picture that a copy of it keeps.

The perceptual hash known as pHash: the signs of the 64 lowest frequencies of a small grey picture
(discrete cosine transform, DCT-II). Saving anew, another size, format or brightness leave the low
frequencies as they are; so copies differ in few bits, and other pictures in about 32. It is a
question to a person, no proof: a picture mirrored, turned or cut by more than its rim is not found.

A picture of one colour, a wall, a night has no low frequencies to speak of: its signs are noise,
and two such would be alike by chance. It has no hash, and is never compared.
"""

import struct
from math import cos, pi
from operator import mul
from typing import BinaryIO

from PIL import Image

BITS = 64
BANDS = 4
BAND_BITS = BITS // BANDS
#: two pictures are alike when at most so many of their bits differ. A copy (JPEG at quality 60,
#: half the size, 10 % brighter, HEIC made JPEG, a rim of 1 % cut off) differs in 0 to 7, another
#: picture in about 32, of the least unlike in 19; and with 4 bands and neighbours of 1 bit, 7 is
#: as far as an index finds all there are
RADIUS_BITS = 2 * BANDS - 1

#: the grey picture that is transformed; what is finer differs between copies
SIDE_PX = 32
#: a frequency tells something when it moves the average pixel by more than this, in grey levels of
#: 256; what JPEG adds at quality 60, and the noise of a sensor, stay below after shrinking
TELLING_LEVELS = 0.25
#: of 64 bits at least so many must tell something
TELLING_BITS = 32


def perceptual_hash(image: Image.Image) -> int | None:
    """64 bits of an upright picture, unsigned; None where it shows too little to be told from
    others. Any mode and size; cheapest where it was decoded small (`draft`)."""
    grey = image.convert("L").resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    levels = grey.tobytes()
    rows = [levels[start : start + SIDE_PX] for start in range(0, SIDE_PX**2, SIDE_PX)]
    across = [[sum(map(mul, row, wave)) for row in rows] for wave in _WAVES]
    found = [sum(map(mul, across[x], _WAVES[y])) for x, y in _LOWEST]
    if sum(abs(each) > TELLING_LEVELS for each in found) < TELLING_BITS:
        return None
    return sum(1 << place for place, each in enumerate(found) if each > 0)


def hash_of_small(small: BinaryIO) -> int | None:
    """The hash of a picture from the JPEG that was made small of it: upright, and read in about a
    millisecond, where decoding the original again would take twenty and more.

    None where it shows too little, or is no picture any more. Raises OSError of the disk.
    """
    try:
        with Image.open(small, formats=("JPEG",)) as image:
            image.draft("L", (SIDE_PX, SIDE_PX))
            return perceptual_hash(image)
    except (OSError, SyntaxError, ValueError, struct.error) as fault:
        if isinstance(fault, OSError) and fault.errno is not None:
            raise  # Pillow's own have no number
        return None


def distance_bits(one: int, other: int) -> int:
    """In how many bits two hashes differ (Hamming), 0 to 64; each signed or not."""
    return ((one ^ other) & _ALL).bit_count()


def bands(hash_: int) -> list[int]:
    """The hash in 4 numbers of 16 bits, each with low and higher frequencies."""
    return [
        sum((hash_ >> place & 1) << at for at, place in enumerate(range(band, BITS, BANDS)))
        for band in range(BANDS)
    ]


def neighbours(band: int) -> list[int]:
    """A band and all that differ from it in one bit. Two hashes that differ in at most
    `RADIUS_BITS` have one of their four bands in common up to one bit (the pigeonhole principle;
    Norouzi, Punjani, Fleet: Fast Exact Search in Hamming Space with Multi-Index Hashing, 2014)."""
    return [band, *(band ^ 1 << at for at in range(BAND_BITS))]


def signed(hash_: int) -> int:
    """The hash as the 64-bit integer of a database, which has a sign."""
    return hash_ - (1 << BITS) if hash_ >> BITS - 1 else hash_


_ALL = (1 << BITS) - 1
#: the 64 lowest frequencies without the brightness of all (0, 0): low first
_LOWEST = sorted(
    ((x, y) for x in range(11) for y in range(11) if x or y), key=lambda at: (sum(at), at)
)[:BITS]
#: cosines; orthonormal but for the factor that makes a coefficient the mean change of a pixel
_WAVES = [
    [cos(pi * (2 * at + 1) * wave / (2 * SIDE_PX)) / SIDE_PX for at in range(SIDE_PX)]
    for wave in range(max(max(at) for at in _LOWEST) + 1)
]

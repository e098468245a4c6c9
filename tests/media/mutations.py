"""Mutants of a set of samples, told by a seed: what decoders must bear (变异测试).

`python -m tests.media.mutations --seed 1 --count 100000` looks longer than the suite has time for,
and names the seed and number of the first mutant that `examine` does not bear.
"""

import argparse
import random
import resource
import sys
import warnings
from collections.abc import Callable, Sequence
from io import BytesIO

from media.errors import MediaError
from media.examine import MediaFacts, examine
from media.small import SIZES, small_pictures
from tests.media import hostile
from tests.media.pictures import (
    DISPLAY_P3,
    camera_exif,
    clip,
    encoded,
    four_corners,
    heic_can_be_made,
    noise,
    profile_of,
)

MAX_BYTES = 1536 * 1024**2
MAX_CPU_SECONDS = 120
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def samples() -> list[bytes]:
    """A small file of every kind that is taken, in every dress that phones give it."""
    exif, colours = camera_exif(), four_corners(48, 32)
    made = [
        encoded(noise(48, 32), exif=exif),
        encoded(noise(48, 32), progressive=True, exif=exif),
        encoded(colours.convert("CMYK")),
        encoded(noise(48, 32), "MPO", save_all=True, append_images=[colours], exif=exif),
        encoded(noise(48, 32), "PNG", exif=exif),
        encoded(colours.convert("P"), "PNG"),
        encoded(colours.convert("L").convert("I;16"), "PNG"),
        encoded(noise(48, 32), "WEBP", exif=exif),
        encoded(noise(48, 32), "WEBP", lossless=True),
        encoded(noise(16, 16), exif=hostile.exif_of_itself()),
        encoded(noise(16, 16), icc_profile=profile_of(DISPLAY_P3)),
        hostile.scan_bomb(8, side_px=64),
        clip(),
    ]
    if heic_can_be_made():
        made.append(encoded(noise(64, 64), "HEIF", exif=exif.tobytes()))
    return made


def mutant(seed: int, number: int, of: Sequence[bytes]) -> bytes:
    """The `number`-th mutant of a seed: always the same."""
    chance = random.Random(f"{seed}/{number}")
    data = bytearray(chance.choice(of))
    for _ in range(chance.randint(1, 8)):
        chance.choice(_CHANGES)(data, chance, of)
    return bytes(data)


Change = Callable[[bytearray, random.Random, Sequence[bytes]], None]


def _flip(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _number(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    """A length or an offset becomes absurd."""
    width = chance.choice((1, 2, 4))
    value = chance.choice(INTERESTING) & ((1 << 8 * width) - 1)
    at = chance.randrange(max(1, len(data) - width))
    data[at : at + width] = value.to_bytes(width, chance.choice(("big", "little")))


def _cut(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    del data[at : at + chance.randint(1, 64)]


def _end(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _repeat(data: bytearray, chance: random.Random, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = data[at : at + chance.randint(1, 200)] * chance.randint(1, 20)


def _splice(data: bytearray, chance: random.Random, of: Sequence[bytes]) -> None:
    other = chance.choice(of)
    at = chance.randrange(len(other))
    data[chance.randrange(len(data) + 1) :] = other[at:]


_CHANGES: tuple[Change, ...] = (_flip, _flip, _number, _number, _cut, _end, _repeat, _splice)


def bear(data: bytes) -> MediaFacts | None:
    """Examine it and make its small pictures; None where it is refused. Lets everything through
    that is no `MediaError`."""
    try:
        facts = examine(BytesIO(data))
        if facts.image is not None:
            small_pictures(BytesIO(data), *SIZES)
    except MediaError:
        return None
    return facts


def run(seed: int, count: int) -> dict[str, int]:
    """Bear so many mutants, within `MAX_BYTES` and `MAX_CPU_SECONDS`; gives how many were taken
    and refused."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    warnings.simplefilter("ignore")
    of, seen = samples(), {"taken": 0, "refused": 0}
    for number in range(count):
        try:
            facts = bear(mutant(seed, number, of))
        except BaseException as error:
            raise RuntimeError(f"mutant {number} of seed {seed}: {error!r}") from error
        seen["taken" if facts else "refused"] += 1
    return seen


def main() -> None:
    """As the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.media.mutations", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    asked = parser.parse_args()
    print(run(asked.seed, asked.count), file=sys.stdout)


if __name__ == "__main__":
    main()

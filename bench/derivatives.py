"""`make bench-derivatives`: what the small pictures of a photo of 12 megapixels cost.

Beside a floor in the same rounds: the least that Pillow can do for a picture of 320 px, without
looking at type, limits, orientation or transparency. Both are bound by the decoder, which must read
every bit of the file at whatever scale: so the cost grows with its bytes, and two sizes are shown.
"""

import argparse
import io
import os
import platform
import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from PIL import Image, features

from bench.machine import processor
from bench.report import spread, verdict
from media.small import SCREEN, THUMBNAIL, small_pictures

RESULTS = Path(__file__).parent / "DERIVATIVES.md"
ROUNDS = 9
WIDTH_PX, HEIGHT_PX = 4000, 3000
QUALITIES = (75, 85)
WANTED_MS = 30
WANTED_SHARE = 1.15
OCTAVES = ((16, 0.5), (64, 0.35), (250, 0.3), (1000, 0.22), (4000, 0.16))
"""Width of each layer of noise, and how much of the picture it makes: detail at every scale, as in
a room or a street."""

FLOOR, THUMB, BOTH, TWICE = (
    "floor: bare Pillow, 320 px", "Suijian, 320 px", "Suijian, both sizes of one decode",
    "both sizes, a decode for each",
)  # fmt: skip


def scene(quality: int) -> bytes:
    """A JPEG of 12 megapixels, 4:2:0, as a phone's camera writes it."""
    chance = random.Random(1)
    picture = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), (118, 122, 120))
    for width_px, share in OCTAVES:
        size = (width_px, width_px * HEIGHT_PX // WIDTH_PX)
        layer = Image.frombytes("RGB", size, chance.randbytes(size[0] * size[1] * 3))
        layer = layer.resize(picture.size, Image.Resampling.BICUBIC)
        picture = Image.blend(picture, layer, share)
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=quality, subsampling="4:2:0")
    return written.getvalue()


def floor(data: bytes) -> None:
    size = (THUMBNAIL.box_px, THUMBNAIL.box_px * HEIGHT_PX // WIDTH_PX)
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", size)
        image.resize(size, reducing_gap=2.0).save(io.BytesIO(), "JPEG", quality=THUMBNAIL.quality)


def twice(data: bytes) -> None:
    small_pictures(io.BytesIO(data), SCREEN)
    small_pictures(io.BytesIO(data), THUMBNAIL)


SIDES: dict[str, Callable[[bytes], object]] = {
    FLOOR: floor,
    THUMB: lambda data: small_pictures(io.BytesIO(data), THUMBNAIL),
    BOTH: lambda data: small_pictures(io.BytesIO(data), THUMBNAIL, SCREEN),
    TWICE: twice,
}


class Took(NamedTuple):
    """Milliseconds: of the clock, and of the processor, which a busy machine stretches less."""

    clock_ms: float
    processor_ms: float


Figures = dict[str, list[Took]]


def measure(data: bytes, rounds: int) -> Figures:
    """What each side took, round by round; every side once a round, in turn."""
    took: Figures = defaultdict(list)
    names = list(SIDES)
    for number in range(rounds + 1):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            clock, cpu = perf_counter(), process_time()
            SIDES[name](data)
            if number:  # the first warms up
                spent = Took((perf_counter() - clock) * 1000, (process_time() - cpu) * 1000)
                took[name].append(spent)
    return took


def report(data: bytes, took: Figures) -> list[str]:
    lines = [
        f"## {len(data) / 1e6:.2f} MB", "",
        "| | median ms | min – max | processor ms | beside the floor |",
        "|---|---:|---:|---:|---:|",
    ]  # fmt: skip
    for name in SIDES:
        low, middle, high = spread([each.clock_ms for each in took[name]])
        cpu = median(each.processor_ms for each in took[name])
        share = beside_floor(took, name)
        lines.append(
            f"| {name} | {middle:.1f} | {low:.1f} – {high:.1f} | {cpu:.1f} | {share:.2f} |"
        )
    middle = median(each.clock_ms for each in took[THUMB])
    share = beside_floor(took, THUMB)
    return [
        *lines, "",
        f"320 px in ≤ {WANTED_MS} ms: {verdict(middle <= WANTED_MS)}; "
        f"≤ {WANTED_SHARE} × the floor: {verdict(share <= WANTED_SHARE)}", "",
    ]  # fmt: skip


def beside_floor(took: Figures, name: str) -> float:
    """The median of what a side took beside the floor, round by round, of the processor."""
    pairs = zip(took[name], took[FLOOR], strict=True)
    return median(own.processor_ms / least.processor_ms for own, least in pairs)


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.derivatives", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    lines = [
        "# Small pictures of a photo of 12 megapixels", "",
        f"- {date.today()}, `python -m bench.derivatives`, {asked.rounds} rounds",
        f"- {processor()}, {os.cpu_count()} processors, one used; "
        f"load before the run {os.getloadavg()[0]:.2f}",
        f"- Python {platform.python_version()}, Pillow {version('pillow')}, "
        f"libjpeg-turbo {features.version('libjpeg_turbo')}",
        "- noise of five octaves, 4000 × 3000, 4:2:0", "",
    ]  # fmt: skip
    for quality in QUALITIES:
        data = scene(quality)
        print(f"measuring {len(data) / 1e6:.2f} MB …", flush=True)
        lines += report(data, measure(data, asked.rounds))
    page = "\n".join(lines)
    print(page)
    RESULTS.write_text(page)


if __name__ == "__main__":
    main()

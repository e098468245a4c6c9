"""A copy keeps its hash within a few bits, other pictures do not, and a blank wall has none."""

import io
import random
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from media.likeness import (
    BITS,
    RADIUS_BITS,
    bands,
    distance_bits,
    hash_of_small,
    neighbours,
    perceptual_hash,
    signed,
)
from tests.media.pictures import encoded, heic_can_be_made, oriented_jpeg, thumbnail

ALIKE, OTHER = RADIUS_BITS, 16
hashes = st.integers(0, 2**BITS - 1)


def scene(seed: int) -> Image.Image:
    """Something with shapes, as a room has."""
    chance = random.Random(seed)
    picture = Image.new("RGB", (800, 600), tuple(chance.randrange(60, 200) for _ in range(3)))
    draw = ImageDraw.Draw(picture)
    for _ in range(30):
        x, y = chance.randrange(800), chance.randrange(600)
        corner = (x + chance.randrange(40, 300), y + chance.randrange(40, 300))
        shape = draw.rectangle if chance.random() < 0.5 else draw.ellipse
        shape((x, y, *corner), fill=tuple(chance.randrange(256) for _ in range(3)))
    return picture.filter(ImageFilter.GaussianBlur(2))


def wall(noise: float, base: int, gradient: float = 0) -> Image.Image:
    """A wall in the noise of a sensor, perhaps lit from one side."""
    grain = Image.effect_noise((800, 600), noise).point(lambda level: level + base - 128)
    light = Image.linear_gradient("L").resize((800, 600))
    return Image.blend(grain, light, gradient).convert("RGB")


def hash_of(file: bytes) -> int | None:
    """As the server makes it: of the small picture."""
    return hash_of_small(io.BytesIO(thumbnail(io.BytesIO(file))))


def known_hash(file: bytes) -> int:
    found = hash_of(file)
    assert found is not None
    return found


def rim_cut(picture: Image.Image, share: float) -> Image.Image:
    x, y = round(picture.width * share), round(picture.height * share)
    return picture.crop((x, y, picture.width - x, picture.height - y))


COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "saved at quality 60": lambda it: encoded(it, quality=60),
    "saved twice": lambda it: encoded(Image.open(io.BytesIO(encoded(it, quality=60))), quality=70),
    "half the size": lambda it: encoded(it.resize((it.width // 2, it.height // 2))),
    "10 % brighter": lambda it: encoded(ImageEnhance.Brightness(it).enhance(1.1)),
    "15 % more contrast": lambda it: encoded(ImageEnhance.Contrast(it).enhance(1.15)),
    "as PNG": lambda it: encoded(it, "PNG"),
    "as WebP": lambda it: encoded(it, "WEBP", quality=50),
    "without a rim of 1 %": lambda it: encoded(rim_cut(it, 0.01)),
}
#: the HEIC among the real ones becomes a JPEG by each
REAL_COPIES = ("saved at quality 60", "half the size", "10 % brighter")


@pytest.mark.parametrize("made", COPIES)
def test_a_copy_is_alike(made: str) -> None:
    for seed in range(8):
        original = scene(seed)
        copy = known_hash(COPIES[made](original))
        assert distance_bits(known_hash(encoded(original, quality=92)), copy) <= ALIKE, seed


@pytest.mark.skipif(not heic_can_be_made(), reason="this libheif writes no HEIC")
def test_a_heic_and_the_jpeg_made_of_it_are_alike() -> None:
    for seed in range(3):
        heic = encoded(scene(seed), "HEIF", quality=70)
        jpeg = encoded(Image.open(io.BytesIO(heic)), quality=80)
        assert distance_bits(known_hash(heic), known_hash(jpeg)) <= ALIKE


def test_other_pictures_are_not_alike() -> None:
    found = [known_hash(encoded(scene(seed))) for seed in range(30)]
    assert min(distance_bits(*pair) for pair in combinations(found, 2)) >= OTHER


def test_a_picture_is_compared_upright() -> None:
    upright = scene(1)
    exif = Image.Exif()
    exif[274] = 6
    turned = encoded(upright.transpose(Image.Transpose.ROTATE_90), exif=exif)
    assert distance_bits(known_hash(encoded(upright)), known_hash(turned)) <= ALIKE
    assert hash_of(oriented_jpeg(3)) == hash_of(oriented_jpeg(1))


@pytest.mark.parametrize(
    "flat",
    [
        Image.new("RGB", (640, 480)),
        Image.new("RGB", (640, 480), "white"),
        Image.new("RGB", (1, 1), "red"),
        Image.linear_gradient("L").resize((640, 480)),
        wall(6, 200),
        wall(25, 40),
        wall(10, 180, gradient=0.3),
    ],
    ids=["black", "white", "a pixel", "light", "wall", "night", "wall lit from a side"],
)
@pytest.mark.parametrize("quality", [95, 40])
def test_what_shows_too_little_has_no_hash(flat: Image.Image, quality: int) -> None:
    assert hash_of(encoded(flat, quality=quality)) is None


def test_what_is_no_picture_any_more_has_no_hash() -> None:
    assert hash_of_small(io.BytesIO(b"")) is None
    assert hash_of_small(io.BytesIO(encoded(scene(1))[:900])) is None


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1"])
def test_any_mode_is_read(mode: str) -> None:
    plain = perceptual_hash(scene(2))
    other = perceptual_hash(scene(2).convert(mode))
    assert plain is not None
    assert other is not None
    assert distance_bits(plain, other) <= 2 * ALIKE  # black dots are not quite what they stand for


@given(hashes, st.sets(st.integers(0, BITS - 1), max_size=RADIUS_BITS))
def test_within_the_radius_one_band_is_a_neighbour(hash_: int, flipped: set[int]) -> None:
    other = hash_
    for place in flipped:
        other ^= 1 << place
    assert distance_bits(hash_, other) == len(flipped)
    pairs = zip(bands(hash_), bands(other), strict=True)
    assert any(theirs in neighbours(mine) for mine, theirs in pairs)


@given(hashes, hashes)
def test_a_database_keeps_the_hash_as_a_signed_number(one: int, other: int) -> None:
    assert -(2**63) <= signed(one) < 2**63
    assert signed(one) % 2**BITS == one
    assert distance_bits(signed(one), signed(other)) == distance_bits(one, other)
    assert bands(signed(one)) == bands(one)


def test_copies_of_real_photos_are_alike_and_the_photos_are_not(real_data: Path) -> None:
    found = {}
    for file in sorted((real_data / "photos").iterdir()):
        original = file.read_bytes()
        found[file.name] = known_hash(original)
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(original))).convert("RGB")
        picture.thumbnail((1280, 1280))  # a copy already; what follows is done to it
        for made in REAL_COPIES:
            distance = distance_bits(found[file.name], known_hash(COPIES[made](picture)))
            assert distance <= ALIKE, (file.name, made)
    assert min(distance_bits(*pair) for pair in combinations(found.values(), 2)) >= OTHER

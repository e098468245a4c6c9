"""A JPEG of one scan is judged by its first rows and its end, as if it were decoded whole."""

import random
import warnings
from collections.abc import Sequence
from io import BytesIO

import pytest

from media.errors import ImageUnreadable, MediaError
from media.images import begins_and_ends_well, decode, image_facts, opened_picture
from media.jpeg import ends_well, single_scan_at
from tests.media.mutations import mutant
from tests.media.pictures import camera_exif, encoded, noise

FEW_BYTES = 256
COUNT = 1500
MARKERS = (0xC0, 0xC4, 0xD0, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xFE, 0xFF)


def one_scan_each() -> list[bytes]:
    """Of each the coded data is far longer than what is tried of it."""
    picture = noise(160, 120)
    return [
        encoded(picture, exif=camera_exif()),
        encoded(picture.convert("L")),
        encoded(picture.convert("CMYK")),
        encoded(picture, "MPO", save_all=True, append_images=[noise(64, 64)]),
        encoded(picture, quality=95, subsampling=0),
        encoded(picture, restart_marker_blocks=4),
    ]


def wounded(number: int, of: Sequence[bytes]) -> bytes:
    """A mutant; every other one has markers strewn into its coded data as well."""
    chance = random.Random(number)
    data = bytearray(mutant(1, number, of))
    for _ in range(chance.randint(0, 2)):
        at = chance.randrange(min(600, len(data)), len(data) + 1)
        data[at : at + 2] = bytes([0xFF, chance.choice(MARKERS)])
    return bytes(data)


def passes(data: bytes) -> bool:
    """Whether a few bytes and the end are enough to call it sound."""
    try:
        return begins_and_ends_well(BytesIO(data), first_bytes=FEW_BYTES)
    except MediaError:
        return False


def decodes(data: bytes) -> bool:
    """Whether it is decoded to its last row."""
    try:
        with opened_picture(BytesIO(data)) as image:
            decode(image, fit_px=1)
    except MediaError:
        return False
    return True


def test_what_passes_for_sound_by_its_first_rows_and_its_end_can_be_decoded() -> None:
    warnings.simplefilter("ignore")
    of = one_scan_each()
    found = [data for number in range(COUNT) if passes(data := wounded(number, of))]
    assert COUNT // 6 < len(found) < COUNT * 9 // 10  # neither all nor nothing passes
    assert all(decodes(data) for data in found)


def test_every_kind_of_one_scan_passes_by_its_first_rows() -> None:
    assert all(passes(data) for data in one_scan_each())


def test_what_comes_in_several_scans_is_left_to_a_decoder() -> None:
    assert not passes(encoded(noise(160, 120), progressive=True))


def test_a_marker_within_the_coded_data_is_left_to_a_decoder() -> None:
    data = bytearray(encoded(noise(160, 120)))
    middle = (single_scan_at(BytesIO(data)) or 0) + 4000
    data[middle : middle + 2] = b"\xff\xc4"  # further tables, where none can be
    assert not ends_well(BytesIO(data), middle - 4000)
    assert not passes(bytes(data))


def test_tables_that_are_missing_show_in_the_first_rows() -> None:
    data = encoded(noise(160, 120))
    tables = data.index(b"\xff\xdb")
    length = int.from_bytes(data[tables + 2 : tables + 4], "big") + 2
    assert not passes(data[:tables] + data[tables + length :])


def test_one_that_ends_in_the_middle_is_no_photo_however_much_of_it_came() -> None:
    data = encoded(noise(400, 400), quality=95)
    for kept in (FEW_BYTES * 8, len(data) // 2, len(data) - 2):
        assert not passes(data[:kept])
    assert image_facts(BytesIO(data)).width_px == 400


def test_an_end_before_any_scan_is_no_end_of_a_scan() -> None:
    """A decoder stops there, though another picture's header comes behind it."""
    data = encoded(noise(48, 32))
    comment = b"\xff\xfe\xff\xff" + bytes(0xFFFD)
    end = b"\xff\xd9"
    with pytest.raises(ImageUnreadable):
        image_facts(BytesIO(data[:2] + end + end + comment + data[2:]))


def test_arithmetic_coding_which_a_decoder_wants_whole_is_left_to_it() -> None:
    """T.81, SOF9; what it makes of these bytes is noise, and as good a picture as any."""
    data = encoded(noise(900, 700))
    frame = data.index(b"\xff\xc0") + 1
    header = data[:frame] + b"\xc9" + data[frame + 1 : single_scan_at(BytesIO(data))]
    chance = random.Random(1)
    coded = bytes(chance.randrange(255) for _ in range(100_000))
    assert image_facts(BytesIO(header + coded + b"\xff\xd9")).width_px == 900

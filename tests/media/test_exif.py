"""What the camera wrote: facts when usable, absent otherwise, never an exception."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from media.exif import MAX_TEXT, ExifFacts, Position, read_exif
from tests.media.pictures import camera_exif, encoded, four_corners

BARE = ExifFacts()


def facts_of(exif: Image.Exif | bytes, kind: str = "JPEG") -> ExifFacts:
    with Image.open(io.BytesIO(encoded(four_corners(), kind, exif=exif))) as image:
        return read_exif(image)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_time_position_make_and_model_are_read(kind: str) -> None:
    assert facts_of(camera_exif(), kind) == ExifFacts(
        orientation=1,
        taken_wall_clock="2026-11-23T09:30:15",
        taken_at=datetime(2026, 11, 23, 1, 30, 15, tzinfo=UTC),
        position=Position(latitude=40.84, longitude=111.75),
        make="HUAWEI",
        model="Mate 60 Pro",
    )


def test_a_picture_without_exif_has_no_facts() -> None:
    with Image.open(io.BytesIO(encoded(four_corners()))) as image:
        assert read_exif(image) == BARE


def test_south_and_west_are_negative() -> None:
    exif = camera_exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "S", 3: "W"})
    assert facts_of(exif).position == Position(latitude=-40.84, longitude=-111.75)


@pytest.mark.parametrize(
    "changed",
    [
        {ExifTags.GPS.GPSLatitude: (91.0, 0.0, 0.0)},
        {ExifTags.GPS.GPSLatitude: (90.0, 0.0, 0.1)},
        {ExifTags.GPS.GPSLongitude: (180.0, 0.0, 0.1)},
        {ExifTags.GPS.GPSLatitude: (40.0, 50.0)},
        {ExifTags.GPS.GPSLatitudeRef: "X"},
        {ExifTags.GPS.GPSLatitudeRef: ""},
        {ExifTags.GPS.GPSLongitudeRef: "N"},
    ],
)
def test_an_impossible_position_is_absent(changed: dict[int, object]) -> None:
    exif = camera_exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(changed)
    facts = facts_of(exif)
    assert facts.position is None
    assert facts.make == "HUAWEI"


def test_a_position_at_the_very_edge_is_kept() -> None:
    exif = camera_exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({2: (90.0, 0.0, 0.0), 4: (180.0, 0.0, 0.0)})
    assert facts_of(exif).position == Position(latitude=90.0, longitude=180.0)


@pytest.mark.parametrize("text", ["1970:01:01 00:00:00", "2099:12:31 23:59:59"])
def test_a_time_of_the_first_and_last_years_is_kept(text: str) -> None:
    exif = camera_exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = text
    facts = facts_of(exif)
    assert facts.taken_wall_clock == text.replace(":", "-", 2).replace(" ", "T")
    assert facts.taken_at is not None


def test_a_receiver_without_a_fix_says_nothing() -> None:
    exif = camera_exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)})
    assert facts_of(exif).position is None


def test_on_the_equator_there_are_places() -> None:
    exif = camera_exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({2: (0.0, 0.0, 0.0)})
    assert facts_of(exif).position == Position(latitude=0.0, longitude=111.75)


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_half_a_position_is_none(missing: int) -> None:
    exif = camera_exif()
    del exif.get_ifd(ExifTags.IFD.GPSInfo)[missing]
    assert facts_of(exif).position is None


def test_a_huge_text_is_cut_and_keeps_nothing_that_a_log_would_obey() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "华\n\x1b[31m" + "为" * 20_000
    make = facts_of(exif).make
    assert make is None or (len(make) <= MAX_TEXT and make.isprintable())


def test_a_position_of_nothing_divided_by_nothing_is_absent() -> None:
    data = camera_exif().tobytes()
    forty = (40).to_bytes(4, "big") + (1).to_bytes(4, "big")
    little = (40).to_bytes(4, "little") + (1).to_bytes(4, "little")
    assert forty in data or little in data
    forged = data.replace(forty, bytes(8)).replace(little, bytes(8))
    assert facts_of(forged).position is None


@pytest.mark.parametrize(
    "text",
    [
        "0000:00:00 00:00:00",
        "0001:01:01 00:00:00",
        "1969:12:31 23:59:59",
        "2100:01:01 00:00:00",
        "9999:12:31 23:59:59",
        "2026:02:30 10:00:00",
        "2026-11-23T09:30:15",
        "    :  :  ",
        "",
        "9" * 60_000,
    ],
)
def test_an_impossible_time_is_absent(text: str) -> None:
    exif = camera_exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = text
    assert facts_of(exif).taken_wall_clock is None


@pytest.mark.parametrize(
    ("taken", "offset"),
    [
        ("2026:11:23 09:30:15", "   :  "),
        ("2026:11:23 09:30:15", "+99:00"),
    ],
)
def test_a_clock_without_a_usable_offset_says_only_what_it_showed(taken: str, offset: str) -> None:
    exif = camera_exif()
    detail = exif.get_ifd(ExifTags.IFD.Exif)
    detail[ExifTags.Base.DateTimeOriginal] = taken
    detail[ExifTags.Base.OffsetTimeOriginal] = offset
    facts = facts_of(exif)
    assert facts.taken_wall_clock is not None
    assert facts.taken_at is None


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_unknown_orientation_means_upright(value: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    assert facts_of(exif).orientation == 1


@pytest.mark.parametrize(("length", "kept"), [(MAX_TEXT, MAX_TEXT), (MAX_TEXT + 1, MAX_TEXT)])
def test_a_long_model_is_cut(length: int, kept: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "m" * length
    assert facts_of(exif).model == "m" * kept


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow says so when EXIF is corrupt
@given(st.data())
def test_exif_broken_anywhere_never_raises(data: st.DataObject) -> None:
    exif = bytearray(camera_exif().tobytes())
    for _ in range(data.draw(st.integers(1, 8))):
        exif[data.draw(st.integers(6, len(exif) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(6, len(exif)))
    with Image.open(io.BytesIO(encoded(four_corners(16, 16), exif=bytes(exif[:cut])))) as image:
        facts = read_exif(image)
    assert 1 <= facts.orientation <= 8

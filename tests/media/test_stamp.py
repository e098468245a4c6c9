"""The printed copy: the whole picture, and below it what it is a picture of."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFont, ImageStat
from pylopdf_fonts_zh_cn import sans_path

from media.stamp import (
    LEAST_WIDTH_PX,
    MOST_ROWS,
    MOST_SIGNS,
    RED,
    Line,
    plain,
    printed_copy,
)
from tests.media.pictures import camera_exif, encoded, four_corners

LINES = [Line("地址", "新城区中山东路1号"), Line("执法人员", "张三（证件号 蒙A-001）")]
PICTURE = encoded(four_corners(96, 64))
FONT = ImageFont.truetype(sans_path(), 40, layout_engine=ImageFont.Layout.BASIC)
BOX = bytes(FONT.getmask("\U0010ffff"))


def drawn(text: str) -> list[bytes]:
    return [bytes(FONT.getmask(sign)) for sign in text]


def printed(width_px: int, height_px: int, lines: list[Line] = LINES) -> Image.Image:
    data = encoded(four_corners(width_px, height_px), exif=camera_exif(), comment=b"secret")
    return Image.open(io.BytesIO(printed_copy(data, lines)))


def label_of(sheet: Image.Image, height_px: int) -> Image.Image:
    return sheet.crop((0, height_px, sheet.width, sheet.height))


@pytest.mark.parametrize(
    "size", [(1600, 1200), (1200, 1600), (1600, 40), (40, 1600), (320, 240), (96, 64)]
)
def test_the_picture_is_all_there_in_its_size_and_nothing_covers_it(size: tuple[int, int]) -> None:
    sheet = printed(*size)
    width_px, height_px = size
    assert sheet.width == max(width_px, LEAST_WIDTH_PX)
    left = (sheet.width - width_px) // 2
    shown = sheet.crop((left, 0, left + width_px, height_px))
    difference = ImageChops.difference(shown, four_corners(*size))
    assert max(ImageStat.Stat(difference).mean) < 12  # what JPEG loses where colours meet


def test_even_a_single_pixel_has_its_label() -> None:
    assert printed(1, 1).height > 100


def test_the_label_says_in_red_that_it_is_no_original() -> None:
    sheet = label_of(printed(1600, 1200), 1200)
    pixels = sheet.get_flattened_data()
    reddish = [p for p in pixels if p[0] > 120 and p[1] < 80 and p[2] < 100]
    bar = sheet.width * (sheet.width // 44 // 4)
    assert len(reddish) > bar + 2000, RED  # the bar, and signs besides


def test_each_value_changes_the_label_and_nothing_else() -> None:
    other = [LINES[0], Line("执法人员", "李四（证件号 蒙A-002）")]
    first, second = printed(1600, 1200), printed(1600, 1200, other)
    changed = ImageChops.difference(first, second).convert("L").point(lambda d: 255 * (d > 60))
    left, top, _, bottom = changed.getbbox()
    assert top > 1200 + (bottom - 1200) // 2  # the second row alone
    assert left > 100  # behind its name


def test_a_long_value_takes_some_rows_and_no_more() -> None:
    def height_px(address: str) -> int:
        return printed(1600, 1200, [Line("地址", address), LINES[1]]).height

    row_px = 1600 // 44 * 3 // 2
    short = height_px("短")
    assert height_px("内蒙古" * 20) == short + row_px
    for long in ("内蒙古" * 400, "Latin letters " * 300, "内" * 100_000):
        assert height_px(long) == short + (MOST_ROWS - 1) * row_px


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("ᠮᠣᠩᠭᠣᠯ", "〔蒙古文，见系统记录〕"),
        ("ᠥᠪᠥᠷ ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ", "〔蒙古文，见系统记录〕"),
        ("草原饭店 ᠮᠣᠩᠭᠣᠯ（一店）", "草原饭店 〔蒙古文，见系统记录〕（一店）"),
        ("𠮷野家", "〔U+20BB7〕野家"),
        ("Өмнөговь", "〔U+04E8〕мн〔U+04E9〕говь"),
        ("䶮㐀口囗□·±°…", "䶮㐀口囗□·±°…"),
    ],
)
def test_what_the_font_lacks_is_told_in_words(value: str, told: str) -> None:
    lines = [Line("地址", value), LINES[1]]
    assert printed_copy(PICTURE, lines) == printed_copy(PICTURE, [Line("地址", told), LINES[1]])
    assert BOX not in drawn(told)


@given(st.text(max_size=8))
def test_nothing_is_ever_a_box(value: str) -> None:
    assert BOX not in drawn(plain(value))


def test_each_sign_of_the_level_that_every_machine_has_is_drawn() -> None:
    """GB 2312: 6763 signs."""
    pairs = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    every = "".join(pair.decode("gb2312", "ignore") for pair in pairs)
    assert len(every) == 6763
    parts = (every[at : at + MOST_SIGNS] for at in range(0, len(every), MOST_SIGNS))
    assert "".join(plain(part) for part in parts) == every


@pytest.mark.parametrize(
    "hostile", ["", "\0", "a\nb\r\nc", "\u202e反过来", "\u200b" * 50, "😀" * 3, "ᠮᠣᠩᠭᠣᠯ"]
)
def test_whatever_stands_in_a_value_is_one_line_of_the_label(hostile: str) -> None:
    plain = printed(1600, 1200, [Line("地址", "x"), LINES[1]])
    assert printed(1600, 1200, [Line("地址", hostile), LINES[1]]).size == plain.size


def test_it_carries_no_metadata() -> None:
    made = printed_copy(encoded(four_corners(), exif=camera_exif(), comment=b"secret"), LINES)
    assert b"secret" not in made
    assert b"HUAWEI" not in made
    with Image.open(io.BytesIO(made)) as picture:
        assert picture.format == "JPEG"
        assert not picture.getexif()

"""The printed copy (打印副本): a picture with a label below it, never on it.

Nothing of the picture is covered; the original is not touched.
"""

import io
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_zh_cn import sans_path

TITLE = "打印副本 · 非原件"
LEAST_WIDTH_PX = 800
"""A smaller picture stands in the middle of a sheet of this width, as large as it is."""
MOST_ROWS = 4
"""Rows of one value; what is longer ends in `…`."""
MOST_SIGNS = 1000
"""Of one value; four rows hold 170 Chinese ones."""
QUALITY = 88
MONGOLIAN = "〔蒙古文，见系统记录〕"
"""Stands for what is written in Mongolian script, which the font lacks."""
RED, BLACK, GREY = (176, 0, 32), (0, 0, 0), (96, 96, 96)


_MONGOLIAN_SIGN = r"[\u1800-\u18af\U00011660-\U0001167f]"
# With the spaces, joiners and breaks that stand between its words and suffixes (Unicode, 13.5).
_MONGOLIAN_TEXT = re.compile(rf"{_MONGOLIAN_SIGN}(?:[\s\u202f\u200c\u200d]*{_MONGOLIAN_SIGN})*")
_NO_SIGN = "\U0010ffff"  # no font has it: drawn as what stands for all that is missing


class Line(NamedTuple):
    """One thing that the label says, and what it is called."""

    label: str
    value: str


class _Row(NamedTuple):
    label: str
    text: str


def printed_copy(picture: bytes, lines: Sequence[Line]) -> bytes:
    """A JPEG of `picture` (a JPEG that is upright) with `TITLE` and the lines below it.

    It carries no metadata. What the font (Noto Sans SC) lacks is told in words, never as boxes.
    """
    with Image.open(io.BytesIO(picture), formats=("JPEG",)) as image:
        shown = image.convert("RGB")
    width_px = max(shown.width, LEAST_WIDTH_PX)
    sign_px = width_px // 44
    font = _font(sign_px)
    step_px, margin_px = sign_px * 3 // 2, sign_px
    column_px = margin_px + round(max(font.getlength(f"{line.label}　") for line in lines))
    rows = list(_rows(lines, font, width_px - margin_px - column_px))
    height_px = shown.height + margin_px * 2 + step_px * (len(rows) + 2)
    sheet = Image.new("RGB", (width_px, height_px), "white")
    sheet.paste(shown, ((width_px - shown.width) // 2, 0))
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((0, shown.height, width_px, shown.height + sign_px // 4), fill=RED)
    top_px = shown.height + margin_px
    pen.text((margin_px, top_px), TITLE, RED, _font(sign_px * 4 // 3))
    for number, row in enumerate(rows, start=2):
        at_px = top_px + step_px * number - step_px // 4
        pen.text((margin_px, at_px), row.label, GREY, font)
        pen.text((column_px, at_px), row.text, BLACK, font)
    return _jpeg(sheet)


def _rows(lines: Sequence[Line], font: ImageFont.FreeTypeFont, width_px: int) -> Iterator[_Row]:
    for line in lines:
        rows = _wrapped(plain(line.value), font, width_px)
        if len(rows) > MOST_ROWS:
            rows = [*rows[: MOST_ROWS - 1], f"{rows[MOST_ROWS - 1][:-1]}…"]
        yield _Row(line.label, rows[0])
        yield from (_Row("", text) for text in rows[1:])


def plain(value: str) -> str:
    """One line of signs that are seen: no breaks, nothing that turns the writing around, and what
    the font lacks by its name."""
    told = _MONGOLIAN_TEXT.sub(MONGOLIAN, value[:MOST_SIGNS])
    return "".join(_seen(sign) if sign.isprintable() else " " for sign in told)


@lru_cache(maxsize=4096)
def _seen(sign: str) -> str:
    """The sign, or its number in Unicode: by that a person finds a rare one of a name."""
    return f"〔U+{ord(sign):04X}〕" if _drawn(sign) == _box() else sign


def _drawn(sign: str) -> bytes:
    return bytes(_font(32).getmask(sign))


@cache
def _box() -> bytes:
    return _drawn(_NO_SIGN)


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width_px: int) -> list[str]:
    """Broken where the width ends: Chinese is written without spaces, and so are digests."""
    rows = [""]
    for sign in text:
        if rows[-1] and font.getlength(rows[-1] + sign) > width_px:
            rows.append("")
        rows[-1] += sign
        if len(rows) > MOST_ROWS + 1:
            break
    return rows


@lru_cache(maxsize=8)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(sans_path(), size_px, layout_engine=ImageFont.Layout.BASIC)


def _jpeg(sheet: Image.Image) -> bytes:
    written = io.BytesIO()
    sheet.save(written, "JPEG", quality=QUALITY, subsampling="4:4:4")  # sharp red letters
    return written.getvalue()

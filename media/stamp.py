"""The printed copy (打印副本): a picture with a label below it, never on it.

Nothing of the picture is covered; the original is not touched.
"""

import io
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_zh_cn import sans_path

TITLE = "打印副本 · 非原件"
LEAST_WIDTH_PX = 800
"""A smaller picture stands in the middle of a sheet of this width, as large as it is."""
MOST_ROWS = 4
"""Rows of one value; what is longer ends in `…`."""
QUALITY = 88
RED, BLACK, GREY = (176, 0, 32), (0, 0, 0), (96, 96, 96)


class Line(NamedTuple):
    """One thing that the label says, and what it is called."""

    label: str
    value: str


class _Row(NamedTuple):
    label: str
    text: str


def printed_copy(picture: bytes, lines: Sequence[Line]) -> bytes:
    """A JPEG of `picture` (a JPEG that is upright) with `TITLE` and the lines below it.

    It carries no metadata. Signs that the font (Noto Sans SC) lacks are shown as boxes.
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
        rows = _wrapped(_plain(line.value), font, width_px)
        if len(rows) > MOST_ROWS:
            rows = [*rows[: MOST_ROWS - 1], f"{rows[MOST_ROWS - 1][:-1]}…"]
        yield _Row(line.label, rows[0])
        yield from (_Row("", text) for text in rows[1:])


def _plain(value: str) -> str:
    """One line of signs that are seen: no breaks, nothing that turns the writing around."""
    return "".join(sign if sign.isprintable() else " " for sign in value)


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

"""Texts of registers: tidied for keeping, brought to one form for comparing."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import product

#: words that registers write into empty cells, as each may be written
EMPTY_WORDS = frozenset(
    "".join(signs)
    for word in ("n/a", "#n/a", "null")
    for signs in product(*((sign, sign.upper()) for sign in word))
)
#: full-width letters, digits and signs → the usual ones; Chinese punctuation and brackets stay
HALF_WIDTH = {
    wide: wide - 0xFEE0
    for wide in (
        *range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B),
        *map(ord, "－＃／．＋＆＠"),
    )
}  # fmt: skip
_WIDE = re.compile(f"[{''.join(map(chr, HALF_WIDTH))}]")
#: why a row is looked at cell by cell: signs to change, a formula, an apostrophe before one
_SUSPECT = re.compile(f"[=＝'{''.join(map(chr, HALF_WIDTH))}]")


def tidy(text: str) -> str:
    """Without stray blanks and invisible signs, letters and digits of usual width; what stands
    for nothing (N/A) is empty."""
    text = " ".join(text.split())
    if not text.isprintable():
        text = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf"))
        text = " ".join(text.split())
    if _WIDE.search(text):
        text = text.translate(HALF_WIDTH)
    return "" if text in EMPTY_WORDS else text


def comparable(text: str) -> str:
    """One form for texts that mean the same: NFKC (so （ is (), no blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def storable(text: str) -> bool:
    """Whether a database can keep a text: no lone surrogate (which stands for a byte that was no
    text) and no NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def is_plain(cells: Sequence[str]) -> bool:
    """Whether `tidy` would change none of these but for `EMPTY_WORDS`, and none is a formula or
    hides one; asked of a whole row, it costs a tenth of looking at each cell."""
    row = "|".join(cells)
    if not row.isprintable() or _SUSPECT.search(row):
        return False
    return " " not in row or not any(map(_has_stray_blanks, cells))


def _has_stray_blanks(cell: str) -> bool:
    return cell.startswith(" ") or cell.endswith(" ") or "  " in cell


def showable(text: str, *, maximum: int) -> str:
    """The beginning of a text, with `?` for what is none, to be shown to whoever is to mend it."""
    return text[:maximum].encode("utf-8", "replace").decode().replace("\x00", "?")

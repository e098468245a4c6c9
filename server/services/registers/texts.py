"""Texts of registers: tidied for keeping, brought to one form for comparing, made safe to open."""

import re
import unicodedata

EMPTY_WORDS = frozenset({"n/a", "#n/a", "null"})
#: full-width letters, digits and signs → the usual ones; Chinese punctuation and brackets stay
HALF_WIDTH = {
    wide: wide - 0xFEE0
    for wide in (
        *range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B),
        *map(ord, "－＃／．＋＆＠"),
    )
}  # fmt: skip
_WIDE = re.compile(f"[{''.join(map(chr, HALF_WIDTH))}]")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def tidy(text: str) -> str:
    """Without stray blanks and invisible signs, letters and digits of usual width; what stands
    for nothing (N/A) is empty."""
    text = " ".join(text.split())
    if not text.isprintable():
        text = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf"))
        text = " ".join(text.split())
    if _WIDE.search(text):
        text = text.translate(HALF_WIDTH)
    return "" if len(text) <= 4 and text.casefold() in EMPTY_WORDS else text


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


def spreadsheet_safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.lstrip(" \u3000'\"").startswith(FORMULA_STARTS) else text

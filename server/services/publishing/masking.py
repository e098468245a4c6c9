"""Masking of Chinese text (脱敏): what would name or reach a person is replaced before publication.

Hidden are 18-digit identity numbers (also when their check digit fails), mobile and landline
numbers, number plates, mail addresses, and the names that are known to belong to people of the
inspection. Social credit codes (GB 32100) of units stay.

Matching looks at the NFKC form without invisible signs, so that full-width digits and zero-width
spaces hide nothing; the text around a match is left as it was typed. All patterns are `re.ASCII`:
otherwise `\\w` and `\\d` would match Chinese and every other script's digits.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from datetime import date

from stdnum.cn import uscc

IDENTITY, PHONE, PLATE, MAIL = (
    "【证件号码已隐去】",
    "【电话已隐去】",
    "【车牌已隐去】",
    "【邮箱已隐去】",
)
NAME = "某某"
MIN_NAME_LENGTH = 2  # one sign alone is a word more often than a name

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CREDIT_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Za-z])", re.ASCII)
_PATTERNS = [
    (IDENTITY, re.compile(r"(?<!\d)\d(?:[ -]?\d){16}[ -]?[\dXx](?!\d)", re.ASCII)),
    (PHONE, re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)", re.ASCII)),
    (PHONE, re.compile(r"(?<!\d)(?:\+?86[ -]?)?\(?0\d{2,3}[) -]{0,2}\d{7,8}(?!\d)", re.ASCII)),
    (PHONE, re.compile(r"(?<=电话|座机|传真|固话)\D{0,6}\d{7,8}(?!\d)", re.ASCII)),
    (
        PLATE,
        re.compile(
            rf"[{_PROVINCES}][A-Za-z][ ·•・.-]?[A-Za-z0-9]{{4,5}}(?:[A-Za-z0-9]|[挂学警港澳领使])"
            r"(?![A-Za-z0-9])",
            re.ASCII,
        ),
    ),
    (MAIL, re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", re.A)),
]

Span = tuple[int, int, str]


def mask(text: str, *, names: Collection[str] = ()) -> str:
    """The text with everything personal replaced by a word that says what stood there."""
    plain, origin = _normalised(text)
    pieces: list[str] = []
    end = 0
    for start, stop, word in _without_overlap([*_personal(plain), *_named(plain, names)]):
        pieces += [text[end : origin[start]], word]
        end = origin[stop - 1] + 1
    return "".join([*pieces, text[end:]])


def _normalised(text: str) -> tuple[str, list[int]]:
    """The NFKC form without invisible signs, and for each of its signs where it came from."""
    signs: list[str] = []
    origin: list[int] = []
    for index, sign in enumerate(text):
        if unicodedata.category(sign) == "Cf":
            continue
        for plain in unicodedata.normalize("NFKC", sign):
            signs.append(plain)
            origin.append(index)
    return "".join(signs), origin


def _personal(plain: str) -> Iterator[Span]:
    kept = [match.span() for match in _CREDIT_CODE.finditer(plain) if _is_credit_code(match[0])]
    for word, pattern in _PATTERNS:
        for match in pattern.finditer(plain):
            start, stop = match.span()
            if not any(start < right and left < stop for left, right in kept):
                yield start, stop, word


def _is_credit_code(code: str) -> bool:
    """Whether 18 signs are a unit's code, and could not be a person's number as well."""
    return bool(uscc.is_valid(code)) and not _holds_birthday(code)


def _holds_birthday(code: str) -> bool:
    """Whether signs 7 to 14 are a day (GB 11643): then a person's number is the safer reading."""
    day = code[6:14]
    if not code[:17].isdecimal() or not "1850" <= day[:4] <= "2150":
        return False
    try:
        date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        return False
    return True


def _named(plain: str, names: Collection[str]) -> Iterator[Span]:
    for name in {_normalised(name)[0].strip() for name in names}:
        if len(name) < MIN_NAME_LENGTH:
            continue
        for match in re.finditer(re.escape(name), plain):
            yield *match.span(), NAME


def _without_overlap(spans: list[Span]) -> Iterator[Span]:
    """From left to right; spans that touch the same signs become one, under the longest's word."""
    merged: list[tuple[int, int, str, int]] = []
    for start, stop, word in sorted(spans):
        length = stop - start
        if merged and start < merged[-1][1]:
            left, right, kept, longest = merged.pop()
            merged.append(
                (left, max(right, stop), word if length > longest else kept, max(length, longest))
            )
        else:
            merged.append((start, stop, word, length))
    yield from ((start, stop, word) for start, stop, word, _ in merged)

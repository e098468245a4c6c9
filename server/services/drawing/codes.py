"""Codes (编号) for words that may not stand in a bundle as they are."""

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import Any

SPECIALTY_DIGITS = 12


def specialty_code(words: str) -> str:
    """The code of a specialty (业务专长): the same words always have the same."""
    return "s-" + hashlib.sha256(words.encode()).hexdigest()[:SPECIALTY_DIGITS]


def specialty_words(specialties: Iterable[str]) -> dict[str, str]:
    """Each code with its words, for the rules, so that a bundle can be read by itself."""
    return {specialty_code(words): words for words in sorted(set(specialties))}


def in_nfc(value: Any) -> Any:
    """A JSON value with its texts in NFC, the only form that a bundle takes."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [in_nfc(each) for each in value]
    if isinstance(value, dict):
        return {name: in_nfc(each) for name, each in value.items()}
    return value

"""Names for things: what the server makes, and what a device may make."""

import re
import uuid

ID_PATTERN = r"^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$"
_ID = re.compile(ID_PATTERN, re.ASCII)


def new_id() -> str:
    """A fresh id made by the server: 32 hex digits."""
    return uuid.uuid4().hex


def is_id(text: object) -> bool:
    """Whether a text may be an id: 1–64 of `A-Z a-z 0-9 . _ -`, and no path step."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None

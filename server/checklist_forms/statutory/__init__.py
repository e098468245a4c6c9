"""The lists that the law asks for, as data: JSON is their one source, the XLSX is made from it.

Content after 消防监督检查规定 (公安部令第120号) articles 10 and 11 and 中华人民共和国消防法.
"""

from importlib.resources import files

import orjson

from server.checklist_forms.items import Draft, make_draft

NAMES = ("key-units", "small-places")


def statutory_drafts() -> list[Draft]:
    """The list for key units (重点单位) and the short one for small places (九小场所)."""
    folder = files(__name__)
    return [make_draft(**orjson.loads((folder / f"{name}.json").read_bytes())) for name in NAMES]

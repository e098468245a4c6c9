"""XLSForm out: a checklist as a workbook that `pyxform`, a person and this server all read."""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from openpyxl import Workbook

from server.checklist_forms.items import LABELS, VALUES, Draft
from server.checklist_forms.relevance import parse_relevant, write_relevant
from server.sheets import text_cell

SURVEY = (
    "type", "name", "label", "hint", "required", "relevant",
    "section", "legal_basis", "photo_when", "note_when", "code",
)  # fmt: skip
CHOICES = ("list_name", "name", "label")
SETTINGS = ("form_id", "form_title", "version", "kind")
TYPES = {"verdict": "select_one verdict", "yes_no": "select_one yes_no", "text": "text",
         "number": "decimal"}  # fmt: skip
#: XML names, as XLSForm asks for them
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*", re.ASCII)


def write_xlsform(draft: Draft, *, version: int, file: BinaryIO) -> None:
    """Write the workbook; read back it gives the same draft."""
    book = Workbook(write_only=True)
    for name, header, rows in (
        ("survey", SURVEY, _survey(draft)),
        ("choices", CHOICES, _choices(draft)),
        ("settings", SETTINGS, [(draft.code, draft.title, str(version), draft.kind)]),
    ):
        sheet = book.create_sheet(name)
        for row in (header, *rows):
            # no apostrophe here: these readers take it for a sign; a text cell is no formula
            sheet.append([text_cell(sheet, text) for text in row])
    book.save(file)


def xlsform_name(code: str) -> str:
    """A code as a name in the form: `1.2` becomes `_1.2` (no code begins with `_`)."""
    return code if _NAME.fullmatch(code) else f"_{code}"


def _survey(draft: Draft) -> Iterator[Sequence[str]]:
    for item in draft.items:
        name = xlsform_name(item["code"])
        relevant = parse_relevant(item.get("relevant", ""))
        yield (
            TYPES.get(item["answer_kind"], f"select_one options_{name}"),
            name,
            item["text"],
            item["guidance"],
            "yes" if item["required"] else "no",
            write_relevant(relevant, xlsform_name) if relevant else "",
            item["section"],
            item["legal_basis"],
            " ".join(item["requires_photo_when"]),
            " ".join(item["requires_note_when"]),
            item["code"],
        )


def _choices(draft: Draft) -> Iterator[Sequence[str]]:
    for kind, values in VALUES.items():
        yield from ((kind, value, LABELS[value]) for value in values)
    for item in draft.items:
        list_name = f"options_{xlsform_name(item['code'])}"
        yield from ((list_name, option["value"], option["label"]) for option in item["options"])

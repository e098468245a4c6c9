"""Workbooks for the tests, made by hand as a person makes them."""

import io
from typing import Any

import openpyxl

SURVEY_HEADER = ("type", "name", "label", "hint", "required", "section", "photo_when")
SETTINGS = (("form_id", "form_title", "kind"), ("short", "小场所检查表", "small"))


def workbook(**sheets: list[tuple[Any, ...]]) -> bytes:
    """The sheets as XLSX; each begins with its header."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def form(*survey: tuple[Any, ...], choices: Any = (), header: Any = SURVEY_HEADER) -> bytes:
    """A form whose sheet `settings` is in order."""
    return workbook(
        survey=[header, *survey],
        choices=[("list_name", "name", "label"), *choices],
        settings=list(SETTINGS),
    )

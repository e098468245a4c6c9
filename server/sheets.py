"""Tables for spreadsheets, the only place where CSV and XLSX are written.

No cell of ours is ever taken for a formula (OWASP, CSV injection): a text that begins like one gets
an apostrophe, which `as_it_was` takes away again when a file comes back.
"""

import codecs
import csv
import io
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, Protocol

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.datavalidation import DataValidation

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
WIDTH = 18  # of a template's columns, in characters
LISTED_ROWS = 10_000  # how far down the lists to choose from reach
_IGNORED = " \u3000'\""  # what a spreadsheet may skip before it looks for a formula


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(_IGNORED).startswith(FORMULA_STARTS) else text


def as_it_was(cell: str) -> str:
    """The text that `safe_cell` was given."""
    return cell[1:] if cell.startswith("'") and safe_cell(cell[1:]) != cell[1:] else cell


class Sheet(Protocol):
    """Takes a table row by row, in memory that does not grow."""

    def add(self, row: Sequence[str]) -> None:
        """Write one row."""

    def finish(self) -> None:
        """Write what is still to be written."""


class CsvSheet:
    """CSV in UTF-8 with a byte order mark, without which Excel reads Chinese as something else."""

    def __init__(self, file: BinaryIO) -> None:
        file.write(codecs.BOM_UTF8)
        self._text = io.TextIOWrapper(file, "utf-8", newline="", write_through=False)
        self._writer = csv.writer(self._text)

    def add(self, row: Sequence[str]) -> None:
        """Write one row."""
        self._writer.writerow([safe_cell(text) for text in row])

    def finish(self) -> None:
        """Write what is still to be written; the file stays open."""
        self._text.flush()
        self._text.detach()


class XlsxSheet:
    """A workbook of one sheet; openpyxl's write-only mode keeps its rows in a file."""

    def __init__(self, file: BinaryIO, *, title: str) -> None:
        self._file = file
        self.book = Workbook(write_only=True)
        self.sheet: WriteOnlyWorksheet = self.book.create_sheet(title)

    def add(self, row: Sequence[str]) -> None:
        """Write one row."""
        self.sheet.append([text_cell(self.sheet, safe_cell(text)) for text in row])

    def finish(self) -> None:
        """Write the workbook; the file stays open."""
        self.book.save(self._file)


def text_cell(sheet: WriteOnlyWorksheet, text: str) -> Cell:
    """A cell that stays a text, also where it looks like a formula or a number; without signs that
    XML cannot hold."""
    text = ILLEGAL_CHARACTERS_RE.sub(lambda found: " " if found[0].isspace() else "", text)
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    return cell


class Column(NamedTuple):
    """A column of a template: what it is for, an example, and the words it takes where only some
    are right."""

    title: str
    explained: str
    example: str
    required: bool = False
    choices: tuple[str, ...] = ()


def write_template(form: str, file: BinaryIO, *, title: str, columns: Sequence[Column]) -> None:
    """A file to fill in: header, one example row; as XLSX with lists to choose from and a second
    sheet (填写说明) that explains each column."""
    header = [column.title for column in columns]
    example = [safe_cell(column.example) for column in columns]
    if form == "csv":
        sheet = CsvSheet(file)
        sheet.add(header)
        sheet.add(example)
        sheet.finish()
        return
    book = Workbook()
    first = book.worksheets[0]
    first.title = title
    first.append(header)
    first.append(example)
    first.freeze_panes = "A2"
    for place, column in enumerate(columns, start=1):
        letter = get_column_letter(place)
        first.column_dimensions[letter].width = WIDTH
        if column.choices:
            listed = DataValidation(type="list", formula1=f'"{",".join(column.choices)}"')
            listed.error = f"只能填写：{'、'.join(column.choices)}"
            listed.add(f"{letter}2:{letter}{LISTED_ROWS}")
            first.add_data_validation(listed)
    notes = book.create_sheet("填写说明")
    notes.append(["列", "必填", "说明", "示例"])
    for column in columns:
        need = "是" if column.required else ""
        notes.append([column.title, need, column.explained, safe_cell(column.example)])
    book.save(file)


def open_sheet(form: str, file: BinaryIO, *, title: str) -> Sheet:
    """A sheet of the form `csv` or `xlsx` that is written to `file`."""
    return XlsxSheet(file, title=title) if form == "xlsx" else CsvSheet(file)

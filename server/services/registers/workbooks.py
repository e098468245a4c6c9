"""Workbooks (XLSX), weighed before they are opened.

calamine reads fast but holds a sheet as one dense rectangle, so a file of a few kilobytes with two
far corners would ask for hundreds of gigabytes and end the process. The archive is therefore read
once without keeping it: its true size and the furthest cell are known before calamine sees it.
"""

import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, BinaryIO
from xml.parsers import expat

import python_calamine
from python_calamine import SheetTypeEnum, SheetVisibleEnum

from server.errors import DomainError

CHUNK_BYTES = 256 * 1024
MAX_MEMBERS = 1000
MAX_UNPACKED_BYTES = 1024**3
MAX_CELLS = 20_000_000  # of 32 bytes each
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError,
    expat.ExpatError, ValueError,
)  # fmt: skip


class Weight:
    """What an archive turned out to hold: bytes, the furthest row and column, any formula."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self.rows = 0
        self.columns = 0
        self.has_formulas = False
        self._row = 0
        self._column = 0

    def check(self) -> None:
        """Raise `register_too_large` where a limit is passed."""
        if self.size_bytes > MAX_UNPACKED_BYTES or self.rows * self.columns > MAX_CELLS:
            raise DomainError("register_too_large")

    def see(self, element: str, attributes: dict[str, str]) -> None:
        """Count one XML element; cells and rows may leave out their place (ECMA-376, 18.3.1.4)."""
        name = element.rpartition(":")[2]
        if name == "c":
            self._see_cell(attributes.get("r"))
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
        elif name == "f":
            self.has_formulas = True
        elif name == "Relationship" and not attributes.get("Target", "").endswith(".xml"):
            raise ValueError("a part of the workbook is no XML (macros?)")

    def _see_cell(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
        else:
            letters = reference.rstrip("0123456789")
            self._row = int(reference[len(letters) :])
            self._column = column_number(letters)
        self.rows = max(self.rows, self._row)
        self.columns = max(self.columns, self._column)


def column_number(letters: str) -> int:
    """`A` → 1, `XFD` → 16384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


class Workbook:
    """The first visible sheet as rows of texts; `line` is the row read last, of `height`."""

    def __init__(self, sheet: python_calamine.CalamineSheet, notes: list[str]) -> None:
        self.height = sheet.end[0] + 1 if sheet.end else 0
        self.notes = notes
        self.line = 0
        self.rows = self._read(sheet)

    def _read(self, sheet: python_calamine.CalamineSheet) -> Iterator[tuple[int, list[str]]]:
        for line, values in enumerate(sheet.iter_rows(), start=1):
            self.line = line
            yield line, [as_text(value) for value in values]


def open_workbook(file: BinaryIO) -> Workbook:
    """Open the first visible sheet. Raises `register_unreadable` or `register_too_large`."""
    weight = weigh(file)
    file.seek(0)
    try:
        book = python_calamine.load_workbook(file)
        shown = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]
        if not shown:
            raise DomainError("register_empty")
        sheet = book.get_sheet_by_name(shown[0])
    except python_calamine.CalamineError as error:
        raise DomainError("register_unreadable", details={"reason": str(error)}) from None
    notes = ["表中有公式，已读取其最后一次计算的值"] if weight.has_formulas else []
    return Workbook(sheet, notes)


def weigh(file: BinaryIO) -> Weight:
    """Read every member once, keeping nothing. Raises at the first limit passed."""
    weight = Weight()
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise DomainError("register_too_large")
            for member in members:
                _weigh_member(archive, member, weight)
    except _UNREADABLE as error:
        raise DomainError("register_unreadable", details={"reason": str(error)}) from None
    return weight


def _weigh_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, weight: Weight) -> None:
    """Unpack a part; XML is looked into, and no sheet can hide under another name because the
    workbook's own relationships lead to XML alone."""
    parser = None
    if member.filename.endswith((".xml", "workbook.xml.rels")):
        parser = expat.ParserCreate()
        parser.StartElementHandler = weight.see
    with archive.open(member) as content:
        while chunk := content.read(CHUNK_BYTES):
            weight.size_bytes += len(chunk)
            if parser:
                parser.Parse(chunk, False)
            weight.check()


def as_text(value: Any) -> str:
    """A cell's value as a person reads it: whole numbers without `.0`, days as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)

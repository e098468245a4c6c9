"""Workbooks (XLSX) of forms, read within bounds: a file of a few kilobytes may unpack to gigabytes
or claim a cell in the last row and column."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from server.errors import DomainError

MAX_FILE_BYTES = 2 * 1024 * 1024
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MAX_MEMBERS = 200
MAX_ROWS = 5000
MAX_COLUMNS = 60
CHUNK_BYTES = 256 * 1024


class Row(NamedTuple):
    """One row under the header: its number as a person counts, and its texts by column."""

    number: int
    cells: dict[str, str]


def read_sheets(raw: bytes, names: tuple[str, ...]) -> dict[str, list[Row]]:
    """The named sheets of a workbook, as far as they exist; empty rows are left out.

    Raises `checklist_unreadable` or `checklist_too_large`.
    """
    weigh(raw)
    try:
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        found = {title.strip().casefold(): title for title in book.sheetnames}
        return {
            name: list(_rows(book[found[name]].iter_rows(
                max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS, values_only=True
            )))
            for name in names
            if name in found
        }  # fmt: skip
    except (
        InvalidFileException, SyntaxError, KeyError, ValueError, TypeError, AttributeError,
        IndexError, zipfile.BadZipFile, OSError,
    ) as error:  # fmt: skip  # whatever openpyxl stumbles over in a damaged part
        raise DomainError("checklist_unreadable", details={"reason": str(error)[:200]}) from None


def weigh(raw: bytes) -> None:
    """Unpack every part once, keeping nothing. Raises where the file is too large or no archive."""
    if len(raw) > MAX_FILE_BYTES:
        raise DomainError("checklist_too_large", details={"limit_bytes": MAX_FILE_BYTES})
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            if len(archive.infolist()) > MAX_MEMBERS:
                raise DomainError("checklist_too_large", details={"limit_members": MAX_MEMBERS})
            for member in archive.infolist():
                with archive.open(member) as content:
                    while chunk := content.read(CHUNK_BYTES):
                        unpacked += len(chunk)
                        if unpacked > MAX_UNPACKED_BYTES:
                            raise DomainError(
                                "checklist_too_large",
                                details={"limit_unpacked_bytes": MAX_UNPACKED_BYTES},
                            )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError):
        raise DomainError("checklist_unreadable") from None


def _rows(values: Iterator[tuple[Any, ...]]) -> Iterator[Row]:
    header = [_column(value) for value in next(values, ())]
    for number, row in enumerate(values, start=2):
        if number > MAX_ROWS:
            raise DomainError("checklist_too_large", details={"limit_rows": MAX_ROWS})
        cells: dict[str, str] = {}
        for column, value in zip(header, row, strict=False):
            text = as_text(value)
            if column and text and column not in cells:
                cells[column] = text
        if cells:
            yield Row(number, cells)


def _column(value: Any) -> str:
    """A header's name; of `label::中文 (zh)` the part that counts."""
    return as_text(value).partition("::")[0].strip().casefold()


def as_text(value: Any) -> str:
    """A cell as a person reads it: whole numbers without `.0`, truth as XLSForm writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("\r\n", "\n").strip()

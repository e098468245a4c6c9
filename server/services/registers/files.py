"""Register files (名录文件): CSV, CSV.xz and XLSX opened as one table, told apart by their content.

Text streams through in constant memory. A workbook is weighed before it is opened, and then held
by calamine as a whole, because the format allows nothing else.
"""

import codecs
import csv
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from server.errors import DomainError
from server.services.registers.texts import storable
from server.services.registers.workbooks import open_workbook
from server.services.registers.xz import XzReader

SNIFFED_BYTES = 64 * 1024
MAX_LINE_CHARS = 1024 * 1024
XZ_MAGIC = b"\xfd7zXZ\x00"
ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # .xls and encrypted .xlsx


class Record(NamedTuple):
    """One row: the line where it begins (counted from 1), its cells as text, or None with the
    fault where they could not be told apart."""

    line: int
    cells: list[str] | None
    fault: str = ""


@dataclass(kw_only=True)
class Table:
    """A file's header and its rows, read as they are asked for.

    `position()` moves from 0 to `size`: bytes of a text file, rows of a workbook.
    """

    header: list[str]
    records: Iterator[Record]
    size_bytes: int  # of the file as it lies there
    size: int
    position: Callable[[], int]
    notes: list[str] = field(default_factory=list)


def open_table(file: BinaryIO) -> Table:
    """The table of a seekable file. Raises `register_unreadable`, `register_truncated`,
    `register_too_large` or `register_empty`; while rows are read, too."""
    magic = file.read(len(XZ_MAGIC))
    file.seek(0)
    if magic.startswith(ZIP_MAGIC):
        return _workbook_table(file)
    if magic.startswith(OLE_MAGIC):
        raise DomainError("register_unreadable", details={"reason": "old_or_encrypted_workbook"})
    raw: io.RawIOBase = XzReader(file) if magic == XZ_MAGIC else _Lent(file)
    return _text_table(file, io.BufferedReader(raw, SNIFFED_BYTES))


class _Lent(io.RawIOBase):
    """A file that stays open when those who read it are done: it is its opener's to close."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # what io passes
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _workbook_table(file: BinaryIO) -> Table:
    workbook = open_workbook(file)
    records = (Record(line, cells) for line, cells in workbook.rows if any(cells))
    return Table(
        header=_header(records), records=records, size_bytes=os.fstat(file.fileno()).st_size,
        size=workbook.height, position=lambda: workbook.line, notes=workbook.notes,
    )  # fmt: skip


def _text_table(file: BinaryIO, content: io.BufferedReader) -> Table:
    encoding, notes = _encoding(content.peek(SNIFFED_BYTES))
    text = io.TextIOWrapper(content, encoding, errors="surrogateescape", newline="")
    records = _records(_lines(text))
    size_bytes = os.fstat(file.fileno()).st_size
    return Table(
        header=_header(records), records=records, size_bytes=size_bytes, size=size_bytes,
        position=file.tell, notes=notes,
    )  # fmt: skip


def _encoding(head: bytes) -> tuple[str, list[str]]:
    """UTF-8 where the header line or the whole head is; else GB18030, with a note; else UTF-8
    again, whose unreadable rows are then refused one by one."""
    if b"\x00" in head:
        raise DomainError("register_unreadable", details={"reason": "not_text"})
    header = head.split(b"\n", 1)[0]
    if _decodes(head, "utf-8") or (not header.isascii() and _decodes(header, "utf-8")):
        return "utf-8-sig", []
    if _decodes(head, "gb18030"):
        return "gb18030", ["文件编码为 GB18030，已按此读取"]
    return "utf-8-sig", []


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MAX_LINE_CHARS + 1):
        if len(line) > MAX_LINE_CHARS:
            raise DomainError("register_unreadable", details={"reason": "line_too_long"})
        yield line


def _records(lines: Iterator[str]) -> Iterator[Record]:
    reader = csv.reader(lines, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(line, None, str(error))
            continue
        if any(cells):
            yield Record(line, cells)


def _header(records: Iterator[Record]) -> list[str]:
    first = next(records, None)
    if first is None:
        raise DomainError("register_empty")
    if first.cells is None:
        raise DomainError("register_header", details={"reason": first.fault})
    if not all(map(storable, first.cells)):
        raise DomainError("register_unreadable", details={"reason": "encoding"})
    return first.cells

"""Workbooks that would unpack to gigabytes, or are none at all."""

import io
import zipfile

import pytest

from server.checklist_forms.workbook import (
    MAX_FILE_BYTES,
    MAX_ROWS,
    MAX_UNPACKED_BYTES,
    read_sheets,
    weigh,
)
from server.errors import DomainError
from tests.server.checklist_forms.workbooks import form, workbook


def refusal(raw: bytes) -> str:
    with pytest.raises(DomainError) as refused:
        read_sheets(raw, ("survey",))
    return refused.value.code


def archive(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return file.getvalue()


def with_part(raw: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one part exchanged."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for member in old.namelist():
            new.writestr(member, content if member == name else old.read(member))
    return file.getvalue()


@pytest.mark.parametrize(
    "raw",
    [b"", b"not a workbook", b"PK\x03\x04cut", b"%PDF-1.7", archive(x=b"y"),
     form(("text", "a", "b"))[:-40],
     with_part(form(("text", "a", "b")), "xl/workbook.xml", b"<broken"),
     with_part(form(("text", "a", "b")), "xl/worksheets/sheet1.xml", b"<broken")],
)  # fmt: skip
def test_what_is_no_workbook_is_unreadable(raw):
    assert refusal(raw) == "checklist_unreadable"


def test_a_large_file_is_refused_before_it_is_opened():
    assert refusal(b"x" * (MAX_FILE_BYTES + 1)) == "checklist_too_large"
    assert refusal(b"x" * MAX_FILE_BYTES) == "checklist_unreadable"


def test_a_file_that_unpacks_to_too_much_is_refused():
    assert refusal(archive(bomb=b"\0" * (MAX_UNPACKED_BYTES + 1))) == "checklist_too_large"
    weigh(archive(large=b"\0" * MAX_UNPACKED_BYTES))


def test_an_archive_of_very_many_parts_is_refused():
    assert refusal(archive(**{f"m{n}": b"" for n in range(201)})) == "checklist_too_large"


def test_a_size_that_lies_does_not_get_past():
    honest = bytearray(archive(bomb=b"\0" * (MAX_UNPACKED_BYTES + 1)))
    for sign, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = honest.index(sign) + place
        honest[start : start + 4] = (10).to_bytes(4, "little")
    assert refusal(bytes(honest)) in {"checklist_unreadable", "checklist_too_large"}


def test_a_cell_in_the_last_row_and_column_costs_nothing():
    sheet = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/'
        b'spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>type</t></is></c></row>'
        b'<row r="2"><c r="XFD2"><v>1</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )
    raw = with_part(form(("text", "a", "b")), "xl/worksheets/sheet1.xml", sheet)
    assert refusal(raw) == "checklist_too_large"


def test_entities_that_multiply_are_refused():
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">'
        + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
        + b"]><worksheet>&a11;</worksheet>"
    )
    raw = with_part(form(("text", "a", "b")), "xl/worksheets/sheet1.xml", laughs)
    assert refusal(raw) == "checklist_unreadable"


def test_rows_are_read_up_to_the_limit_and_not_beyond():
    header = ("type",)
    full = workbook(survey=[header, *[("text",)] * (MAX_ROWS - 1)])
    assert len(read_sheets(full, ("survey",))["survey"]) == MAX_ROWS - 1
    assert refusal(workbook(survey=[header, *[("text",)] * MAX_ROWS])) == "checklist_too_large"

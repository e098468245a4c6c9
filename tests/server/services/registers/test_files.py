import datetime
import io
import lzma
import zipfile

import pytest

from server.errors import DomainError
from server.services.registers import files as register_files
from server.services.registers import workbooks as register_workbooks
from server.services.registers.files import open_table
from server.services.registers.xz import XzReader
from tests.server.register_samples import as_csv, as_xlsx, as_xz

ROWS = [["名称", "地址"], ["第一小吃店", "新城区"], ["第二小吃店", "回民区"]]


@pytest.fixture
def opened(tmp_path):
    """Opens content as a real file, as the command does."""
    files = []

    def open_content(content):
        path = tmp_path / f"register-{len(files)}"
        path.write_bytes(content)
        files.append(path.open("rb"))
        return open_table(files[-1])

    yield open_content
    for file in files:
        file.close()


def refused(opened, content):
    with pytest.raises(DomainError) as caught:
        list(opened(content).records)
    return caught.value


@pytest.mark.parametrize("form", [as_csv, as_xz, as_xlsx])
def test_the_three_forms_are_told_apart_by_their_content(opened, form):
    table = opened(form(ROWS))
    assert table.header == ROWS[0]
    records = list(table.records)
    assert [record.cells for record in records] == ROWS[1:]
    assert [record.line for record in records] == [2, 3]
    assert table.position() == table.size
    assert table.notes == []


def test_lines_are_counted_as_the_file_has_them(opened):
    table = opened('\ufeff名称,地址\r\n\r\n"两\n行",新城区\r\n第三,x\r\n'.encode())
    assert [(record.line, record.cells) for record in table.records] == [
        (3, ["两\n行", "新城区"]),
        (5, ["第三", "x"]),
    ]


def test_gb18030_is_read_with_a_note(opened):
    table = opened(as_csv(ROWS, "gb18030"))
    assert table.header == ROWS[0]
    assert [record.cells for record in table.records] == ROWS[1:]
    assert "GB18030" in table.notes[0]


def test_one_bad_byte_spoils_its_own_row_only(opened):
    content = as_csv(ROWS).replace("第一".encode(), b"\xff\xfe")
    first, second = opened(content).records
    assert "\udcff" in first.cells[0]
    assert second.cells == ROWS[2]


def test_a_broken_quote_spoils_its_own_row_only(opened):
    content = as_csv(ROWS).replace("第一小吃店".encode(), '"第"一'.encode())
    first, second = opened(content).records
    assert first.cells is None
    assert second.cells == ROWS[2]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "register_empty"),
        (b"\n\n", "register_empty"),
        ("名称,地址".encode("utf-16"), "register_unreadable"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "register_unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "register_unreadable"),
        (b"PK\x03\x04 no archive", "register_unreadable"),
        (b"\xfd7zXZ\x00 no xz", "register_unreadable"),
    ],
)
def test_what_is_no_register_is_refused(opened, content, code):
    assert refused(opened, content).code == code


def test_a_cut_xz_file_is_told_from_a_whole_one(opened):
    content = lzma.compress(as_csv([[str(n), "x" * 50] for n in range(20000)]))
    assert refused(opened, content[:-30]).code == "register_truncated"
    assert refused(opened, content[: len(content) // 2]).code == "register_truncated"


def test_a_damaged_xz_file_is_refused(opened):
    content = bytearray(as_xz([[str(n * n), "x"] for n in range(20000)]))
    content[len(content) // 2] ^= 0xFF
    assert refused(opened, bytes(content)).code == "register_unreadable"


def test_an_xz_file_of_several_streams_with_padding_is_read_on(opened):
    content = as_xz(ROWS[:2]) + b"\0" * 8 + as_xz(ROWS[2:]) + b"\0" * 4
    assert [record.cells for record in opened(content).records] == ROWS[1:]


def test_an_xz_file_that_wants_too_much_memory_is_refused(opened):
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 256 * 1024 * 1024}]
    content = lzma.compress(b"x", filters=filters)
    assert refused(opened, content).code == "register_unreadable"


@pytest.mark.parametrize(("limit", "fits"), [(1000, True), (999, False)])
def test_xz_unpacks_up_to_its_limit(limit, fits):
    reader = XzReader(io.BytesIO(lzma.compress(b"x" * 1000)), max_bytes=limit)
    if fits:
        assert reader.read() == b"x" * 1000
        return
    with pytest.raises(DomainError) as caught:
        reader.read()
    assert caught.value.code == "register_too_large"


@pytest.mark.parametrize("excess", [0, 1])
def test_a_line_has_a_longest_length(opened, monkeypatch, excess):
    monkeypatch.setattr(register_files, "MAX_LINE_CHARS", 50)
    content = b"name,address\n" + b"x" * (48 + excess) + b",\n"  # 50 with comma and line end
    if not excess:
        assert len(list(opened(content).records)) == 1
        return
    assert refused(opened, content).details["reason"] == "line_too_long"


def with_sheet(sheet_xml, content=None):
    """A workbook whose first sheet is replaced by this XML."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content or as_xlsx(ROWS))) as old:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
            for member in old.infolist():
                data = old.read(member)
                new.writestr(member, sheet_xml if "sheet1.xml" in member.filename else data)
    return made.getvalue()


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData>{}</sheetData></worksheet>"
)


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1"><c r="A1"/></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="XFD1"><v>1</v></c></row>' + "<row><c><v>1</v></c></row>" * 2000,
        '<row r="9999999"><c><v>1</v></c></row><row r="1"><c r="ZZ1"><v>1</v></c></row>',
    ],
)
def test_a_workbook_with_far_corners_is_refused_before_it_is_opened(opened, cells):
    assert refused(opened, with_sheet(SHEET.format(cells))).code == "register_too_large"


def test_a_workbook_that_swells_is_refused(opened, monkeypatch):
    monkeypatch.setattr(register_workbooks, "MAX_UNPACKED_BYTES", 1024 * 1024)
    content = with_sheet(SHEET.format(" " * 2 * 1024 * 1024))
    assert len(content) < 20_000
    assert refused(opened, content).code == "register_too_large"


@pytest.mark.parametrize(("limit", "fits"), [(6, True), (5, False)])
def test_a_workbook_has_a_largest_number_of_cells(opened, monkeypatch, limit, fits):
    monkeypatch.setattr(register_workbooks, "MAX_CELLS", limit)
    if fits:
        assert len(list(opened(as_xlsx(ROWS)).records)) == 2
    else:
        assert refused(opened, as_xlsx(ROWS)).code == "register_too_large"


def test_a_sheet_cannot_hide_from_the_scales_under_another_name(opened):
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx(ROWS))) as old, zipfile.ZipFile(made, "w") as new:
        for member in old.infolist():
            data = old.read(member).replace(b"sheet1.xml", b"sheet1.dat")
            new.writestr(member.filename.replace("sheet1.xml", "sheet1.dat"), data)
    assert refused(opened, made.getvalue()).code == "register_unreadable"


def test_a_workbook_of_broken_xml_is_refused(opened):
    assert refused(opened, with_sheet("<worksheet><sheetData>")).code == "register_unreadable"


def test_a_formula_gives_its_last_value_and_a_note(opened):
    sheet = SHEET.format(
        '<row r="1"><c r="A1" t="str"><f>CONCAT("名","称")</f><v>名称</v></c></row>'
        '<row r="2"><c r="A2" t="str"><f>B9</f><v>第一小吃店</v></c></row>'
    )
    table = opened(with_sheet(sheet))
    assert table.header == ["名称"]
    assert [record.cells for record in table.records] == [["第一小吃店"]]
    assert "公式" in table.notes[0]


def test_numbers_and_days_become_the_text_a_person_reads(opened):
    rows = [["n", "d", "f"], [13800000000, datetime.date(2012, 12, 31), 1.5]]
    (record,) = opened(as_xlsx(rows)).records
    assert record.cells == ["13800000000", "2012-12-31", "1.5"]


def test_a_sheet_may_begin_below_and_beside_its_corner(opened):
    rows = [[], ["", "名称", "地址"], [], ["", "第一小吃店", "新城区"]]
    table = opened(as_xlsx(rows))
    assert table.header[-2:] == ["名称", "地址"]
    (record,) = table.records
    assert (record.line, record.cells[-2:]) == (4, ["第一小吃店", "新城区"])

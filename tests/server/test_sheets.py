"""Files for spreadsheets: nothing in them runs, and nothing is lost on the way back."""

import csv
import io

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from server.sheets import FORMULA_STARTS, Column, as_it_was, open_sheet, safe_cell, write_template

DANGEROUS = st.tuples(
    st.sampled_from(["", " ", "'", "''", '"', "\u3000", " '"]),
    st.sampled_from([*FORMULA_STARTS, ""]),
    st.text(),
).map("".join)


def cells_of(form, rows):
    file = io.BytesIO()
    sheet = open_sheet(form, file, title="表")
    for row in rows:
        sheet.add(row)
    sheet.finish()
    file.seek(0)
    if form == "csv":
        return list(csv.reader(io.StringIO(file.read().decode("utf-8-sig"), newline="")))
    found = openpyxl.load_workbook(file)["表"]
    return [list(row) for row in found.iter_rows()]


@given(DANGEROUS)
def test_every_text_comes_back_as_it_was(text):
    assert as_it_was(safe_cell(text)) == text


@given(DANGEROUS)
def test_no_cell_begins_like_a_formula(text):
    assert not safe_cell(text).lstrip(' \u3000"').startswith(FORMULA_STARTS)


@given(st.lists(DANGEROUS, min_size=1, max_size=4))
def test_a_csv_row_is_read_back_whole(row):
    row = [text.replace("\r", "").replace("\x00", "") for text in row]
    assert [[as_it_was(cell) for cell in r] for r in cells_of("csv", [["x"], row])][1] == row


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@x", "＝1", "1", "2012-11-28"])
def test_an_xlsx_cell_is_a_text_and_no_formula(text):
    [[cell]] = cells_of("xlsx", [[text]])
    assert cell.data_type == "s"
    assert as_it_was(cell.value) == text


def test_a_sign_that_a_workbook_cannot_keep_does_not_break_the_export():
    [[cell]] = cells_of("xlsx", [["a\x0bb"]])
    assert not ILLEGAL_CHARACTERS_RE.search(cell.value)


def test_a_template_has_lists_to_choose_from_and_explains_its_columns():
    file = io.BytesIO()
    columns = [
        Column("名称", "全称", "=示例", required=True),
        Column("类别", "", "重点", choices=("重点", "一般")),
    ]
    write_template("xlsx", file, title="对象", columns=columns)
    book = openpyxl.load_workbook(io.BytesIO(file.getvalue()))
    assert book.sheetnames == ["对象", "填写说明"]
    assert [cell.value for cell in book["对象"][2]] == ["'=示例", "重点"]
    (listed,) = book["对象"].data_validations.dataValidation
    assert listed.formula1 == '"重点,一般"'
    assert [cell.value for cell in book["填写说明"][2]] == ["名称", "是", "全称", "'=示例"]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.services.registers.texts import comparable, storable, tidy
from server.sheets import safe_cell


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("  第一 　小吃店\n", "第一 小吃店"),
        ("N/A", ""),
        ("#n/a", ""),
        ("工业园１２号Ａ－３", "工业园12号A-3"),
        ("内蒙古（集团）公司", "内蒙古（集团）公司"),
        ("零宽\u200b空格\ufeff", "零宽空格"),
        ("Ⅱ号楼", "Ⅱ号楼"),
        ("𠀀生僻字", "𠀀生僻字"),
    ],
)
def test_a_text_is_tidied_for_keeping(raw, kept):
    assert tidy(raw) == kept


@given(st.text())
def test_tidying_twice_changes_nothing_more(text):
    once = tidy(text)
    assert tidy(once) == once


def test_brackets_of_either_width_compare_equal():
    assert comparable("内蒙古（集团） 公司") == comparable("内蒙古(集团)公司")


def test_half_a_character_cannot_be_stored():
    assert not storable("\udcff")
    assert not storable("a\x00")
    assert storable("𠀀")


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "'=1", '"=1']
)
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(cell):
    assert safe_cell(cell).startswith("'")


@given(st.text())
def test_no_cell_starts_a_formula(text):
    assert not safe_cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_a_harmless_cell_stays_as_it_is():
    assert safe_cell("第一小吃店-2") == "第一小吃店-2"

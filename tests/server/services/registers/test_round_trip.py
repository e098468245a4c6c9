"""What is exported and comes back unchanged changes nothing, whatever the texts are."""

import csv
import io

import openpyxl
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.services.registers.correcting import Refused, correct
from server.services.registers.exporting import _OBJECT_FIELDS, _object_row
from server.services.registers.files import Record
from server.services.registers.layouts import TEMPLATE, understand_header
from server.services.registers.rows import Row, RowReader
from server.services.registers.templates import OBJECT_COLUMNS
from server.services.registers.texts import tidy
from server.services.registers.values import KINDS, NATURES, SMALL_KINDS
from server.sheets import open_sheet, safe_cell
from tests.server.register_samples import credit_code

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=30)
NASTY = st.tuples(
    st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "'=", "＝", "'", "N/A"]), TEXT
)
TEXTS = NASTY.map("".join)
NAMED = TEXTS.filter(tidy)
OBJECTS = st.fixed_dictionaries(
    {
        "id": st.just("obj-1"), "organisation_id": st.just("brig-a"), "name": NAMED,
        "nature": st.sampled_from([None, *NATURES]), "kind": st.sampled_from(list(KINDS)),
        "small_kind": st.none(), "credit_code": st.sampled_from([None, credit_code(1)]),
        "address": TEXTS, "division_code": st.just("150102"),
        "latitude": st.one_of(st.none(), st.floats(-90, 90)),
        "contact_name": st.one_of(st.none(), NAMED), "contact_phone": st.one_of(st.none(), NAMED),
        "tags": st.lists(NAMED, max_size=3, unique=True), "source_key": st.just("K-1"),
    }
)  # fmt: skip


@st.composite
def objects(draw):
    """An object as the database may hold it, with whatever people have typed into it."""
    stands = draw(OBJECTS)
    if stands["kind"] == "small":
        stands["small_kind"] = draw(st.sampled_from([None, *SMALL_KINDS]))
    stands["longitude"] = stands["latitude"] and stands["latitude"] * 2
    stands["state"] = draw(st.sampled_from(["active", "closed", "merged"]))
    stands["state_reason"] = None if stands["state"] == "active" else draw(NAMED)
    stands["active"] = stands["state"] == "active"
    return stands


def back(stands, form="csv"):
    """The object through a file and the reader, as the facts of a correction."""
    file = io.BytesIO()
    sheet = open_sheet(form, file, title="对象")
    header = [column.title for column in OBJECT_COLUMNS]
    sheet.add(header)
    sheet.add(_object_row([stands[field] for field in _OBJECT_FIELDS]))
    sheet.finish()
    file.seek(0)
    if form == "csv":
        text = io.StringIO(file.read().decode("utf-8-sig"), newline="")
        cells = list(csv.reader(text))[1]
    else:
        rows = openpyxl.load_workbook(file)["对象"].iter_rows(values_only=True)
        cells = [cell or "" for cell in list(rows)[1]]
    row = RowReader(understand_header(header), default_division="150000").read(Record(2, cells))
    assert isinstance(row, Row), row
    return row


def facts(row):
    return orjson.loads(row.facts)


@given(objects())
def test_an_export_that_comes_back_corrects_nothing(stands):
    row = back(stands)
    assert row.object_id == "obj-1"
    assert correct(stands, facts(row), holder_id="brig-a", taken={}) == {}


@pytest.mark.parametrize("text", ["=1+1", "+86 471", "-x", "@y", "\tz", "＝全角", "'=a", "a\x01b"])
def test_a_workbook_too_comes_back_and_corrects_nothing(text):
    stands = {
        "id": "obj-1", "organisation_id": "brig-a", "name": text, "nature": "agency",
        "kind": "other", "small_kind": None, "credit_code": None, "address": text,
        "division_code": "150102", "latitude": 40.123456789, "longitude": 111.0, "state": "active",
        "contact_name": text, "contact_phone": text, "tags": [text], "source_key": "K-1",
        "state_reason": None, "active": True,
    }  # fmt: skip
    assert correct(stands, facts(back(stands, "xlsx")), holder_id="brig-a", taken={}) == {}


@given(objects(), NAMED)
def test_a_corrected_cell_changes_its_field_and_no_other(stands, name):
    told = facts(back({**stands, "name": name}))
    values = correct(stands, told, holder_id="brig-a", taken={})
    assert values == ({} if tidy(name) == tidy(stands["name"]) else {"name": tidy(name)})


def test_a_correction_that_cannot_be_is_refused():
    stands = {
        "id": "a",
        "state": "active",
        "kind": "key",
        "small_kind": None,
        "division_code": "150102",
    }
    for told, code in (
        ({"state": "merged"}, "state_needs_merge"),
        ({"state": "closed"}, "state_reason_needed"),
        ({"small_kind": "shop"}, "small_kind_misplaced"),
        ({"division_code": "150100"}, "division_unsettled"),
        ({"credit_code": "X"}, "credit_code_taken"),
    ):
        with pytest.raises(Refused) as caught:
            correct(
                {"credit_code": None, "state_reason": None, **stands},
                told,
                holder_id=None,
                taken={"X": "b"},
            )
        assert caught.value.told[1] == code
    with pytest.raises(Refused):
        correct(stands, {"division_code": "150103"}, holder_id=None, taken={})


def test_every_column_of_the_template_is_one_that_the_reader_knows():
    assert {column.title for column in OBJECT_COLUMNS} == set(TEMPLATE.fields)
    assert all(safe_cell(column.example) == column.example for column in OBJECT_COLUMNS)

"""XLSForm in and out: the same file is read by pyxform and by this server."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyxform.xls2xform import convert

from server.checklist_forms.items import MAX_ITEMS, make_draft
from server.checklist_forms.statutory import statutory_drafts
from server.checklist_forms.xlsform_in import read_xlsform
from server.checklist_forms.xlsform_out import write_xlsform
from server.errors import DomainError
from tests.server.checklist_forms.workbooks import SETTINGS, SURVEY_HEADER, form, workbook


def exported(draft, version=1) -> bytes:
    file = io.BytesIO()
    write_xlsform(draft, version=version, file=file)
    return file.getvalue()


def as_xform(raw: bytes) -> str:
    result = convert(xlsform=io.BytesIO(raw), validate=False, file_type=".xlsx")
    assert result.warnings == []
    return result.xform


def errors_of(raw: bytes) -> list[tuple]:
    with pytest.raises(DomainError) as refused:
        read_xlsform(raw)
    assert refused.value.code == "checklist_invalid", refused.value.details
    return [
        (each["sheet"], each["row"], each["column"]) for each in refused.value.details["errors"]
    ]


@pytest.mark.parametrize("draft", statutory_drafts(), ids=lambda draft: draft.code)
def test_the_statutory_lists_go_to_xlsx_and_back_unchanged_and_pyxform_reads_them(draft):
    raw = exported(draft, version=3)
    assert read_xlsform(raw) == draft
    xform = as_xform(raw)
    assert f'id="{draft.code}" version="3"' in xform
    assert all(item["text"] in xform for item in draft.items)


def test_the_statutory_list_for_key_units_covers_articles_10_and_11():
    key_units = statutory_drafts()[0]
    bases = " ".join(item["legal_basis"] for item in key_units.items)
    for number in "一二三四五六七八九十":
        assert f"第十条第一款第（{number}）项" in bases
    for number in "一二三四":
        assert f"第十一条第一款第（{number}）项" in bases
    assert "第十条第二款" in bases
    assert "第十一条第二款" in bases


def test_the_short_list_knows_the_nine_kinds_of_small_places():
    assert len(statutory_drafts()[1].items[0]["options"]) == 9


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]), max_size=30
)
labels = texts.filter(lambda text: text.strip())
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)


@st.composite
def items(draw, code: str):
    kind = draw(st.sampled_from(["verdict", "yes_no", "text", "number", "select"]))
    values = {"verdict": ["pass", "fail", "not_applicable"], "yes_no": ["yes", "no"]}.get(kind, [])
    options = []
    if kind == "select":
        values = draw(st.lists(names, min_size=1, max_size=4, unique=True))
        options = [{"value": value, "label": draw(labels)} for value in values]
    chosen = st.lists(st.sampled_from(values), unique=True) if values else st.just([])
    return {
        "code": code, "section": draw(texts), "text": draw(labels), "legal_basis": draw(texts),
        "answer_kind": kind, "options": options, "guidance": draw(texts),
        "required": draw(st.booleans()), "requires_photo_when": draw(chosen),
        "requires_note_when": draw(chosen),
    }  # fmt: skip


@st.composite
def drafts(draw):
    codes = draw(st.lists(names, min_size=1, max_size=4, unique_by=str.casefold))
    found = [draw(items(code)) for code in codes]
    last = found[-1]
    earlier = [item for item in found[:-1] if item["answer_kind"] in ("verdict", "yes_no")]
    if earlier and draw(st.booleans()):
        value = "fail" if earlier[0]["answer_kind"] == "verdict" else "no"
        last["relevant"] = f"${{{earlier[0]['code']}}} = '{value}'"
    return make_draft(code=draw(names), title=draw(labels), kind="key", items=found)


@settings(max_examples=60, deadline=None)
@given(drafts())
def test_any_checklist_goes_to_xlsx_and_back_unchanged_and_pyxform_reads_it(draft):
    raw = exported(draft)
    assert read_xlsform(raw) == draft
    convert(xlsform=io.BytesIO(raw), validate=False, file_type=".xlsx")


@pytest.mark.parametrize("text", ["=1+1", "+86", "#N/A", "1.10", "TRUE", "2026-01-01", "_x0041_"])
def test_a_text_that_looks_like_something_else_stays_a_text(text):
    draft = make_draft(
        code="c", title=text, kind="key",
        items=[{"code": "1.10", "text": text, "answer_kind": "text", "guidance": text}],
    )  # fmt: skip
    assert read_xlsform(exported(draft)) == draft


def test_a_form_as_people_write_it_is_understood():
    draft = read_xlsform(
        workbook(
            Survey=[
                ("Type", "name", "label::中文 (zh)", "hint", "required", "relevant", "photo_when"),
                ("start", "start", None, None, None, None, None),
                ("begin_group", "g1", "安全疏散", None, None, None, None),
                ("select_one verdict", "exits", " 安全出口 ", "看", "TRUE", None, "fail，pass"),
                ("select one floors", 2.0, "层数", None, "no", '${exits} = "fail"', None),
                ("end group", None, None, None, None, None, None),
                (None, None, None, None, None, None, None),
                ("integer", "seats", "座位", None, True, None, None),
            ],
            choices=[("list_name", "name", "label"), ("floors", 1, "一层"), ("floors", 2, "二层")],
            settings=list(SETTINGS),
        )
    )
    first, second, third = draft.items
    assert (first["section"], first["text"], first["required"]) == ("安全疏散", "安全出口", True)
    assert first["requires_photo_when"] == ["fail", "pass"]
    assert (second["code"], second["answer_kind"]) == ("2", "select")
    assert second["options"] == [
        {"value": "1", "label": "一层"}, {"value": "2", "label": "二层"},
    ]  # fmt: skip
    assert second["relevant"] == "${exits} = 'fail'"
    assert (third["section"], third["answer_kind"], third["required"]) == ("", "number", True)


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (("select_multiple x", "a", "甲"), ("survey", 2, "type")),
        (("image", "a", "甲"), ("survey", 2, "type")),
        ((None, "a", "甲"), ("survey", 2, "type")),
        (("select_one nowhere", "a", "甲"), ("survey", 2, "type")),
        (("begin_repeat", "a", "甲"), ("survey", 2, "type")),
        (("begin_group", "a", "甲"), ("survey", 2, "type")),
        (("end_group", None, None), ("survey", 2, "type")),
        (("text", None, "甲"), ("survey", 2, "name")),
        (("text", "消防", "甲"), ("survey", 2, "name")),
        (("text", "a" * 32, "甲"), ("survey", 2, "name")),
        (("text", "a", None), ("survey", 2, "label")),
        (("text", "a", "长" * 1001), ("survey", 2, "label")),
        (("text", "a", "甲", None, "maybe"), ("survey", 2, "required")),
        (("text", "a", "甲", None, None, None, "fail"), ("survey", 2, "photo_when")),
        (("select_one verdict", "a", "甲", None, None, None, "no"), ("survey", 2, "photo_when")),
    ],
)
def test_every_error_names_its_row_and_column(row, place):
    assert place in errors_of(form(row))


def test_all_errors_are_named_at_once_in_the_order_of_the_form():
    raw = form(
        ("text", "a", "甲"), ("image", "b", "乙"), ("text", "A", "丙"), ("text", None, "丁"),
        choices=[("x", None, "子"), ("verdict", "good", "好")],
    )  # fmt: skip
    assert errors_of(raw) == [
        ("choices", 1, "list_name"), ("choices", 2, "name"), ("survey", 3, "type"),
        ("survey", 4, "name"), ("survey", 5, "name"), ("survey", 5, "name"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "relevant", ["${b} = 'fail'", "${a} = 'maybe'", "${a} > 3", "true()", "${a} = 'fail' or true()"]
)
def test_a_condition_must_be_one_that_devices_and_server_both_understand(relevant):
    header = (*SURVEY_HEADER, "relevant")
    raw = form(
        ("select_one verdict", "a", "甲"),
        ("text", "b", "乙", None, None, None, None, relevant),
        header=header,
    )
    assert errors_of(raw) == [("survey", 3, "relevant")]


def test_missing_sheets_and_settings_are_named():
    assert ("survey", 1, "type") in errors_of(workbook(settings=list(SETTINGS)))
    places = errors_of(workbook(survey=[SURVEY_HEADER, ("text", "a", "甲")]))
    assert ("settings", 2, "form_id") in places
    assert ("settings", 2, "form_title") in places


def test_a_checklist_may_be_as_long_as_the_limit_and_no_longer():
    rows = [("text", f"q{n}", "甲") for n in range(MAX_ITEMS)]
    assert len(read_xlsform(form(*rows)).items) == MAX_ITEMS
    assert errors_of(form(*rows, ("text", "one-more", "甲"))) == [("survey", 1, "type")]

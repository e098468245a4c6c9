from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from server.errors import DomainError
from server.services.registers.files import Record
from server.services.registers.layouts import MARKET, TEMPLATE, understand_header
from server.services.registers.rows import MAX_CHARS, Row, RowReader
from server.services.registers.values import _keeps_gb32100
from tests.server.register_samples import MARKET_HEADER, credit_code, firm

TEMPLATE_ENGLISH = list(TEMPLATE.fields.values())
TEMPLATE_CHINESE = list(TEMPLATE.fields)


def read_market(**changes):
    reader = RowReader(understand_header(MARKET_HEADER), default_division="150000")
    return reader.read(Record(7, [firm(1, **changes)[title] for title in MARKET_HEADER]))


def read_template(default_division="150000", **cells):
    """A row of the template by its English names; name and address are filled in."""
    cells = {"name": "第一小吃店", "address": "新城区中山东路1号", **cells}
    header = understand_header(list(cells))
    reader = RowReader(header, default_division=default_division)
    return reader.read(Record(2, list(cells.values())))


def facts(row):
    assert isinstance(row, Row), row
    place = ("division_state", "proposed_division_code", "proposal_reason")
    return {**orjson.loads(row.facts), **{name: getattr(row, name) for name in place}}


def codes(problems):
    assert isinstance(problems, list), problems
    return [(problem.column, problem.code) for problem in problems]


def test_a_firm_of_the_market_register_is_read_whole():
    row = read_market()
    assert facts(row) == {
        "name": "第1商贸有限公司",
        "nature": "firm",
        "kind": "general",
        "small_kind": None,
        "credit_code": credit_code(1),
        "address": "内蒙古自治区呼和浩特市新城区中山东路1号",
        "division_code": "150100",
        "division_state": "proposed",
        "proposed_division_code": "150102",
        "proposal_reason": "地址写明“新城区”",
        "latitude": None,
        "longitude": None,
        "contact_name": None,
        "contact_phone": None,
        "tags": [],
        "details": {
            "registered_on": "2012-11-28",
            "enterprise_type": None,
            "registered_capital": "100(万)",
            "business_scope": "日用百货",
        },
    }


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"企业名称": " "}, "企业名称", "required"),
        ({"统一社会信用代码": "N/A"}, "统一社会信用代码", "required"),
        ({"统一社会信用代码": credit_code(1)[:-1]}, "统一社会信用代码", "credit_code_invalid"),
        ({"统一社会信用代码": "I" + credit_code(1)[1:]}, "统一社会信用代码", "credit_code_invalid"),
        ({"注册日期": "2012-02-30"}, "注册日期", "date_invalid"),
        ({"地区": "大同"}, "地区", "league_unknown"),
        ({"所在省份": "山西"}, "所在省份", "outside_region"),
        ({"企业名称": "=HYPERLINK(1)"}, "企业名称", "formula"),
        ({"注册地址": "新城\udcff"}, "注册地址", "encoding"),
    ],
)
def test_a_good_row_made_bad_is_refused_with_its_reason(changes, column, code):
    problems = read_market(**changes)
    assert codes(problems) == [(column, code)]
    assert problems[0].line == 7
    assert problems[0].reason


def test_every_digit_of_a_credit_code_counts():
    code = credit_code(1)
    for place in range(18):
        other = "1" if code[place] != "1" else "2"
        bad = code[:place] + other + code[place + 1 :]
        assert codes(read_market(统一社会信用代码=bad)) == [
            ("统一社会信用代码", "credit_code_invalid")
        ]


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXYISOVZ", min_size=17, max_size=19), st.booleans())
def test_our_quick_look_at_a_code_says_what_the_library_says(text, mend):
    text = "91150100" + text[8:]
    if mend:
        with suppress(ValueError):
            text = text[:17] + uscc.calc_check_digit(text[:17])
    assert _keeps_gb32100(text) == uscc.is_valid(text)


def test_a_credit_code_is_read_however_it_is_typed():
    typed = f" {credit_code(1)[:8]} {credit_code(1)[8:].lower()} "
    assert facts(read_market(统一社会信用代码=typed))["credit_code"] == credit_code(1)
    wide = credit_code(1).translate({n: n + 0xFEE0 for n in range(48, 91)})
    assert facts(read_market(统一社会信用代码=wide))["credit_code"] == credit_code(1)


def test_all_faults_of_a_row_are_told_at_once():
    problems = read_market(统一社会信用代码="1", 地区="大同", 注册日期="昨天")
    assert {code for _, code in codes(problems)} == {
        "credit_code_invalid", "league_unknown", "date_invalid",
    }  # fmt: skip


@pytest.mark.parametrize(
    "day", ["2012/11/28", "2012年11月28日", "2012.11.28", "2012-11-28 00:00:00"]
)
def test_days_are_read_as_registers_write_them(day):
    assert facts(read_market(注册日期=day))["details"]["registered_on"] == "2012-11-28"


@pytest.mark.parametrize(
    "changes",
    [
        {"企业名称": " 第1商贸有限公司　"},
        {"注册地址": "内蒙古自治区呼和浩特市新城区中山东路１号"},
        {"企业类型": ""},
        {"注册资金": "100（万）"},
    ],
)
def test_a_row_that_differs_in_blanks_or_width_alone_is_the_same(changes):
    assert read_market(**changes).digest == read_market().digest


def test_a_row_that_says_something_else_is_another():
    assert read_market(注册资金="200(万)").digest != read_market().digest


@pytest.mark.parametrize(("excess", "fits"), [(0, True), (1, False)])
def test_a_text_has_a_longest_length(excess, fits):
    row = read_template(name="字" * (MAX_CHARS["name"] + excess))
    assert isinstance(row, Row) if fits else codes(row) == [("name", "too_long")]


def test_the_template_is_read_in_full():
    row = read_template(
        kind="九小场所", small_kind="小餐饮", credit_code=credit_code(9), division_code="150102",
        latitude="40.84", longitude="１１１.75", tags="夜市；临街,临街", contact_name="某某",
        contact_phone="0471-1234567", source_key="A-1",
    )  # fmt: skip
    read = facts(row)
    assert (read["kind"], read["small_kind"]) == ("small", "catering")
    assert (read["latitude"], read["longitude"]) == (40.84, 111.75)
    assert read["tags"] == ["夜市", "临街"]
    assert (read["division_code"], read["division_state"]) == ("150102", "settled")
    assert read["proposed_division_code"] is None
    assert (row.source_key, row.why) == ("A-1", "stated")


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"kind": "特级"}, "kind", "kind_unknown"),
        ({"small_kind": "小宾馆"}, "small_kind", "small_kind_unknown"),
        ({"kind": "重点", "small_kind": "小餐饮"}, "small_kind", "small_kind_misplaced"),
        ({"division_code": "150199"}, "division_code", "division_unknown"),
        ({"latitude": "91", "longitude": "1"}, "latitude", "position_invalid"),
        ({"latitude": "nan", "longitude": "1"}, "latitude", "position_invalid"),
        ({"latitude": "40"}, "longitude", "position_incomplete"),
        ({"latitude": "40", "longitude": ""}, "longitude", "position_incomplete"),
        ({"tags": "长" * 41}, "tags", "tags_too_many"),
        ({"credit_code": "1"}, "credit_code", "credit_code_invalid"),
        ({"name": ""}, "name", "required"),
    ],
)
def test_a_template_row_with_a_fault_is_refused_with_its_reason(cells, column, code):
    assert codes(read_template(**cells)) == [(column, code)]


@pytest.mark.parametrize(("count", "fits"), [(50, True), (51, False)])
def test_an_object_has_so_many_tags(count, fits):
    row = read_template(tags=";".join(str(n) for n in range(count)))
    assert isinstance(row, Row) is fits


def test_a_row_without_a_key_is_known_by_its_code_or_by_name_and_address():
    assert read_template(credit_code=credit_code(3)).source_key == credit_code(3)
    plain = read_template(name="内蒙古（某）小吃店")
    assert plain.source_key == read_template(name="内蒙古(某) 小吃店").source_key
    assert plain.source_key != read_template(name="内蒙古（某）小吃店", address="别处").source_key


def test_a_row_without_a_division_belongs_to_whose_file_it_is():
    assert read_template().division_code == "150000"
    assert facts(read_template())["proposed_division_code"] == "150102"
    settled = read_template(default_division="150103")
    assert (settled.division_code, settled.why) == ("150103", "stated")


@pytest.mark.parametrize("header", [TEMPLATE_CHINESE, TEMPLATE_ENGLISH, ["地 址", "名称 "]])
def test_the_template_is_known_in_either_language(header):
    assert understand_header(header).layout is TEMPLATE


def test_the_market_register_is_known_by_its_header():
    assert understand_header([*MARKET_HEADER, ""]).layout is MARKET


@pytest.mark.parametrize(
    ("header", "fault", "named"),
    [
        (["名称", "地址", "面积"], "unknown", ["面积"]),
        (["名称"], "missing", ["地址"]),
        (["名称", "name", "地址"], "repeated", ["名称"]),
        (MARKET_HEADER[:-1], "missing", ["注册地址"]),
        ([*MARKET_HEADER, "法定代表人"], "unknown", ["法定代表人"]),
    ],
)
def test_a_header_with_a_fault_is_refused_and_named(header, fault, named):
    with pytest.raises(DomainError) as caught:
        understand_header(header)
    assert caught.value.code == "register_header"
    assert caught.value.details[fault] == named
    assert named[0] in caught.value.message


def test_a_row_of_another_width_than_the_header_is_refused():
    reader = RowReader(understand_header(["名称", "地址"]), default_division="150000")
    assert codes(reader.read(Record(3, ["a", "b", "c"]))) == [("", "columns")]
    assert codes(reader.read(Record(4, None, "fault"))) == [("", "malformed")]


@given(st.lists(st.text(max_size=60), min_size=9, max_size=9))
def test_any_cells_give_a_row_or_reasons(cells):
    reader = RowReader(understand_header(MARKET_HEADER), default_division="150000")
    read = reader.read(Record(2, cells))
    assert isinstance(read, Row) or all(problem.reason for problem in read)


@given(
    st.lists(st.text(max_size=60), min_size=len(TEMPLATE_ENGLISH), max_size=len(TEMPLATE_ENGLISH))
)
def test_any_cells_of_the_template_give_a_row_or_reasons(cells):
    reader = RowReader(understand_header(TEMPLATE_ENGLISH), default_division="150000")
    read = reader.read(Record(2, cells))
    assert isinstance(read, Row) or all(problem.reason for problem in read)

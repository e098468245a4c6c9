"""Masking: what names or reaches a person is gone, what concerns the unit stays."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from server.services.publishing.masking import IDENTITY, MAIL, NAME, PHONE, PLATE, mask

CHINESE = st.text("消防安全检查灭火器空瓶，。；：（）、一二三经理在场", max_size=20)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("身份证150102199001011234号", f"身份证{IDENTITY}号"),
        ("证件15010219900101123X。", f"证件{IDENTITY}。"),
        ("证件15010219900101123x", f"证件{IDENTITY}"),
        ("证件150102 19900101 1234", f"证件{IDENTITY}"),
        ("１５０１０２１９９００１０１１２３４", IDENTITY),
        ("外国人永居911156199001011234", f"外国人永居{IDENTITY}"),
        ("电话13800138000，无人接听", f"电话{PHONE}，无人接听"),
        ("电话１３８００１３８０００", f"电话{PHONE}"),
        ("手机138-0013-8000", f"手机{PHONE}"),
        ("手机138 0013 8000", f"手机{PHONE}"),
        ("手机+86 13800138000", f"手机{PHONE}"),
        ("手机8613800138000", f"手机{PHONE}"),
        ("手机138\u200b0013\u200b8000", f"手机{PHONE}"),
        ("座机0471-1234567转3", f"座机{PHONE}转3"),
        ("座机（0471）1234567", f"座机{PHONE}"),
        ("座机01012345678", f"座机{PHONE}"),
        ("值班电话：6901234", f"值班电话{PHONE}"),
        ("车牌蒙A12345占用消防车通道", f"车牌{PLATE}占用消防车通道"),
        ("蒙A·D12345", PLATE),
        ("蒙A 1234学车", f"{PLATE}车"),
        ("京ａ１２３４５", PLATE),
        ("邮箱zhang.san+a@qq.com.", f"邮箱{MAIL}."),
        ("邮箱zhang＠qq．com", f"邮箱{MAIL}"),
    ],
)
def test_what_reaches_a_person_is_hidden(text, shown):
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "灭火器2具，压力1.2MPa，距地1.50m",
        "建筑面积12345㎡，高度23.9ｍ",
        "统一社会信用代码91150100114123456X",
        "代码91350100M000100Y43",
        "检查日期2026-11-23，限7日内改正",
        "《消防法》第60条第1款第（三）项",
        "A座12345室，京东仓库",
        "任务编号150102-2026-00001",
        "① 二层③号门",
    ],
)
def test_what_concerns_the_unit_stays_as_it_was_typed(text):
    if text.startswith("统一社会信用代码"):
        body = "91150100114123456"
        text = f"统一社会信用代码{body}{uscc.calc_check_digit(body)}"
    assert mask(text) == text


def test_eighteen_digits_that_hold_a_birthday_are_hidden_even_if_they_are_a_valid_credit_code():
    bodies = [f"91150219900101{serial:03d}" for serial in range(1000)]
    codes = [body + uscc.calc_check_digit(body) for body in bodies]
    personal = [code for code in codes if code[-1] in "0123456789X"]
    assert len(personal) > 100
    assert {mask(f"代码{code}") for code in personal} == {f"代码{IDENTITY}"}


def test_known_names_are_hidden_wherever_they_stand():
    text = "店长张三丰与李四在场，张三丰拒绝签字"
    assert mask(text, names=["张三丰", "李四"]) == f"店长{NAME}与{NAME}在场，{NAME}拒绝签字"


def test_of_names_that_overlap_nothing_is_left():
    assert mask("欧阳张三丰在场", names=["张三丰", "欧阳张三"]) == f"{NAME}在场"


def test_a_name_of_one_sign_is_a_word_more_often_than_a_name():
    assert mask("灯具损坏", names=["灯", "", " "]) == "灯具损坏"


def test_a_name_is_no_pattern():
    assert mask("甲.乙", names=[".*"]) == "甲.乙"


@given(CHINESE, CHINESE, st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.booleans())
def test_no_mobile_survives_in_any_text_of_any_width(before, after, mobile, wide):
    typed = mobile.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"}) if wide else mobile
    shown = unicodedata.normalize("NFKC", mask(before + typed + after))
    assert mobile not in shown
    assert not any(sign.isdigit() for sign in shown)


@given(
    CHINESE,
    CHINESE,
    st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}[0-9X]",
                  fullmatch=True),
)  # fmt: skip
def test_no_identity_number_survives_whatever_its_check_digit(before, after, number):
    assert number[:17] not in mask(before + number + after)


@given(st.text(max_size=200))
def test_masking_twice_is_masking_once(text):
    once = mask(text, names=["张三"])
    assert mask(once, names=["张三"]) == once


@given(st.text("灭火器空瓶，。；（）ABCxyz 店", max_size=100))
def test_a_text_without_digits_or_signs_of_mail_is_untouched(text):
    assert mask(text) == text

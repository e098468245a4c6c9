"""When two objects are taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.services.registers.alike import blocks_of, known, likeness
from tests.server.register_samples import credit_code


def one(name="内蒙古某某商贸有限公司", address="呼和浩特市新城区中山东路1号", code=None, id_="a"):
    return known(id_=id_, division_code="150100", credit_code=code, name=name, address=address)


def alike(first, second):
    """The likeness, if the two would meet in a block at all."""
    if not set(blocks_of(first)) & set(blocks_of(second)):
        return None
    return likeness(first, second)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("某某商贸有限公司", "新城区中山东路1号"),
        ("内蒙古 某某商贸有限责任公司", "内蒙古自治区呼和浩特市新城区中山东路1号"),
        ("某某商贸", "呼和浩特市新城区中山东路１号"),
        ("内蒙古某某商贸公司", "新城区中山东路(1号)"),
    ],
)
def test_the_same_firm_written_otherwise_is_found(name, address):
    found = alike(one(), one(name, address))
    assert found.score >= 95
    assert "same_name" in found.reasons


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("某某商贸有限公司", "某某商贸有限公司新城分公司"),
        ("某某商贸有限公司", "某某商贸有限公司第一门市部"),
        ("新城区第一小学", "新城区第二小学"),
        ("新城区第12小学", "新城区第13小学"),
        ("某某高速公路服务区加油站北站", "某某高速公路服务区加油站南站"),
        ("某某商贸有限公司新城分公司", "某某商贸有限公司新城营业部"),
    ],
)
def test_branches_and_numbered_ones_are_no_duplicates(first, second):
    assert alike(one(first), one(second)) is None


def test_another_house_is_another_object():
    assert alike(one(), one(address="呼和浩特市新城区中山东路2号")) is None


def test_without_an_address_only_the_very_same_name_counts_and_for_less():
    assert alike(one(), one(address="")).score < 90
    assert alike(one(name="某某商贸公司"), one(name="某某商贺公司", address="")) is None


def test_one_legal_person_under_two_codes_is_found_wherever_it_is():
    moved = "92150200" + credit_code(1)[8:17]
    found = alike(one(code=credit_code(1)), one(code=moved + "X", address="包头市青山区9号"))
    assert found.score == 100
    assert found.reasons[0] == "same_legal_person"


def test_two_codes_of_two_persons_weigh_against():
    found = alike(one(code=credit_code(1)), one(code=credit_code(2)))
    assert found.score < 90
    assert found.reasons[-1] == "codes_differ"


@given(st.text(), st.text(), st.text(), st.text())
def test_likeness_has_no_direction(name, address, other_name, other_address):
    first, second = one(name, address), one(other_name, other_address)
    assert likeness(first, second) == likeness(second, first)

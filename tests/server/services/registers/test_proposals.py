import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.services.registers.divisions import all_divisions
from server.services.registers.proposals import MAX_REASON, WHY, propose_banner

HOHHOT, BAOTOU, TONGLIAO, HINGGAN = "150100", "150200", "150500", "152200"


@pytest.mark.parametrize(
    ("within", "address", "code", "why"),
    [
        (HOHHOT, "内蒙古自治区呼和浩特市新城区中山东路1号", "150102", "named_first"),
        (HOHHOT, "新城区中山东路1号", "150102", "named_first"),
        (HOHHOT, "内蒙古自治区内蒙古呼和浩特市 托克托县 旧城", "150122", "named_first"),
        (HOHHOT, "呼市赛罕区大学东路", "150105", "named_first"),
        ("150600", "鄂尔多斯市鄂托克前旗敖镇", "150623", "named_first"),
        ("152500", "锡林郭勒盟锡林浩特市额办", "152502", "named_first"),
        ("152900", "阿拉善盟阿拉善左旗巴彦浩特镇", "152921", "named_first"),
        (BAOTOU, "包头市昆区钢铁大街", "150203", "short_name"),
        ("150600", "康巴什新区荣乌高速公路", "150603", "short_name"),
        ("150900", "集宁新区西路37号", "150902", "short_name"),
        (BAOTOU, "包头市包兰铁路南九原区段", "150207", "mentioned"),
    ],
)
def test_a_banner_that_the_address_names_is_proposed(within, address, code, why):
    proposal = propose_banner(address, within)
    assert (proposal.code, proposal.why) == (code, why)


@pytest.mark.parametrize(
    ("within", "address", "why"),
    [
        (HOHHOT, "", "no_address"),
        (HOHHOT, " 　", "no_address"),
        (HOHHOT, "呼和浩特市海拉尔东街12号", "none_named"),
        ("150700", "呼伦贝尔市海拉尔东街12号", "none_named"),  # a street named after a town
        ("150700", "呼伦贝尔市满洲里路3号", "none_named"),
        ("150400", "赤峰市新城区玉龙大街", "none_named"),  # not Hohhot's 新城区
        (BAOTOU, "包头市稀土高新区友谊大街", "development_zone"),
        (HOHHOT, "呼和浩特市如意开发区", "development_zone"),
        ("150300", "内蒙古自治区阿拉善盟乌素图镇", "other_league"),
        (HOHHOT, "东二环回民区与玉泉区交界", "several_named"),
    ],
)
def test_nothing_is_proposed_where_the_address_does_not_say(within, address, why):
    proposal = propose_banner(address, within)
    assert (proposal.code, proposal.why) == (None, why)
    assert proposal.reason


def test_the_same_short_name_stands_for_another_banner_in_another_league():
    assert propose_banner("扎旗鲁北镇", TONGLIAO).code == "150526"
    assert propose_banner("扎旗音德尔镇", HINGGAN).code == "152223"
    assert propose_banner("扎旗", "150000").code is None


def test_without_a_stated_league_the_address_names_it():
    assert propose_banner("内蒙古通辽市扎旗鲁北镇", "150000").code == "150526"
    assert propose_banner("内蒙古赤峰市新城区玉龙大街", "150000").code is None
    assert propose_banner("开鲁县北兴镇", "150000").code == "150523"


def test_a_development_zone_beside_the_banner_is_pointed_out():
    proposal = propose_banner("包头市昆区稀土高新区曙光路", BAOTOU)
    assert proposal.code == "150203"
    assert "稀土高新区" in proposal.reason
    assert "请核对" in proposal.reason


@given(st.text(max_size=2000), st.sampled_from(["150000", HOHHOT, BAOTOU, "152500"]))
def test_any_text_gets_a_proposal_within_its_league_or_a_reason(address, within):
    proposal = propose_banner(address, within)
    assert proposal.why in WHY
    assert 0 < len(proposal.reason) <= MAX_REASON
    if proposal.code:
        assert all_divisions()[proposal.code].level == "banner"


@given(st.sampled_from([d for d in all_divisions().values() if d.level == "banner"]))
def test_every_banner_is_proposed_by_its_full_name(banner):
    league = all_divisions()[banner.parent_code]
    address = f"内蒙古自治区{league.name}{banner.name}人民路1号"
    assert propose_banner(address, league.code).code == banner.code
    assert propose_banner(address, "150000").code == banner.code

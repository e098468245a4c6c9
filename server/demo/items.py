"""The demo corps' item list (随机抽查事项清单), worded for the demo after the law it names."""

from collections.abc import Sequence
from typing import Any

_LAW = "《中华人民共和国消防法》第五十三条"
_RULES = "《消防监督检查规定》"
_BODY = "旗县级以上消防救援机构"
_METHOD = "“双随机”抽取后实地检查，查阅档案，抽查测试设施"


def _item(code: str, kinds: Sequence[str], *columns: str) -> dict[str, Any]:
    matter, article, content, scope, ratio, frequency = columns
    return {
        "code": code, "matter": matter, "legal_basis": f"{_LAW}；{_RULES}{article}",
        "content": content, "performed_by": _BODY, "object_scope": scope, "method": _METHOD,
        "ratio": ratio, "frequency": frequency, "object_kinds": list(kinds), "specialty": None,
    }  # fmt: skip


ITEMS = [
    _item(
        "1", ("key", "general", "other"), "单位履行消防安全职责情况", "第十条",
        "消防许可与使用性质；制度、操作规程和预案；防火检查、演练与培训；值班人员持证上岗",
        "全部单位", "重点单位每月不高于应抽数的 10%，一般单位每月 1% 左右",
        "同一对象一年不超过两次，间隔不少于六个月",
    ),
    _item(
        "2", ("key", "general", "other"), "建筑消防设施与疏散条件", "第十条",
        "消防设施、器材与标志完好有效；疏散通道、安全出口、消防车通道畅通；电气线路与燃气管路",
        "全部单位", "与第 1 项同时抽取", "与第 1 项相同",
    ),
    _item(
        "3", ("key",), "消防安全重点单位管理", "第十一条",
        "确定消防安全管理人；每日防火巡查并有记录；定期培训与演练；消防档案；微型消防站",
        "消防安全重点单位", "人员密集的重点单位每年至少一次", "每年一至两次",
    ),
    _item(
        "4", ("small",), "“九小场所”消防安全", "第十条",
        "安全出口与疏散通道；灭火器材；用火用电；住宿与经营分隔；从业人员会报警、会灭火、会疏散",
        "九小场所", "每月 1% 左右", "同一对象一年不超过两次",
    ),
]  # fmt: skip

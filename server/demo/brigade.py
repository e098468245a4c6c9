"""示范大队: an invented brigade, with invented people and places, for a first look at Suijian.

Nothing here is taken from a real register, and the divisions 1599xx exist nowhere. The corps alone
stands for the whole region (150000), so that a real register can be imported beside the demo.
"""

from typing import Any, NamedTuple

CORPS = "demo-corps"
DETACHMENT = "demo-detachment"
BRIGADE = "demo-brigade"
PRACTICE = "demo-practice"
DIVISION = "159921"

#: from the top of the tree down
ORGANISATIONS: list[dict[str, Any]] = [
    {"id": CORPS, "name": "示范总队", "kind": "corps", "division_code": "150000",
     "parent_id": None},
    {"id": DETACHMENT, "name": "示范支队", "kind": "detachment", "division_code": "159900",
     "parent_id": CORPS},
    {"id": BRIGADE, "name": "示范旗大队", "kind": "brigade", "division_code": DIVISION,
     "parent_id": DETACHMENT},
]  # fmt: skip


#: for practice (演练), below the detachment
PRACTICE_BRIGADE: dict[str, Any] = {
    "id": PRACTICE, "name": "示范演练大队", "kind": "brigade", "division_code": DIVISION,
    "parent_id": DETACHMENT, "practice": True,
}  # fmt: skip


class DemoAccount(NamedTuple):
    """Someone who can log in."""

    username: str
    role: str
    name: str
    organisation_id: str
    officer_id: str | None = None


ACCOUNTS = (
    DemoAccount("jia", "officer", "演示甲", BRIGADE, "demo-officer-jia"),
    DemoAccount("yi", "officer", "演示乙", BRIGADE, "demo-officer-yi"),
    DemoAccount("bing", "officer", "演示丙", BRIGADE, "demo-officer-bing"),
    DemoAccount("zhuguan", "supervisor", "演示主管", BRIGADE),
    DemoAccount("lianxi", "supervisor", "演练主管", PRACTICE),
    DemoAccount("guanli", "admin", "演示管理员", CORPS),
    DemoAccount("shenji", "auditor", "演示审计员", DETACHMENT),
)

OFFICERS: list[dict[str, Any]] = [
    {"id": "demo-officer-jia", "name": "演示甲", "certificate_number": "演示-0001",
     "lead_qualified": True, "specialties": ["建筑防火"]},
    {"id": "demo-officer-yi", "name": "演示乙", "certificate_number": "演示-0002",
     "lead_qualified": True, "specialties": ["电气"]},
    {"id": "demo-officer-bing", "name": "演示丙", "certificate_number": "演示-0003",
     "lead_qualified": False, "specialties": []},
]  # fmt: skip

OBJECTS: list[dict[str, Any]] = [
    {"id": "demo-object-1", "name": "示范旗青穗购物中心", "kind": "key",
     "address": "示范旗青穗大街1号", "tags": ["人员密集"],
     "contact_name": "演示联系人一", "contact_phone": "0000-0000001"},
    {"id": "demo-object-2", "name": "示范旗第一示范中学", "kind": "key",
     "address": "示范旗学府路2号", "tags": ["人员密集", "学校"]},
    {"id": "demo-object-3", "name": "示范旗云杉物流仓库", "kind": "general",
     "address": "示范旗环城北路18号", "tags": ["仓储"]},
    {"id": "demo-object-4", "name": "示范旗小满奶茶铺", "kind": "small", "small_kind": "catering",
     "address": "示范旗青穗大街27号"},
    {"id": "demo-object-5", "name": "示范旗灯塔旅馆", "kind": "small", "small_kind": "hotel",
     "address": "示范旗站前路5号", "tags": ["夜间营业"]},
    {"id": "demo-object-6", "name": "示范旗萤火网吧", "kind": "small",
     "small_kind": "internet_cafe", "address": "示范旗站前路11号"},
]  # fmt: skip


class DemoTask(NamedTuple):
    """A task made by hand, for an origin that the draw exempts (N4)."""

    object_id: str
    checklist_code: str
    origin: str
    source_document: str
    lead: str
    assistant: str
    due_in_days: int


TASKS = (
    DemoTask("demo-object-5", "small-places", "complaint", "演示投诉单〔2026〕1号",
             "demo-officer-jia", "demo-officer-yi", 7),
    DemoTask("demo-object-1", "key-units", "transferred", "演示转办函〔2026〕2号",
             "demo-officer-jia", "demo-officer-bing", 14),
    DemoTask("demo-object-4", "small-places", "complaint", "演示投诉单〔2026〕3号",
             "demo-officer-yi", "demo-officer-bing", 10),
)  # fmt: skip

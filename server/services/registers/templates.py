"""Templates (模板) of register files: what may stand in each column, with an example."""

from typing import BinaryIO

from server.services.registers.layouts import OFFICERS, TEMPLATE
from server.services.registers.values import EXAMPLE_MARK, KINDS, NATURES, SMALL_KINDS, STATES
from server.sheets import Column, write_template

YES, NO = "是", "否"
OBJECT_COLUMNS = (
    Column(
        "名称", "单位全称，与营业执照或批文一致", f"{EXAMPLE_MARK}新城区某某小吃店", required=True
    ),
    Column(
        "地址", "实际地址，写明旗县区、街道、门牌", "呼和浩特市新城区中山东路1号", required=True
    ),
    Column("统一社会信用代码", "18 位；机关、团体等没有的可以不填", ""),
    Column("单位性质", "机关、团体、企业、事业或其他", "企业", choices=tuple(NATURES.values())),
    Column("类别", "不填即为一般单位", "九小", choices=tuple(KINDS.values())),
    Column("九小类别", "只有九小场所填写", "小餐饮", choices=tuple(SMALL_KINDS.values())),
    Column("区划代码", "旗县区 6 位代码；不填则按地址提出建议，待人核定", "150102"),
    Column("纬度", "十进制度数，与经度同时填写", "40.84"),
    Column("经度", "十进制度数", "111.75"),
    Column("标签", "多个用“；”分开，最多 50 个", "夜市；临街"),
    Column("联系人", "", "某某"),
    Column("联系电话", "", "0471-1234567"),
    Column("来源编号", "来源名单中的编号；再次导入时据此认出同一对象", "K-0001"),
    Column("编号", "本系统的对象编号；填写即表示更正该对象，新对象不填", ""),
    Column(
        "状态", "只在更正时填写；合并须在疑似重复清单中办理", "", choices=tuple(STATES.values())
    ),
    Column("状态说明", "关闭、查无、迁出须写明原因", ""),
)
OFFICER_COLUMNS = (
    Column("姓名", "", f"{EXAMPLE_MARK}某某", required=True),
    Column("机构", "机构全称、机构编号，或大队的区划代码", "150102", required=True),
    Column("岗位", "如专职消防监督员", "专职消防监督员", required=True),
    Column("职务", "", "一级指挥员"),
    Column("业务专长", "多个用“；”分开", "建筑防火；消防设施"),
    Column("证件号", "执法证件号；没有证件不能被抽取", "蒙A-000001"),
    Column("证件有效期", "如 2030-12-31；过期不能被抽取", "2030-12-31"),
    Column("可任主办", "不填即为否", YES, choices=(YES, NO)),
    Column("在岗", "不填即为是", YES, choices=(YES, NO)),
    Column("编号", "本系统的人员编号；填写即表示更正该人员，新人员不填", ""),
)
TEMPLATES = {
    "objects": ("检查对象", OBJECT_COLUMNS, TEMPLATE),
    "officers": ("执法检查人员", OFFICER_COLUMNS, OFFICERS),
}


def write_register_template(register: str, form: str, file: BinaryIO) -> None:
    """The template of `objects` or `officers` as `csv` or `xlsx`."""
    title, columns, _ = TEMPLATES[register]
    write_template(form, file, title=title, columns=columns)

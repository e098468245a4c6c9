"""The layouts of register files that are known: the market register's, and a template of our own.

A header is told by its names, in Chinese or English; an unknown or missing one is refused, so that
no column is ever dropped in silence.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from server.errors import DomainError


class Layout(NamedTuple):
    """A kind of register file: its columns' names → our fields, and which must be there."""

    name: str
    source: str  # provenance, where the operator names none
    fields: Mapping[str, str]
    required: tuple[str, ...]


MARKET = Layout(
    "market",
    "市场主体登记",
    {
        "企业名称": "name",
        "统一社会信用代码": "credit_code",
        "注册日期": "registered_on",
        "企业类型": "enterprise_type",
        "注册资金": "registered_capital",
        "经营范围": "business_scope",
        "所在省份": "province",
        "地区": "league",
        "注册地址": "address",
    },
    ("name", "credit_code", "league", "address"),
)
TEMPLATE = Layout(
    "template",
    "自建名录",
    {
        "名称": "name",
        "统一社会信用代码": "credit_code",
        "类别": "kind",
        "九小类别": "small_kind",
        "地址": "address",
        "区划代码": "division_code",
        "纬度": "latitude",
        "经度": "longitude",
        "标签": "tags",
        "联系人": "contact_name",
        "联系电话": "contact_phone",
        "来源编号": "source_key",
        "单位性质": "nature",
        "编号": "object_id",
        "状态": "state",
        "状态说明": "state_reason",
    },
    ("name", "address"),
)
OFFICERS = Layout(
    "officers",
    "执法检查人员名录",
    {
        "编号": "officer_id",
        "姓名": "name",
        "机构": "organisation",
        "岗位": "post",
        "职务": "rank",
        "业务专长": "specialties",
        "证件号": "certificate_number",
        "证件有效期": "certificate_expires_on",
        "可任主办": "lead_qualified",
        "在岗": "active",
    },
    ("name", "organisation", "post"),
)
LAYOUTS = {layout.name: layout for layout in (MARKET, TEMPLATE)}


class Columns(NamedTuple):
    """A file's header, understood: the layout, and for each cell its field (None: no header)."""

    layout: Layout
    fields: list[str | None]
    titles: dict[str, str]  # field → the header as the file writes it


def understand_header(header: Sequence[str], layout: Layout | None = None) -> Columns:
    """What a header row means, in a layout or else in the one of objects that it fits. Raises
    `register_header` naming unknown, missing and repeated columns, and those that are known."""
    titles = [_plain(title) for title in header]
    layout = layout or (MARKET if "企业名称" in titles else TEMPLATE)
    fields_by_title = {**layout.fields, **_english(layout)}
    fields = [fields_by_title.get(title) for title in titles]
    named = [field for field in fields if field]
    faults = {
        "unknown": [
            title for title, field in zip(titles, fields, strict=True) if title and not field
        ],
        "missing": [_title(layout, field) for field in layout.required if field not in named],
        "repeated": sorted({_title(layout, field) for field in named if named.count(field) > 1}),
    }
    if any(faults.values()):
        details = {**faults, "known": list(layout.fields)}
        raise DomainError("register_header", message=_explain(faults), details=details)
    found = zip(fields, header, strict=True)
    return Columns(layout, fields, {field: title.strip() for field, title in found if field})


def _explain(faults: Mapping[str, list[str]]) -> str:
    words = {"unknown": "不认识的列", "missing": "缺少的列", "repeated": "重复的列"}
    listed = [f"{words[fault]}：{'、'.join(titles)}" for fault, titles in faults.items() if titles]
    return f"表头与模板不符（{'；'.join(listed)}），请修改后再导入。"


def _english(layout: Layout) -> dict[str, str]:
    return {field: field for field in layout.fields.values()} if layout is not MARKET else {}


def _title(layout: Layout, field: str) -> str:
    return next(title for title, known in layout.fields.items() if known == field)


def _plain(title: str) -> str:
    return "".join(unicodedata.normalize("NFKC", title).split()).lower()

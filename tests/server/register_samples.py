"""Register files made from invented firms with valid codes, in every form that is read."""

import csv
import io
import lzma
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from stdnum.cn import uscc

from server.services.registers.layouts import MARKET

MARKET_HEADER = list(MARKET.fields)
TEMPLATE_HEADER = ["名称", "地址"]


def credit_code(number: int) -> str:
    """A valid code for the n-th invented firm."""
    body = f"91150100MA{number:07d}"
    return body + uscc.calc_check_digit(body)


def firm(number: int = 1, **changes: str) -> dict[str, str]:
    """A good row of the market register; changes make it bad."""
    return {
        "企业名称": f"第{number}商贸有限公司",
        "统一社会信用代码": credit_code(number),
        "注册日期": "2012-11-28",
        "企业类型": "N/A",
        "注册资金": "100(万)",
        "经营范围": "日用百货",
        "所在省份": "内蒙古",
        "地区": "呼和浩特",
        "注册地址": f"内蒙古自治区呼和浩特市新城区中山东路{number}号",
        **changes,
    }


def cells(rows: Sequence[Mapping[str, str]], header: Sequence[str] = ()) -> list[list[str]]:
    """Header and rows as cells."""
    header = list(header) or list(rows[0])
    return [header, *([row.get(title, "") for title in header] for row in rows)]


def as_csv(rows: Sequence[Sequence[Any]], encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xz(rows: Sequence[Sequence[Any]]) -> bytes:
    return lzma.compress(as_csv(rows))


def as_xlsx(rows: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def firms(*numbers: int) -> bytes:
    """A CSV of good rows."""
    return as_csv(cells([firm(number) for number in numbers], MARKET_HEADER))

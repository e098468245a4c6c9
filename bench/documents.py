"""The documents of the benchmarks: findings of 14 fields, Chinese, 583 bytes on average."""

import random
from collections.abc import Iterator
from typing import Any

import orjson

from sync.entities import ACTIONS, SEVERITIES

SEED = 20261123
MEAN_BYTES = 583
SPREAD_BYTES = 60

PLACES = (
    "一层东侧疏散通道",
    "地下车库B区",
    "三层商铺后厨",
    "屋顶水箱间",
    "消防控制室",
    "二号楼梯间",
)
TITLES = ("疏散通道堆放杂物", "灭火器压力不足", "应急照明损坏", "常闭防火门未关闭", "消火栓被遮挡")
BASES = ("《中华人民共和国消防法》第二十八条", "《消防监督检查规定》第十条第二款")
PHRASES = (
    "现场通道被纸箱占用，",
    "宽度不足一米四，",
    "已要求当场清理，",
    "值班人员不能说明设备操作步骤，",
    "压力表指针在红区，",
    "闭门器损坏，门扇不能自行关闭，",
    "单位负责人在场并签字确认，",
    "照片已拍，",
)


def findings(seed: int, task_id: str) -> Iterator[dict[str, Any]]:
    """The same endless row of documents for the same seed."""
    dice = random.Random(f"{SEED}/{seed}")
    while True:
        yield _finding(dice, task_id)


def size_bytes(document: dict[str, Any]) -> int:
    """A document's size on the wire."""
    return len(orjson.dumps(document))


def _finding(dice: random.Random, task_id: str) -> dict[str, Any]:
    day, hour = dice.randint(1, 28), dice.randint(0, 9)
    document = {
        "task_id": task_id,
        "kind": "hazard",
        "item_code": f"1.{dice.randint(1, 3)}",
        "title": dice.choice(TITLES),
        "description": "",
        "location": dice.choice(PLACES),
        "quantity": dice.randint(1, 40),
        "severity": dice.choice(SEVERITIES),
        "action": dice.choice(ACTIONS),
        "term_until": f"2026-12-{day:02}",
        "legal_basis": dice.choice(BASES),
        "found_at": f"2026-11-{day:02}T0{hour}:15:00.000Z",
        "status": "open",
        "notes": dice.choice(PHRASES),
    }
    wanted = round(dice.gauss(MEAN_BYTES, SPREAD_BYTES))
    room = wanted - size_bytes(document)
    text = "".join(dice.choices(PHRASES, k=max(room, 0) // 20))
    return {**document, "description": _cut(text, room)}


def _cut(text: str, room_bytes: int) -> str:
    """As much of a text as fits, filled up with dots to the byte."""
    fitting = text.encode()[: max(room_bytes, 0)].decode(errors="ignore")
    return fitting + "." * (max(room_bytes, 0) - len(fitting.encode()))

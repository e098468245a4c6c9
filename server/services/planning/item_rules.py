"""What an item list (随机抽查事项清单) may say. Pure: plain dicts as on the wire go in.

An item has the eight columns of the notice (part 二(二), N9): matter 事项, legal_basis 依据,
content 内容, performed_by 主体, object_scope 对象, method 方式, ratio 比例, frequency 频次. Beside
them stand its code, and what the draw goes by: the kinds of object that it is for, and the
specialty that one of the officers must have, if any.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

Item = Mapping[str, Any]

COLUMNS = (
    "matter",
    "legal_basis",
    "content",
    "performed_by",
    "object_scope",
    "method",
    "ratio",
    "frequency",
)


def faults_of(items: Sequence[Item], *, base: Sequence[Item]) -> list[dict[str, Any]]:
    """What is wrong with a list, item by item; empty when nothing is.

    A supplement (`base` is what it stands on) adds items or words the base's anew for its own part
    of the region. It takes nothing away: an item worded anew is for every kind of object that the
    base names (N10).
    """
    faults: list[dict[str, Any]] = []
    kinds_of_base = {item["code"]: set(item["object_kinds"]) for item in base}
    seen: set[str] = set()
    for place, item in enumerate(items):
        code = item["code"]
        if code in seen:
            faults.append({"item": place, "code": code, "fault": "repeated"})
        seen.add(code)
        faults += [
            {"item": place, "code": code, "field": column, "fault": "missing"}
            for column in COLUMNS
            if not item[column].strip()
        ]
        dropped = kinds_of_base.get(code, set()) - set(item["object_kinds"])
        if dropped:
            faults.append(
                {"item": place, "code": code, "fault": "removes", "object_kinds": sorted(dropped)}
            )
    return faults


def in_effect(base: Sequence[Item], supplement: Sequence[Item]) -> list[dict[str, Any]]:
    """What holds where both apply: the base in its order, worded anew where the supplement does,
    then what it adds. Each item says whose it is: `base`, `refined` or `added`."""
    own = {item["code"]: item for item in supplement}
    codes = {item["code"] for item in base}
    return [
        {**own[item["code"]], "standing": "refined"}
        if item["code"] in own
        else {**item, "standing": "base"}
        for item in base
    ] + [{**item, "standing": "added"} for item in supplement if item["code"] not in codes]


def differences(before: Sequence[Item], after: Sequence[Item]) -> dict[str, list[str]]:
    """The codes that a version added, changed and removed, in the order of the lists."""
    old = {item["code"]: item for item in before}
    new = {item["code"]: item for item in after}
    return {
        "added": [code for code in new if code not in old],
        "changed": [code for code in new if code in old and dict(new[code]) != dict(old[code])],
        "removed": [code for code in old if code not in new],
    }


def digest_of(items: Sequence[Item]) -> str:
    """SHA-256 of the items' JSON with sorted keys, in hexadecimal."""
    return hashlib.sha256(orjson.dumps(list(items), option=orjson.OPT_SORT_KEYS)).hexdigest()

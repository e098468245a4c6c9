"""What the verifier says, for people (Chinese first) and for programs."""

import json
from typing import Any

from draw.faults import MAX_FAULTS, Fault, shown
from draw.verify import Report

_COUNTS = {
    "pool": "抽取池 pool",
    "eligible": "可抽对象 eligible",
    "officers": "人员 officers",
    "objects": "抽中 drawn",
    "reserve": "候补 substitutes",
    "assignments": "派员 assignments",
    "events": "后续事件 late events",
}


def as_json(report: Report, file: str) -> str:
    """One JSON object: `holds`, `file`, `slot`, `commitment`, `seed`, `counts`, `faults`."""
    whole = {
        "holds": report.holds,
        "file": file,
        "slot": report.slot,
        "commitment": report.commitment,
        "seed": report.seed,
        "counts": report.counts,
        "faults": [_fault(fault) for fault in report.faults],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "code": fault.code,
        "path": fault.path,
        "expected": None if fault.expected is None else shown(fault.expected),
        "found": None if fault.found is None else shown(fault.found),
        "zh": fault.chinese,
        "en": fault.english,
    }


def as_text(report: Report, file: str) -> str:
    """Lines for a person."""
    lines = _held(report, file) if report.holds else _refused(report, file)
    return "\n".join([*lines, ""])


def _held(report: Report, file: str) -> list[str]:
    counts = [f"  {name}: {report.counts[key]:,}" for key, name in _COUNTS.items()]
    return [
        f"成立：{file} 的每一项都与重新计算的结果相同。It holds: every field was recomputed.",
        f"  期次 slot: {report.slot}",
        *counts,
        f"  种子 seed: {report.seed}",
        f"  承诺 commitment: {report.commitment}",
        "请将承诺与纸质记录或账本核对。Compare the commitment with the paper or the ledger.",
    ]


def _refused(report: Report, file: str) -> list[str]:
    lines = [f"不成立：{file} 被拒绝。It is refused."]
    for fault in report.faults:
        lines += [f"  [{fault.code}] {fault.path or '/'}", f"    {fault.chinese}{fault.english}"]
        if fault.expected is not None:
            lines.append(f"    应为 expected: {shown(fault.expected)}")
        if fault.found is not None:
            lines.append(f"    实为 found: {shown(fault.found)}")
    if len(report.faults) >= MAX_FAULTS:
        lines.append(f"  只列出前 {MAX_FAULTS} 处。Only the first {MAX_FAULTS} are listed.")
    return lines

"""抽查结果: the eight kinds of result on the national disclosure system, and which one a check has.

Source: 国家企业信用信息公示系统, as listed in requirements.md. Four of them follow from what the
officers wrote; the other four say something about the unit that no field of the record says, so a
supervisor chooses them by hand.
"""

from collections.abc import Sequence
from typing import Final

RESULTS: Final[dict[str, str]] = {
    "no_problem": "未发现问题",
    "not_disclosed": "未按规定公示应当公示的信息",
    "false_disclosure": "公示信息隐瞒真实情况、弄虚作假",
    "not_at_address": "通过登记的住所（经营场所）无法联系",
    "ordered_to_correct": "发现问题已责令改正",
    "uncooperative": "不配合检查情节严重",
    "no_such_business": "未发现开展本次抽查涉及的经营活动",
    "pending": "发现问题待后续处理",
}
#: what is said of the problems found; the others may stand beside any findings
OF_PROBLEMS: Final = frozenset({"ordered_to_correct", "pending"})
#: 口头责令、责令立即改正、责令限期改正
ORDERS: Final = frozenset({"oral_order", "immediate_correction", "term_correction"})
#: 临时查封、立案、移送: the matter goes on
GOES_ON: Final = frozenset({"temporary_seal", "case_filed", "transferred"})


def derive_result(
    *, outcome: str | None, hazard_actions: Sequence[str | None], failed_items: int
) -> str:
    """The result that follows from the record's outcome, the hazards' actions and the failed items.

    A problem about which nothing was ordered yet is 待后续处理.
    """
    actions = {outcome, *hazard_actions}
    if actions & GOES_ON:
        return "pending"
    if outcome in ORDERS:
        return "ordered_to_correct"
    if hazard_actions:
        return "ordered_to_correct" if set(hazard_actions) <= ORDERS else "pending"
    return "pending" if failed_items else "no_problem"


def contradicts(chosen: str, derived: str) -> bool:
    """Whether a chosen result denies problems that were found, or tells of some that were not."""
    if derived == "no_problem":
        return chosen in OF_PROBLEMS
    return chosen == "no_problem"

"""Weights (权重): how many balls an object or an officer has in the drum. Pure.

An object's weight is a whole number: the table's base, and the points of each factor that applies,
kept within 1 … 100. Each factor says in words why, so that a weight can be told to whoever asks.
Factors come from duty 履责, risk 风险 and credit 信用 (notice 2019-49, part 二(五), N29). What the
notice wants watched more closely weighs more (N27); low risk and good conduct weigh less, and never
nothing (N28). An officer's balls go by their post, and full-time supervisors have the most (N18).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

MIN_WEIGHT, MAX_WEIGHT = 1, 100
"""The bounds of an object's weight in a draw (draw format 1)."""
#: conditions that tell of trouble: they can only add
AGGRAVATING = frozenset({"complaints", "hazards"})
#: conditions that tell of good conduct: they can only take away
MITIGATING = frozenset({"clean"})

Content = Mapping[str, Any]


class Weight(NamedTuple):
    """A weight with the reasons that made it, the base first: `{code, label, points}` each."""

    value: int
    reasons: tuple[dict[str, Any], ...]


BASE_CODE = "base"


def weigh(content: Content, applying: Sequence[bool]) -> Weight:
    """The weight of an object to which these factors apply, one truth a factor in their order."""
    reasons = [{"code": BASE_CODE, "label": "基准", "points": content["base"]}]
    reasons += [
        {name: factor[name] for name in ("code", "label", "points")}
        for factor, applies in zip(content["factors"], applying, strict=True)
        if applies
    ]
    total = sum(reason["points"] for reason in reasons)
    return Weight(max(MIN_WEIGHT, min(MAX_WEIGHT, total)), tuple(reasons))


def faults_of(content: Content) -> list[dict[str, Any]]:
    """Every rule that a table breaks; empty when it breaks none."""
    return [*_faults_of_objects(content), *_faults_of_posts(content)]


def balls_of(content: Content, post: str) -> int:
    """How many balls an officer of a post has; a post that the table doesn't name has none."""
    return int(content["posts"].get(post, 0))


def _faults_of_objects(content: Content) -> list[dict[str, Any]]:
    faults: list[dict[str, Any]] = []
    if not MIN_WEIGHT <= content["base"] <= MAX_WEIGHT:
        faults.append({"field": "base", "fault": "out_of_bounds"})
    seen = {BASE_CODE}
    for factor in content["factors"]:
        if factor["code"] in seen:
            faults.append({"factor": factor["code"], "fault": "repeated"})
        seen.add(factor["code"])
        [condition] = factor["when"]
        if factor["points"] == 0:
            faults.append({"factor": factor["code"], "fault": "no_points"})
        elif condition in AGGRAVATING and factor["points"] < 0:
            faults.append({"factor": factor["code"], "fault": "trouble_weighs_less"})
        elif condition in MITIGATING and factor["points"] > 0:
            faults.append({"factor": factor["code"], "fault": "good_conduct_weighs_more"})
    return faults


def _faults_of_posts(content: Content) -> list[dict[str, Any]]:
    posts, full_time = content["posts"], content["full_time_post"]
    if not posts.get(full_time):
        return [{"post": full_time, "fault": "full_time_has_none"}]
    return [
        {"post": post, "fault": "not_below_full_time"}
        for post, balls in posts.items()
        if post != full_time and balls >= posts[full_time]
    ]

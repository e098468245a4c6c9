"""Who may be sent: one qualified lead and at least one assistant, all with valid certificates."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import Officer, Organisation
from server.services.registers.interests import recused_officers
from server.services.scope import Actor, in_scope


class Post(NamedTuple):
    """One officer in one role (`lead` 主办, `assistant` 协办) on a task."""

    officer_id: str
    role: str


def require_team(
    session: Session, *, actor: Actor, posts: Sequence[Post], object_id: str, day: date
) -> None:
    """Raise unless these officers may check this object together on that day.

    The code is that of the first failure; `details.problems` names them all. Whoever has declared
    an interest keeps away (回避, part 二(五)). At least two
    officers: 消防监督检查规定, and 主办 with 协办: notice 2019-49, part 二(三).
    """
    officers = {
        officer.id: officer
        for officer in session.scalars(
            select(Officer)
            .join(Organisation, Organisation.id == Officer.organisation_id)
            .where(Officer.id.in_([post.officer_id for post in posts]), in_scope(actor))
        )
    }
    problems = _problems_of_team(posts)
    for post in posts:
        problems += _problems_of_officer(post, officers.get(post.officer_id), day)
    for officer_id in sorted(
        recused_officers(session, object_id=object_id, officer_ids=[*officers])
    ):
        problems.append({"code": "officer_recused", "officer_id": officer_id})
    if problems:
        raise DomainError(problems[0]["code"], details={"problems": problems})


def _problems_of_team(posts: Sequence[Post]) -> list[dict[str, Any]]:
    roles = Counter(post.role for post in posts)
    problems: list[dict[str, Any]] = []
    if roles["lead"] != 1:
        problems.append({"code": "one_lead_needed", "leads": roles["lead"]})
    if not roles["assistant"]:
        problems.append({"code": "assistant_needed"})
    for officer_id, times in Counter(post.officer_id for post in posts).items():
        if times > 1:
            problems.append({"code": "officer_twice", "officer_id": officer_id})
    return problems


def _problems_of_officer(post: Post, officer: Officer | None, day: date) -> list[dict[str, Any]]:
    if officer is None:
        return [{"code": "officer_unknown", "officer_id": post.officer_id}]
    codes = []
    if not officer.active:
        codes.append("officer_inactive")
    if not officer.certificate_number or officer.certificate_expires_on is None:
        codes.append("certificate_missing")
    elif officer.certificate_expires_on < day:
        codes.append("certificate_expired")
    if post.role == "lead" and not officer.lead_qualified:
        codes.append("lead_not_qualified")
    return [{"code": code, "officer_id": officer.id} for code in codes]

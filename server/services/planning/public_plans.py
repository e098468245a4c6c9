"""What everyone may read of plans (计划公示, N24, N39): what was approved, with its revisions.

Of an approved plan that is sealed until a day to come only its counts, and the commitments of its
draws, are told. Names of objects and officers come with the draws. Every text is masked, and only
what `_shown` lists leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.errors import DomainError
from server.models import Draw, Organisation, Plan, PlanRevision
from server.services.drawing.finding import without_heavy
from server.services.drawing.public_draws import PUBLIC_STATES
from server.services.planning.plan_rules import changes_between
from server.services.publishing.masking import mask
from server.services.scope import below, in_earnest

#: what of a stratum stands under a seal, too
COUNTS = ("code", "label", "quotas", "reserve", "forced")


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is asked for; `after` is the mark that a page before gave."""

    organisation_id: str | None = None
    year: int | None = None
    kind: str | None = None
    after: str | None = None
    limit: int = 20


def search_plans(session: Session, *, search: Search, today: date) -> dict[str, Any]:
    """One page of approved plans, those of the latest period first. Raises `bad_request` for a
    wrong `after`."""
    query = _approved().order_by(Plan.from_day.desc(), Plan.id)
    if search.organisation_id:
        path = session.scalar(
            select(Organisation.path).where(Organisation.id == search.organisation_id)
        )
        query = query.where(below(path or " "))
    if search.year:
        query = query.where(Plan.year == search.year)
    if search.kind:
        query = query.where(Plan.kind == search.kind)
    if search.after:
        day, id_ = _mark(search.after)
        query = query.where((Plan.from_day < day) | ((Plan.from_day == day) & (Plan.id > id_)))
    rows = session.execute(query.limit(search.limit + 1)).all()
    page = rows[: search.limit]
    last = page[-1].Plan if len(rows) > search.limit else None
    return {
        "items": [_heading(*row, today=today) for row in page],
        "next": f"{last.from_day.isoformat()}.{last.id}" if last else None,
    }


def read_plan(session: Session, *, plan_id: str, today: date) -> dict[str, Any]:
    """One approved plan: what it says, how it came to say so, and its public draws. Raises
    `not_found`."""
    row = session.execute(_approved().where(Plan.id == plan_id)).one_or_none()
    if row is None:
        raise DomainError("not_found")
    plan, holding, _ = row
    sealed = _is_sealed(holding, today)
    said = _shown(holding.content)
    strata = [{name: each[name] for name in COUNTS} for each in said["strata"]]
    return {
        **_heading(*row, today=today),
        "strata": strata if sealed else said["strata"],
        "items": [] if sealed else said["items"],
        "objects_only": not said["roles"],
        "objects_only_reason": None if sealed else said["object_only_reason"],
        "pooled": said["pooled"],
        "revisions": [] if sealed else _revisions(session, plan),
        "draws": _draws(session, plan),
    }


def planning_bodies(session: Session) -> Sequence[Any]:
    """(id, name) of the bodies that have an approved plan, in the order of the divisions."""
    planning = select(Plan.organisation_id).where(Plan.approved_revision.is_not(None)).distinct()
    return session.execute(
        select(Organisation.id, Organisation.name)
        .where(Organisation.id.in_(planning), in_earnest())
        .order_by(Organisation.division_code, Organisation.id)
    ).all()


def _approved() -> Any:
    """Plan, the revision that holds, and the body, as far as the public may know of it."""
    return (
        select(Plan, PlanRevision, Organisation)
        .join(
            PlanRevision,
            (PlanRevision.plan_id == Plan.id) & (PlanRevision.revision == Plan.approved_revision),
        )
        .join(Organisation, Organisation.id == Plan.organisation_id)
        .where(in_earnest())
    )


def _mark(after: str) -> tuple[date, str]:
    day, _, id_ = after.partition(".")
    try:
        return date.fromisoformat(day), id_
    except ValueError:
        raise DomainError("bad_request", details={"field": "after"}) from None


def _is_sealed(revision: PlanRevision, today: date) -> bool:
    until: str | None = revision.content.get("sealed_until")
    return until is not None and today < date.fromisoformat(until)


def _heading(
    plan: Plan, holding: PlanRevision, body: Organisation, *, today: date
) -> dict[str, Any]:
    return {
        "id": plan.id,
        "kind": plan.kind,
        "code": plan.code,
        "name": mask(holding.content["name"]),
        "year": plan.year,
        "from_day": plan.from_day,
        "to_day": plan.to_day,
        "organisation": body,
        "revision": holding.revision,
        "published_at": holding.decided_at,
        "sealed": _is_sealed(holding, today),
        "sealed_until": holding.content.get("sealed_until"),
    }


def _shown(content: Mapping[str, Any]) -> dict[str, Any]:
    """What of a plan's content is public, masked: the one list of it."""
    reason = content.get("object_only_reason")
    return {
        "name": mask(content["name"]),
        "strata": [
            {
                **{name: each[name] for name in COUNTS},
                "label": mask(each["label"]),
                "kinds": list(each["kinds"]),
                "tags": [mask(tag) for tag in each["tags"]],
            }
            for each in content["strata"]
        ],
        "items": list(content["items"]),
        "roles": list(content["roles"]),
        "object_only_reason": mask(reason) if reason else None,
        "pooled": content.get("pooled", False),
        "sealed_until": content.get("sealed_until"),
    }


def _revisions(session: Session, plan: Plan) -> list[dict[str, Any]]:
    """What was approved one after the other, newest first; the first changed nothing."""
    query = select(PlanRevision).where(
        PlanRevision.plan_id == plan.id, PlanRevision.decision == "approved"
    )
    approved = session.scalars(query.order_by(PlanRevision.revision)).all()
    said = [_shown(each.content) for each in approved]
    told = [
        {
            "revision": each.revision,
            "published_at": each.decided_at,
            "reason": mask(each.reason),
            "changes": changes_between(before, after) if before else [],
        }
        for each, before, after in zip(approved, [None, *said], said, strict=False)
    ]
    return told[::-1]


def _draws(session: Session, plan: Plan) -> list[dict[str, Any]]:
    query = select(Draw).where(Draw.plan_id == plan.id, Draw.state.in_(PUBLIC_STATES))
    found = session.scalars(query.options(*without_heavy).order_by(Draw.from_day, Draw.slot))
    names = ("id", "slot", "state", "from_day", "to_day", "commitment")
    return [{name: getattr(each, name) for name in names} for each in found]

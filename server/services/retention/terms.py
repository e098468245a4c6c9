"""Terms of keeping (保管期限): set by organisations, the corps' base first; without one, for ever.

An organisation below may lengthen what stands above it, never shorten it (N8): the longest term on
the way up to the corps holds, and without one of the corps nothing is ever due.

A term is counted in whole calendar years after the year in which its matter came to rest, so that
it can only turn out longer than meant. Which term the law asks for is not decided here; what could
be found about it, and what could not, stands in `docs/evidence/completeness-and-keeping.md`.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.clock import CHINA, china_date
from server.errors import DomainError
from server.models import Organisation, RetentionTerm
from server.models.organisations import line_of
from server.services.audit.acts import record_act
from server.services.scope import Actor, in_scope, organisation_in_scope
from server.services.upsert import put_row

#: what is kept, and the shortest term in years that may be set for it: originals of inspections
#: that found hazards and of those that found none, files that are no photo, files whose photo was
#: never declared
SHORTEST_YEARS = {"with_findings": 10, "without_findings": 10, "quarantined": 1, "undeclared": 1}
KINDS = tuple(SHORTEST_YEARS)
LONGEST_YEARS = 100

#: years by (organisation, kind); None is for ever, and so is what is not there
Terms = dict[tuple[str, str], int | None]


def set_term(
    session: Session, *, actor: Actor, organisation_id: str, kind: str, years: int | None,
    reason: str, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """Set how long an organisation keeps what is of a kind; None is for ever (永久).

    Raises `not_found`, and `term_too_short` below the floor or below what stands above it.
    """
    organisation = organisation_in_scope(session, actor=actor, organisation_id=organisation_id)
    if kind not in KINDS:
        raise DomainError("not_found")
    base = _base(session, organisation, kind)
    if years is not None and not base <= years:
        shown = None if base == _FOR_EVER else int(base)
        raise DomainError("term_too_short", details={"base_years": shown})
    before = session.get(RetentionTerm, (organisation_id, kind))
    record_act(
        session, actor=actor, action="retention.term", target_type="organisation",
        target_id=organisation_id, before={"kind": kind, "years": before.years} if before else None,
        after={"kind": kind, "years": years, "reason": reason}, now=now,
    )  # fmt: skip
    row = {"organisation_id": organisation_id, "kind": kind, "years": years, "reason": reason}
    put_row(session, RetentionTerm, {**row, "set_by": actor.user_id, "set_at": now})
    return next(
        each for each in list_terms(session, actor=actor)
        if (each["organisation_id"], each["kind"]) == (organisation_id, kind)
    )  # fmt: skip


def list_terms(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Every kind of every organisation in one's part of the tree: what it set, and what holds."""
    organisations = session.scalars(
        select(Organisation).where(in_scope(actor)).order_by(Organisation.path)
    ).all()
    stands, own = standing_terms(session), _set_terms(session)
    return [
        {
            "organisation_id": each.id,
            "organisation": each.name,
            "kind": kind,
            "set": own.get((each.id, kind)),
            "years": stands.get((each.id, kind)),
        }
        for each in organisations
        for kind in KINDS
    ]


def standing_terms(session: Session) -> Terms:
    """The term that holds for each organisation and kind, where it is not for ever."""
    own = _set_terms(session)
    found: Terms = {}
    for organisation_id, path in session.execute(select(Organisation.id, Organisation.path)):
        for kind in KINDS:
            years = _longest(own, line_of(path), kind)
            if years != _FOR_EVER:
                found[organisation_id, kind] = int(years)
    return found


def cutoff(years: int, *, now: datetime) -> datetime:
    """What came to rest before this moment is due under a term: all of its years are over, counted
    from the end of the calendar year in China."""
    first = date(china_date(now).year - years, 1, 1)
    return datetime(first.year, first.month, first.day, tzinfo=CHINA)


_FOR_EVER = float("inf")


def _longest(own: dict[tuple[str, str], RetentionTerm], path: Iterable[str], kind: str) -> float:
    """The longest term on the way down to an organisation; for ever where the corps set none."""
    root, *below = path
    if (root, kind) not in own:
        return _FOR_EVER
    years = [own[each, kind].years for each in (root, *below) if (each, kind) in own]
    return max(_FOR_EVER if each is None else each for each in years)


def _base(session: Session, organisation: Organisation, kind: str) -> float:
    """The shortest term that an organisation may set: the floor, or what stands above it."""
    above = line_of(organisation.path)[:-1]
    if not above:
        return SHORTEST_YEARS[kind]
    return _longest(_set_terms(session), above, kind)


def _set_terms(session: Session) -> dict[tuple[str, str], RetentionTerm]:
    found = session.scalars(select(RetentionTerm).execution_options(populate_existing=True))
    return {(term.organisation_id, term.kind): term for term in found}

"""What the public may look up (公示查询): results, newest first, and one with its versions.

Nothing of a withdrawn version is shown or found except its number, its body, its days and reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from server.clock import CHINA, from_ms, to_ms
from server.errors import DomainError
from server.models import Organisation, Publication
from server.services.scope import below, in_earnest


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is asked for. `q` looks in the unit's name and the task's number; days are Chinese
    calendar days of publication, both included."""

    organisation_id: str | None = None
    from_day: date | None = None
    to_day: date | None = None
    q: str | None = None
    after: str | None = None
    limit: int = 20


def search_results(session: Session, *, search: Search) -> dict[str, Any]:
    """One page of the newest version of each notice. Raises `bad_request` for a wrong `after`."""
    query = _newest_versions()
    if search.organisation_id:
        query = query.where(_within(session, search.organisation_id))
    if search.from_day:
        query = query.where(Publication.published_at >= _begin(search.from_day))
    if search.to_day and search.to_day < date.max:
        query = query.where(Publication.published_at < _begin(search.to_day + timedelta(days=1)))
    if search.q:
        query = query.where(_mentions(search.q))
    if search.after:
        query = query.where(tuple_(Publication.published_at, Publication.id) < _mark(search.after))
    query = query.order_by(Publication.published_at.desc(), Publication.id.desc())
    found = session.scalars(query.limit(search.limit + 1)).all()
    page = found[: search.limit]
    more = len(found) > search.limit
    return {
        "items": [_summary(version) for version in page],
        "next": f"{to_ms(page[-1].published_at)}.{page[-1].id}" if more else None,
    }


def read_result(session: Session, *, notice_id: str, version: int | None = None) -> dict[str, Any]:
    """One notice: the newest version, or the one asked for. Raises `not_found`."""
    query = _published().where(Publication.notice_id == notice_id)
    versions = session.scalars(query.order_by(Publication.version)).all()
    wanted = version if version is not None else len(versions)
    shown = next((each for each in versions if each.version == wanted), None)
    if shown is None:
        raise DomainError("not_found")
    newest = versions[-1]
    return {
        **_heading(shown, newest),
        "supersedes": shown.version - 1 or None,
        "reason": _reason(shown),
        "withdrawn_at": shown.withdrawn_at,
        "withdrawal_reason": shown.withdrawal_reason,
        "record": shown.data if shown.withdrawn_at is None else None,
        "versions": [_version(each, newest) for each in versions],
    }


def publishing_organisations(session: Session) -> Sequence[Any]:
    """(id, name) of the bodies that have published something, in the order of the divisions."""
    published = select(Publication.organisation_id).distinct()
    return session.execute(
        select(Organisation.id, Organisation.name)
        .where(Organisation.id.in_(published), in_earnest())
        .order_by(Organisation.division_code, Organisation.id)
    ).all()


def _published() -> Select[Publication]:
    return (
        select(Publication)
        .join(Organisation, Organisation.id == Publication.organisation_id)
        .where(in_earnest())
    )


def _newest_versions() -> Select[Publication]:
    newer = aliased(Publication)
    return _published().where(
        ~select(newer.id)
        .where(newer.notice_id == Publication.notice_id, newer.version > Publication.version)
        .exists()
    )


def _within(session: Session, organisation_id: str) -> Any:
    """The body and everything below it; an unknown one has published nothing."""
    path = session.scalars(
        select(Organisation.path).where(Organisation.id == organisation_id)
    ).one_or_none()
    return below(path or " ")


def _mentions(q: str) -> Any:
    number, unit = Publication.data["number"], Publication.data[("unit", "name")]
    standing = Publication.withdrawn_at.is_(None)
    return or_(
        number.as_string().icontains(q, autoescape=True),
        standing & unit.as_string().icontains(q, autoescape=True),
    )


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def _mark(after: str) -> tuple[datetime, str]:
    milliseconds, _, id_ = after.partition(".")
    try:
        return from_ms(int(milliseconds)), id_
    except ValueError:
        raise DomainError("bad_request", details={"field": "after"}) from None


def _status(version: Publication, newest: Publication) -> str:
    if version.withdrawn_at is not None:
        return "withdrawn"
    return "current" if version is newest else "superseded"


def _version(version: Publication, newest: Publication) -> dict[str, Any]:
    return {
        "version": version.version,
        "status": _status(version, newest),
        "published_at": version.published_at,
        "reason": _reason(version),
        "withdrawn_at": version.withdrawn_at,
    }


def _reason(version: Publication) -> str | None:
    """Why it supersedes the one before; it may quote what a withdrawn version said."""
    return version.reason if version.withdrawn_at is None else None


def _heading(version: Publication, newest: Publication) -> dict[str, Any]:
    return {
        "notice_id": version.notice_id,
        "version": version.version,
        "status": _status(version, newest),
        "number": version.data["number"],
        "organisation": version.data["organisation"],
        "published_at": version.published_at,
    }


def _summary(version: Publication) -> dict[str, Any]:
    """A line of the list; of a withdrawn notice only what identifies it."""
    shown = version.data if version.withdrawn_at is None else {"unit": {}}
    return {
        **_heading(version, version),
        "unit_name": shown["unit"].get("name"),
        "object_kind": shown["unit"].get("kind"),
        "finished_on": shown.get("finished_on"),
        "result": shown.get("result"),
        "result_text": shown.get("result_text"),
    }
